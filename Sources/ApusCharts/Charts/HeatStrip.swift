/// A distribution over time, seen from above: steps to the right, values upwards, the fraction of values as color.
///
/// The share is that of one of 64 rows of equal height; colors grow with its square root, so that the tails are seen.
///
/// ```swift
/// let steps = (0..<20).map { step in
///     DistributionAtStep(
///         step: Double(step), Distribution(values: (0..<100).map { Double($0 * step) / 100 }))
/// }
/// let chart = HeatStrip("0.dense/kernel", y: "Weight", steps: steps)
/// ```
public struct HeatStrip: Chart {
    /// What stands above the strip; nothing if it is empty.
    public var title: String
    /// What steps are counted in.
    public var x: Axis
    /// The quantity.
    public var y: Axis
    /// In any order: they are drawn by their step, each halfway to its neighbors.
    public var steps: [DistributionAtStep]

    /// Creates a value; arguments set the properties of their names.
    public init(_ title: String, x: Axis = "Step", y: Axis, steps: [DistributionAtStep]) {
        self.title = title
        self.x = x
        self.y = y
        self.steps = steps
    }

    private static let rows = 64

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let rest = Header(title: title).draw(on: &canvas, in: area)
        let columns = steps.filter { x.shows($0.step) }.sorted { $0.step < $1.step }
            .map { (step: $0.step, bins: $0.distribution.bins.filter { y.shows($0.lower) && y.shows($0.upper) }) }
        let borders = HeatStrip.borders(columns.map(\.step), x)
        var (xs, ys) = (Extent(), Extent())
        xs.add(columns.map(\.step), on: x)
        let isWhole = xs.isWhole
        xs.add(borders, on: x)
        for bin in columns.map(\.bins).joined() {
            ys.add(bin.lower, on: y)
            ys.add(bin.upper, on: y)
        }
        var horizontal = Scale(x, fitting: xs)
        horizontal = isWhole ? horizontal.counting : horizontal
        let barWidth = 62.0
        let frame = Frame(
            .init(axis: x, scale: horizontal, hasGrid: false),
            .init(axis: y, scale: Scale(y, fitting: ys), hasGrid: false),
            on: &canvas, in: rest.inset(right: ys.isEmpty ? 0 : barWidth))
        guard !xs.isEmpty, !ys.isEmpty else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        let places = borders.map { frame.x.position($0) ?? frame.plot.x }
        // Steps of equal length need one pixel each; others are drawn on a fine raster.
        let widths = zip(places, places.dropFirst()).map { $1 - $0 }
        let isEven = (widths.max() ?? 0) - (widths.min() ?? 0) < 0.01 && places[0] <= frame.plot.x + 0.01
        let pixels = min(max(1, Int(frame.plot.width)), 240)
        let width = isEven ? min(columns.count, pixels) : pixels
        let shares = columns.map { self.shares($0.bins, frame) }
        let largest = shares.joined().max() ?? 0
        var indices = [UInt8](repeating: 0, count: HeatStrip.rows * width)
        var column = 0
        for pixel in 0..<width {
            let place = frame.plot.x + (Double(pixel) + 0.5) / Double(width) * frame.plot.width
            while column + 1 < columns.count, place >= places[column + 1] { column += 1 }
            for row in 0..<HeatStrip.rows where largest > 0 && shares[column][row] > 0 {
                let level = ColorMap.level((shares[column][row] / largest).squareRoot())
                indices[row * width + pixel] = UInt8(max(1, level))
            }
        }
        let palette = ColorMap.sequential.palette
        func raster(_ colors: [Color]) -> PNG? {
            PNG(height: HeatStrip.rows, width: width, indices: indices, palette: colors)
        }
        if let light = raster(palette.map(\.light)), let dark = raster(palette.map(\.dark)) {
            canvas.image(light: light, dark: dark, over: frame.plot)
        }
        let ticks = [0, 0.5, 1].map { ColorBar.Tick(place: $0, label: NumberFormat.percent($0 * $0 * largest)) }
        ColorBar(map: .sequential, ticks: ticks).draw(on: &canvas, beside: frame.plot)
    }

    /// The fraction of the values of one step in each row, from the top row down.
    private func shares(_ bins: [Distribution.Bin], _ frame: Frame) -> [Double] {
        var result = [Double](repeating: 0, count: HeatStrip.rows)
        let largest = bins.map(\.count).max() ?? 0
        guard largest > 0 else { return result }
        let total = bins.reduce(0) { $0 + $1.count / largest }
        let unit = Double(HeatStrip.rows) / frame.plot.height
        for bin in bins where bin.count > 0 {
            guard let low = frame.y.position(bin.lower), let high = frame.y.position(bin.upper) else { continue }
            let top = min(max((high - frame.plot.y) * unit, 0), Double(HeatStrip.rows))
            let bottom = min(max((low - frame.plot.y) * unit, 0), Double(HeatStrip.rows))
            guard bottom > top else { continue }
            // Density, not mass: a bin must not grow paler because it covers few rows.
            let share = bin.count / largest / total
            for row in Int(top)..<min(HeatStrip.rows, Int(bottom.rounded(.up))) {
                let covered = min(bottom, Double(row + 1)) - max(top, Double(row))
                result[row] += share * covered / (bottom - top)
            }
        }
        return result
    }

    /// A step reaches halfway to its neighbors.
    private static func borders(_ steps: [Double], _ axis: Axis) -> [Double] {
        guard let first = steps.first, let last = steps.last else { return [] }
        let middles = zip(steps, steps.dropFirst()).map { a, b in
            axis.scale == .linear ? a / 2 + b / 2 : (a.squareRoot() * b.squareRoot())
        }
        guard let low = middles.first, let high = middles.last else {
            return axis.scale == .linear ? [first - 0.5, first + 0.5] : [first / 1.5, first * 1.5]
        }
        guard axis.scale == .linear else { return [first] + middles + [last] }
        return [first - (low - first)] + middles + [last + (last - high)]
    }
}
