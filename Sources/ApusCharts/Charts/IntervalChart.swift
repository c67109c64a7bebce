/// Rows of a dot on a line: estimates, and the intervals in which the true values lie.
///
/// ```swift
/// let chart = IntervalChart(
///     "What each remedy adds", axis: Axis("Test accuracy", unit: "points"), reference: 0,
///     rows: [
///         .init("more data", 5.1, in: 4.2...6.0), .init("dropout", 0.4, in: -0.3...1.1),
///     ])
/// ```
public struct IntervalChart: Chart {
    /// An estimate with its interval.
    public struct Row: Sendable, Hashable {
        /// What stands on the left.
        public var name: String
        /// The estimate; a row whose number has no place on the axis keeps its name.
        public var value: Double
        /// The lower end of the interval; -∞ if it has none, NaN if there is no interval.
        public var lower: Double
        /// The upper end of the interval; ∞ if it has none, NaN if there is no interval.
        public var upper: Double
        /// The place of its group, which gives it its color.
        public var group: Int

        /// An estimate and its interval; without one only the dot is drawn.
        public init(_ name: String, _ value: Double, in interval: ClosedRange<Double>? = nil, group: Int = 0) {
            self.name = name
            self.value = value
            lower = interval?.lowerBound ?? .nan
            upper = interval?.upperBound ?? .nan
            self.group = group
        }

        fileprivate var hasInterval: Bool { !lower.isNaN && !upper.isNaN }
    }

    /// What stands above the rows; nothing if it is empty.
    public var title: String
    /// What is estimated.
    public var axis: Axis
    /// A number to compare with, at which a dashed line stands: 0 for differences.
    public var reference: Double?
    /// The names of the groups in the legend, which charts with rows of several groups have.
    public var groups: [String]
    /// From the top.
    public var rows: [Row]

    /// Creates the chart; arguments set the properties of their names.
    public init(_ title: String, axis: Axis, reference: Double? = nil, groups: [String] = [], rows: [Row]) {
        self.title = title
        self.axis = axis
        self.reference = reference
        self.groups = groups
        self.rows = rows
    }

    public var preferredSize: ChartSize {
        ChartSize(width: 560, height: min(max(90 + 24 * Double(rows.count), 160), 2400))
    }

    /// A row for each estimate.
    public var tables: [ChartTable] {
        let isGrouped = !legend.isEmpty
        let header = [""] + (isGrouped ? [""] : []) + [axis.label, "\(axis.label) ↓", "\(axis.label) ↑"]
        let cells = rows.map { row in
            let group = groups.indices.contains(row.group) ? groups[row.group] : ""
            return [row.name] + (isGrouped ? [group] : []) + [row.value, row.lower, row.upper].map(ChartTable.cell)
        }
        return [ChartTable(title, header: header, rows: cells)]
    }

    private var legend: [Header.Entry] {
        let shown = Set(rows.map(\.group)).filter { groups.indices.contains($0) }.sorted()
        return shown.count > 1
            ? shown.map { Header.Entry(name: groups[$0], paint: .category($0), symbol: .dot) } : []
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let rest = Header(title: title, entries: legend).draw(on: &canvas, in: area)
        var extent = Extent()
        for row in rows where axis.shows(row.value) {
            extent.add(row.value, on: axis)
            if row.hasInterval { extent.add([row.lower, row.upper], on: axis) }
        }
        let hasData = !extent.isEmpty
        if let reference { extent.add(reference, on: axis) }
        let shown = rows.indices.filter { axis.shows(rows[$0].value) }
        let numbers = Dictionary(
            uniqueKeysWithValues: zip(shown, NumberFormat.aligned(shown.map { rows[$0].value })))
        let widest = numbers.values.map { TextWidth.measure($0, size: Frame.labelSize) }.max() ?? 0
        let count = Double(max(1, rows.count))
        let room = max(1, Int((rest.height - 45) / 13))
        let every = max(1, (rows.count + room - 1) / room)
        let names = rows.indices.filter { $0.isMultiple(of: every) }.map {
            Tick(
                value: -Double($0),
                label: TextWidth.fit(rows[$0].name, width: rest.width * 0.38, size: Frame.labelSize))
        }
        let frame = Frame(
            .init(axis: axis, scale: Scale(axis, fitting: extent, margins: (0.04, 0.04)).measuring),
            .init(
                axis: "", scale: Scale(.linear, from: 0.5 - count, to: 0.5, start: 0, end: 1), ticks: names,
                hasGrid: false),
            on: &canvas, in: rest.inset(right: min(widest + 2, rest.width * 0.25)))
        guard hasData else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        if let reference, axis.shows(reference), let place = frame.x.position(reference) {
            canvas.clipped(to: frame.plot) { canvas in
                let line = "M\(XML.number(place)) \(XML.number(frame.plot.y))V\(XML.number(frame.plot.bottom))"
                canvas.path(line, canvas.stroke(.mutedInk, dash: "3 3"))
            }
        }
        canvas.clipped(to: frame.plot.inset(by: -5)) { canvas in
            for index in shown { draw(rows[index], at: index, on: &canvas, frame) }
        }
        guard every == 1 else { return }
        canvas.group(canvas.fill(.ink)) { canvas in
            for index in shown {
                guard let y = frame.y.position(-Double(index)), let number = numbers[index] else { continue }
                canvas.text(number, at: Point(x: frame.plot.right + 8, y: y + 3.8))
            }
        }
    }

    private func draw(_ row: Row, at index: Int, on canvas: inout Canvas, _ frame: Frame) {
        guard let y = frame.y.position(-Double(index)), let x = frame.x.position(row.value) else { return }
        let height = min(4, frame.plot.height / Double(rows.count) / 3)
        let paint = Paint.category(row.group)
        var hint = "\(row.name)\n\(axis.describe(row.value))"
        if row.hasInterval {
            let ends = [row.lower, row.upper].map { NumberFormat.short($0, digits: 4) }
            hint += "\n[\(ends[0]), \(ends[1])]"
            // An end that has no place on the axis lies beyond its edge: the line reaches it, without a stop.
            let (left, right) = (frame.x.position(row.lower), frame.x.position(row.upper))
            let (start, end) = (left ?? frame.plot.x, right ?? (row.upper > 0 ? frame.plot.right : frame.plot.x))
            var line = "M\(XML.number(start)) \(XML.number(y))H\(XML.number(end))"
            for place in [left, right] {
                guard let place else { continue }
                line += "M\(XML.number(place)) \(XML.number(y - height))v\(XML.number(2 * height))"
            }
            canvas.path(line, canvas.stroke(paint, width: 2) + " fill=\"none\"", hint: hint)
        }
        canvas.circle(
            Point(x: x, y: y), radius: height + 0.5, canvas.fill(paint) + canvas.stroke(.background), hint: hint)
    }
}
