/// Horizontal bars with names: time by layer, scores by class. Several series stand below one another or are stacked.
///
/// ```swift
/// let chart = BarChart(
///     "Time of a step", axis: Axis("Time", unit: "ms"), labels: ["0.conv2D", "1.dense"],
///     series: [.init("forward", [1.2, 0.3]), .init("backward", [2.5, 0.6])], isStacked: true)
/// ```
public struct BarChart: Chart {
    /// Bars of one colour, one a label.
    public struct Series: Sendable, Hashable {
        /// The name in the legend, which charts of several series have.
        public var name: String
        /// One number for each label; one that is not finite has no bar.
        public var values: [Double]
        /// The color; that of the series' place in the chart unless given.
        public var paint: Paint?

        /// Creates a value; arguments set the properties of their names.
        public init(_ name: String, _ values: [Double], paint: Paint? = nil) {
            self.name = name
            self.values = values
            self.paint = paint
        }
    }

    /// What stands above the bars; nothing if it is empty.
    public var title: String
    /// What the lengths of the bars mean.
    public var axis: Axis
    /// The names of the bars, from the top.
    public var labels: [String]
    /// In the order in which the bars of a label stand below, or follow, one another.
    public var series: [Series]
    /// Whether the series follow one another in one bar; only numbers that are not negative can be stacked.
    public var isStacked: Bool

    /// Creates the chart; arguments set the properties of their names.
    public init(_ title: String, axis: Axis, labels: [String], series: [Series], isStacked: Bool = false) {
        self.title = title
        self.axis = axis
        self.labels = labels
        self.series = series
        self.isStacked = isStacked
    }

    /// Bars of one series.
    public init(_ title: String, axis: Axis, labels: [String], values: [Double]) {
        self.init(title, axis: axis, labels: labels, series: [Series("", values)])
    }

    private var lanes: Int { isStacked ? 1 : max(1, series.count) }

    public var preferredSize: ChartSize {
        let rowHeight = lanes == 1 ? 22.0 : 8 + 13 * Double(lanes)
        return ChartSize(width: 560, height: min(max(100 + rowHeight * Double(labels.count), 160), 2400))
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let entries = series.enumerated().map { Header.Entry(name: $1.name, paint: paint($0), symbol: .area) }
        let rest = Header(title: title, entries: entries.count > 1 ? entries : []).draw(on: &canvas, in: area)
        var bars = labels.indices.flatMap(bars)
        let labeled = bars.indices.filter { bars[$0].isLabeled }
        let numbers = NumberFormat.aligned(labeled.map { bars[$0].end })
        for (index, text) in zip(labeled, numbers) { bars[index].label = text }
        var extent = Extent()
        for bar in bars {
            extent.add(bar.start, on: axis)
            extent.add(bar.end, on: axis)
        }
        let hasData = !bars.isEmpty
        extent.add(axis.scale == .linear ? 0 : extent.lower / 2, on: axis)
        // Room for the numbers behind the bars.
        let widest = bars.map { TextWidth.measure($0.label, size: 10.5) }.max() ?? 0
        let part = min(0.4, (widest + 8) / max(1, rest.width * 0.6))
        let hasNegative = extent.lower < 0 && axis.scale == .linear
        let scale = Scale(axis, fitting: extent, margins: (hasNegative ? part : 0, extent.upper > 0 ? part : 0))
        let count = Double(max(1, labels.count))
        let room = max(1, Int((rest.height - 45) / 13))
        let every = max(1, (labels.count + room - 1) / room)
        let names = labels.indices.filter { $0.isMultiple(of: every) }.map {
            let name = TextWidth.fit(labels[$0], width: rest.width * 0.38, size: Frame.labelSize)
            return Tick(value: -Double($0), label: name)
        }
        let frame = Frame(
            .init(axis: axis, scale: scale.measuring),
            .init(
                axis: "", scale: Scale(.linear, from: 0.5 - count, to: 0.5, start: 0, end: 1), ticks: names,
                hasGrid: false),
            on: &canvas, in: rest)
        guard hasData else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        let rowHeight = frame.plot.height / count
        // Where one number has no room behind its bar, all stand in their bars.
        let isInside = bars.contains { bar in
            let end = frame.x.position(bar.end) ?? frame.plot.x
            let reach = end + 5 + TextWidth.measure(bar.label, size: 10.5)
            return bar.isLabeled && bar.end >= 0 && reach > frame.plot.right + 8
        }
        let laneHeight = rowHeight * (rowHeight > 6 ? 0.74 : 1) / Double(lanes)
        for bar in bars {
            guard let middle = frame.y.position(-Double(bar.row)) else { continue }
            let y = middle + (Double(bar.lane) - Double(lanes) / 2) * laneHeight
            let height = min(laneHeight, 22)
            let lane = Rectangle(x: frame.plot.x, y: y + (laneHeight - height) / 2, width: 0, height: height)
            draw(bar, in: lane, inside: isInside, on: &canvas, frame)
        }
        drawZero(on: &canvas, frame)
    }

