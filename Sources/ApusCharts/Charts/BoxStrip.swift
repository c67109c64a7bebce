/// Boxes in a row, each as high and as wide as the roots of two of its numbers: the layers of a network by the side of their
/// pictures and by their channels.
///
/// ```swift
/// let chart = BoxStrip(
///     "LeNet-5", height: "side", width: "channels", groups: ["input", "convolution", "dense"],
///     boxes: [
///         .init("input", group: 0, height: 28, width: 1), .init("C1", group: 1, height: 28, width: 6),
///         .init("F6", group: 2, height: 1, width: 84),
///     ])
/// ```
public struct BoxStrip: Chart {
    /// One box.
    public struct Box: Sendable, Hashable {
        /// What it is called where the pointer rests on it, and in the table.
        public var name: String
        /// The place of its group, which gives it its color.
        public var group: Int
        /// The number whose root is its height; a box without a positive number is not drawn.
        public var height: Double
        /// The number whose root is its width.
        public var width: Double

        /// Creates a value; arguments set the properties of their names.
        public init(_ name: String, group: Int = 0, height: Double, width: Double) {
            self.name = name
            self.group = group
            self.height = height
            self.width = width
        }

        fileprivate var isDrawn: Bool { [height, width].allSatisfy { $0 > 0 && $0 < 1e300 } }
    }

    /// What stands above the boxes; nothing if it is empty.
    public var title: String
    /// What the heights are.
    public var height: String
    /// What the widths are.
    public var width: String
    /// The names of the groups in the legend, which charts of several groups have.
    public var groups: [String]
    /// The boxes, from the left.
    public var boxes: [Box]

    /// Creates the chart; arguments set the properties of their names.
    public init(_ title: String, height: String, width: String, groups: [String] = [], boxes: [Box]) {
        self.title = title
        self.height = height
        self.width = width
        self.groups = groups
        self.boxes = boxes
    }

    public var preferredSize: ChartSize { ChartSize(width: 720, height: 260) }

    /// A row for each box.
    public var tables: [ChartTable] {
        let rows = boxes.map { [$0.name, ChartTable.cell($0.height), ChartTable.cell($0.width)] }
        return [ChartTable(title, header: ["", height, width], rows: rows)]
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let shown = Set(boxes.map(\.group))
        let entries = groups.enumerated().filter { shown.contains($0.offset) }.map {
            Header.Entry(name: $0.element, paint: .category($0.offset), symbol: .area)
        }
        let rest = Header(title: title, entries: entries.count > 1 ? entries : []).draw(on: &canvas, in: area)
        let drawn = boxes.filter(\.isDrawn)
        let titles = max(TextWidth.measure(height, size: 10.5), TextWidth.measure(width, size: 10.5)) + 10
        let plot = rest.inset(left: min(titles, rest.width * 0.3), bottom: min(34, rest.height / 2))
        guard !drawn.isEmpty else { return Frame.drawNoData(on: &canvas, in: plot) }
        let gap = min(3, plot.width / Double(drawn.count) * 0.15)
        let (highest, sum) = (
            drawn.map { $0.height.squareRoot() }.max() ?? 1, drawn.reduce(0) { $0 + $1.width.squareRoot() }
        )
        let unit = (plot.width - gap * Double(drawn.count - 1)) / sum
        var x = plot.x
        let places = drawn.map { box in
            let size = (box.width.squareRoot() * unit, max(1.5, box.height.squareRoot() / highest * plot.height))
            defer { x += size.0 + gap }
            return Rectangle(x: x, y: plot.middle.y - size.1 / 2, width: max(size.0, 0.75), height: size.1)
        }
        for (box, place) in zip(drawn, places) {
            let numbers =
                "\(height): \(NumberFormat.short(box.height, digits: 5))\n\(width): \(NumberFormat.short(box.width, digits: 5))"
            canvas.rectangle(
                place, canvas.fill(.category(box.group)), radius: place.width > 6 && place.height > 6 ? 2 : 0,
                hint: "\(box.name)\n\(numbers)")
        }
        drawNumbers(height, drawn.map(\.height), under: places, at: plot.bottom + 16, on: &canvas, from: rest.x)
        drawNumbers(width, drawn.map(\.width), under: places, at: plot.bottom + 31, on: &canvas, from: rest.x)
    }

    /// A row of numbers: each where it differs from the one before, unless it would touch its neighbour.
    private func drawNumbers(
        _ title: String, _ numbers: [Double], under places: [Rectangle], at baseline: Double, on canvas: inout Canvas,
        from left: Double
    ) {
        canvas.group(canvas.fill(.mutedInk) + " font-size=\"10.5\"") { canvas in
            let room = (places.first?.x ?? left) - left - 6
            let name = TextWidth.fit(title, width: room, size: 10.5)
            canvas.text(name, at: Point(x: left, y: baseline))
            var (end, last) = (-Double.infinity, Double.nan)
            for (number, place) in zip(numbers, places) where number != last {
                let text = NumberFormat.short(number, digits: 5)
                let width = TextWidth.measure(text, size: 10.5)
                let start = max(place.x, place.middle.x - width / 2)
                guard start > end + 5 else { continue }
                canvas.text(text, at: Point(x: start, y: baseline))
                (end, last) = (start + width, number)
            }
        }
    }
}
