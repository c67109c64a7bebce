/// Small images with captions: samples of a data set, misclassified examples, kernels of a first layer.
///
/// The pixels stay sharp however large they are drawn.
///
/// ```swift
/// let images = (0..<6).map { index in
///     ImageGrid.Image(height: 2, width: 2, values: [0, 0.3, 0.6, 1], caption: "sample \(index)")
/// }
/// let grid = ImageGrid("Worst samples", images: images, columns: 3)
/// ```
public struct ImageGrid: Chart {
    /// One image with its caption.
    public struct Image: Sendable, Hashable {
        /// In pixels.
        public var height: Int
        /// In pixels.
        public var width: Int
        /// 1 for gray, 3 for RGB (2 and 4: the same with opacity).
        public var channels: Int
        /// `[height, width, channels]`, row by row; an image of another length is drawn as an empty frame.
        public var pixels: [UInt8]
        /// Up to three lines; a line break starts a new one.
        public var caption: String
        /// The color of a frame around the image.
        public var frame: Paint?

        /// Creates a value; arguments set the properties of their names.
        public init(
            height: Int, width: Int, channels: Int = 1, pixels: [UInt8], caption: String = "", frame: Paint? = nil
        ) {
            self.height = height
            self.width = width
            self.channels = channels
            self.pixels = pixels
            self.caption = caption
            self.frame = frame
        }

        /// An image from numbers, of which those at the ends of the range become black and white.
        public init(
            height: Int, width: Int, channels: Int = 1, values: [Float], range: ClosedRange<Float> = 0...1,
            caption: String = "", frame: Paint? = nil
        ) {
            let span = max(range.upperBound - range.lowerBound, .leastNormalMagnitude)
            let pixels = values.map { value in
                let part = (value - range.lowerBound) / span
                return part.isNaN ? 0 : UInt8((min(max(part, 0), 1) * 255).rounded())
            }
            self.init(
                height: height, width: width, channels: channels, pixels: pixels, caption: caption, frame: frame)
        }
    }

    /// What stands above the images; nothing if it is empty.
    public var title: String
    /// Row by row, each from the left.
    public var images: [Image]
    /// How many images stand in a row; eight unless given.
    public var columns: Int?

    /// Creates a value; arguments set the properties of their names.
    public init(_ title: String, images: [Image], columns: Int? = nil) {
        self.title = title
        self.images = images
        self.columns = columns
    }

    private static let side = 112.0
    private static let captionSize = 10.0
    private static let lineHeight = 12.5
    private static let gap = 12.0

    private var columnCount: Int { min(max(1, columns ?? 8), max(1, images.count)) }
    private var rowCount: Int { (images.count + columnCount - 1) / columnCount }
    private var captionLines: Int {
        let longest = images.map { image in
            image.caption.isEmpty
                ? 0 : TextWidth.wrap(image.caption, width: ImageGrid.side, size: ImageGrid.captionSize, lines: 3).count
        }
        return longest.max() ?? 0
    }

    public var preferredSize: ChartSize {
        let cell = ImageGrid.side + ImageGrid.lineHeight * Double(captionLines) + ImageGrid.gap
        return ChartSize(
            width: max(200, 28 + Double(columnCount) * (ImageGrid.side + ImageGrid.gap) - ImageGrid.gap),
            height: 52 + Double(max(rowCount, 1)) * cell)
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let rest = Header(title: title).draw(on: &canvas, in: area)
        guard !images.isEmpty else { return Frame.drawNoData(on: &canvas, in: rest) }
        let width = (rest.width + ImageGrid.gap) / Double(columnCount) - ImageGrid.gap
        let height = (rest.height + ImageGrid.gap) / Double(rowCount) - ImageGrid.gap
        let captionHeight = Double(captionLines) * ImageGrid.lineHeight
        let side = max(1, min(width, height - captionHeight - 2))
        for (index, image) in images.enumerated() {
            let (row, column) = index.quotientAndRemainder(dividingBy: columnCount)
            let x = rest.x + Double(column) * (width + ImageGrid.gap)
            let y = rest.y + Double(row) * (height + ImageGrid.gap)
            draw(image, on: &canvas, in: Rectangle(x: x, y: y, width: side, height: side))
            let lines = TextWidth.wrap(image.caption, width: width, size: ImageGrid.captionSize, lines: 3)
            canvas.group(canvas.fill(.mutedInk) + " font-size=\"10\"") { canvas in
                for (line, text) in lines.enumerated() {
                    let baseline = y + side + 12 + Double(line) * ImageGrid.lineHeight
                    canvas.text(text, at: Point(x: x, y: baseline))
                }
            }
        }
    }

    private func draw(_ image: Image, on canvas: inout Canvas, in square: Rectangle) {
        guard
            let png = PNG(
                height: image.height, width: image.width, channels: image.channels, samples: image.pixels)
        else {
            canvas.rectangle(square, canvas.fill(.void) + canvas.stroke(.axis, dash: "3 3"), radius: 2)
            return
        }
        // The longer side fills the square.
        let unit = square.width / Double(max(image.width, image.height))
        let (width, height) = (Double(image.width) * unit, Double(image.height) * unit)
        let area = Rectangle(
            x: square.x + (square.width - width) / 2, y: square.y + (square.height - height) / 2, width: width,
            height: height)
        let hint = image.caption.isEmpty ? nil : image.caption
        canvas.image(png, over: area, hint: hint)
        let line = canvas.stroke(image.frame ?? .gridLine, width: image.frame == nil ? 1 : 2)
        canvas.rectangle(area, " fill=\"none\"" + line)
    }
}
