/// How often each value occurs: weights, activations, gradients; several distributions may lie over one another.
///
/// ```swift
/// let chart = Histogram(
///     "Weights", x: "Value",
///     series: [
///         .init("before", Distribution(values: [-0.1, 0, 0.1, 0.2])),
///         .init("after", Distribution(values: [-0.4, 0, 0.3, 0.9])),
///     ])
/// ```
public struct Histogram: Chart {
    /// One distribution in one color.
    public struct Series: Sendable, Hashable {
        /// The name in the legend, which charts of several distributions have.
        public var name: String
        /// The bins with their counts, as they are drawn.
        public var distribution: Distribution
        /// The color; that of the series' place in the chart unless given.
        public var paint: Paint?

        /// Creates a value; arguments set the properties of their names.
        public init(_ name: String, _ distribution: Distribution, paint: Paint? = nil) {
            self.name = name
            self.distribution = distribution
            self.paint = paint
        }
    }

    /// What stands above the bars; nothing if it is empty.
    public var title: String
    /// The quantity.
    public var x: Axis
    /// What the heights of the bars mean.
    public var y: Axis
    /// The distributions; of several, each has an outline and pale bars.
    public var series: [Series]

    /// Creates a value; arguments set the properties of their names.
    public init(_ title: String, x: Axis, y: Axis = "Count", series: [Series]) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
    }

    /// One distribution, of numbers that are counted here.
    public init(_ title: String, x: Axis, y: Axis = "Count", values: [Double], bins: Int? = nil) {
        self.init(title, x: x, y: y, series: [Series("", Distribution(values: values, bins: bins, range: x.range))])
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let entries = series.enumerated().map { Header.Entry(name: $1.name, paint: paint($0), symbol: .area) }
        let rest = Header(title: title, entries: entries.count > 1 ? entries : []).draw(on: &canvas, in: area)
        let bins = series.map { $0.distribution.bins.filter { x.shows($0.lower) && x.shows($0.upper) } }
        var (xs, ys) = (Extent(), Extent())
        for bin in bins.joined() {
            xs.add(bin.lower, on: x)
            xs.add(bin.upper, on: x)
            ys.add(bin.count, on: y)
        }
        let hasData = !ys.isEmpty
        // Bars stand on zero; where there is none, a little below the smallest.
        ys.add(y.scale == .linear ? 0 : ys.lower / 2, on: y)
        let frame = Frame(
            .init(axis: x, scale: Scale(x, fitting: xs, margins: (0.02, 0.02)), hasGrid: false),
            .init(axis: y, scale: Scale(y, fitting: ys, margins: (0, 0.05))), on: &canvas, in: rest)
        guard hasData else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        canvas.clipped(to: frame.plot) { canvas in
            for index in series.indices { drawBars(bins[index], paint(index), on: &canvas, frame) }
        }
    }

    private func paint(_ index: Int) -> Paint { series[index].paint ?? .category(index) }

    private func drawBars(_ bins: [Distribution.Bin], _ paint: Paint, on canvas: inout Canvas, _ frame: Frame) {
        var bars: [Bar] = []
        for bin in bins {
            guard let left = frame.x.position(bin.lower), let right = frame.x.position(bin.upper) else { continue }
            let top = frame.y.position(bin.count) ?? frame.plot.bottom
            // Bins narrower than half a pixel are drawn as one with their neighbors, as high as the highest.
            if let last = bars.last, last.right - last.left < 0.5, abs(last.right - left) < 0.01 {
                bars[bars.count - 1].right = right
                bars[bars.count - 1].top = min(last.top, top)
            } else {
                bars.append(Bar(left: left, right: right, top: top))
            }
        }
        let base = XML.number(frame.plot.bottom)
        let isSingle = series.count == 1
        var (fills, outline) = ("", "")
        var edge: Double?
        for bar in bars {
            let gap = isSingle && bar.right - bar.left > 4 ? 0.5 : 0
            let (left, right, top) = (XML.number(bar.left + gap), XML.number(bar.right - gap), XML.number(bar.top))
            if bar.top < frame.plot.bottom { fills += "M\(left) \(base)V\(top)H\(right)V\(base)z" }
            let isJoined = edge.map { abs($0 - bar.left) < 0.01 } ?? false
            if !isJoined {
                if edge != nil { outline += "V\(base)" }
                outline += "M\(left) \(base)"
            }
            outline += "V\(top)H\(right)"
            edge = bar.right
        }
        canvas.path(fills, canvas.fill(paint) + " fill-opacity=\"\(isSingle ? "0.85" : "0.3")\"")
        if !isSingle, edge != nil {
            let attributes = canvas.stroke(paint, width: 1.5) + " fill=\"none\" stroke-linejoin=\"round\""
            canvas.path(outline + "V\(base)", attributes)
        }
    }

    private struct Bar {
        var left: Double
        var right: Double
        var top: Double
    }
}