    private struct Bar {
        var row: Int
        var lane: Int
        var series: Int
        var start: Double
        var end: Double
        var isLabeled = false
        var label = ""
    }

    private func paint(_ index: Int) -> Paint { series[index].paint ?? .category(index) }

    private func bars(_ row: Int) -> [Bar] {
        let values = series.map { row < $0.values.count && axis.shows($0.values[row]) ? $0.values[row] : nil }
        var bars: [Bar] = []
        var sum = 0.0
        for (index, value) in values.enumerated() {
            guard let value else { continue }
            if isStacked {
                guard value >= 0, value < 1e300 else { continue }
                bars.append(Bar(row: row, lane: 0, series: index, start: sum, end: sum + value))
                sum += value
            } else {
                bars.append(Bar(row: row, lane: index, series: index, start: 0, end: value))
            }
        }
        // One number for a stack: its sum, behind the last bar.
        for index in bars.indices where !isStacked || index == bars.count - 1 { bars[index].isLabeled = true }
        return bars
    }

    private func draw(_ bar: Bar, in lane: Rectangle, inside: Bool, on canvas: inout Canvas, _ frame: Frame) {
        let height = lane.height
        func place(_ value: Double) -> Double {
            min(max(frame.x.position(value) ?? frame.plot.x, frame.plot.x), frame.plot.right)
        }
        let (start, end) = (place(bar.start), place(bar.end))
        let gap = height > 6 ? 0.5 : 0
        let box = Rectangle(
            x: min(start, end), y: lane.y + gap, width: max(abs(end - start) - (isStacked ? gap : 0), 0.5),
            height: height - 2 * gap)
        let name = [labels[bar.row], series[bar.series].name].filter { !$0.isEmpty }.joined(separator: ", ")
        let value = NumberFormat.short(bar.end - bar.start, digits: 4) + (axis.unit.map { " " + $0 } ?? "")
        let radius = height > 6 && !isStacked ? 2.0 : 0
        canvas.rectangle(box, canvas.fill(paint(bar.series)), radius: radius, hint: "\(name): \(value)")
        guard height >= 9 else { return }
        let isLeft = bar.end < bar.start
        let baseline = lane.middle.y + 3.6
        let width = TextWidth.measure(bar.label, size: 10.5)
        if inside, !isLeft, end - 8 - width > start {
            let attributes = canvas.fill(paint(bar.series).inkAbove()) + " font-size=\"10.5\" text-anchor=\"end\""
            return canvas.text(bar.label, at: Point(x: end - 5, y: baseline), attributes)
        }
        let attributes = canvas.fill(.ink) + " font-size=\"10.5\"" + (isLeft ? " text-anchor=\"end\"" : "")
        canvas.text(bar.label, at: Point(x: isLeft ? end - 4 : end + 5, y: baseline), attributes)
    }

    private func drawZero(on canvas: inout Canvas, _ frame: Frame) {
        guard axis.scale == .linear, let zero = frame.x.position(0), zero >= frame.plot.x, zero <= frame.plot.right
        else { return }
        let line = "M\(XML.number(zero)) \(XML.number(frame.plot.y))V\(XML.number(frame.plot.bottom))"
        canvas.path(line, canvas.stroke(.axis))
    }
}
