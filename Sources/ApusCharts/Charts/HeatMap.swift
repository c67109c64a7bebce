/// A matrix as colors: correlations, attention, kernels, a grid of hyperparameters.
///
/// ```swift
/// let chart = HeatMap(
///     "Correlation", values: [[1, 0.2], [0.2, 1]], rowLabels: ["a", "b"], columnLabels: ["a", "b"],
///     colorMap: .diverging, range: -1...1)
/// ```
public struct HeatMap: Chart {
    /// What stands above the cells; nothing if it is empty.
    public var title: String
    /// Row by row, the first on top; a number that is not finite leaves its cell empty.
    public var values: [[Double]]
    /// The labels of the rows, from the top.
    public var rowLabels: [String]
    /// The labels of the columns, from the left.
    public var columnLabels: [String]
    /// What the rows are; it stands beside them.
    public var rowTitle: String
    /// What the columns are; it stands below them.
    public var columnTitle: String
    /// Which colors the numbers become.
    public var colorMap: ColorMap
    /// The numbers at the ends of the color map; those of the data unless given, symmetric about 0 for `.diverging`.
    public var range: ClosedRange<Double>?
    /// Whether the numbers stand in the cells; where cells are small they are left out anyway.
    public var showsValues: Bool

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ title: String, values: [[Double]], rowLabels: [String] = [], columnLabels: [String] = [],
        rowTitle: String = "", columnTitle: String = "", colorMap: ColorMap = .sequential,
        range: ClosedRange<Double>? = nil, showsValues: Bool = true
    ) {
        self.title = title
        self.values = values
        self.rowLabels = rowLabels
        self.columnLabels = columnLabels
        self.rowTitle = rowTitle
        self.columnTitle = columnTitle
        self.colorMap = colorMap
        self.range = range
        self.showsValues = showsValues
    }

    public var preferredSize: ChartSize {
        let columns = values.map(\.count).max() ?? 0
        return ChartSize(
            width: min(max(170 + 44 * Double(columns), 360), 760),
            height: min(max(120 + 34 * Double(values.count), 240), 760))
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let rest = Header(title: title).draw(on: &canvas, in: area)
        let (low, high) = limits
        let places = values.map { row in
            row.map { $0.isFinite ? ($0 / 2 - low / 2) / (high / 2 - low / 2) : nil }
        }
        let count = values.reduce(0) { $0 + $1.count }
        let texts = showsValues && count <= 625 ? self.texts : []
        let grid = CellGrid(
            rowLabels: rowLabels, columnLabels: columnLabels, rowTitle: rowTitle, columnTitle: columnTitle,
            places: .init(places), map: colorMap,
            text: { texts.isEmpty ? [] : [texts[$0][$1]] },
            hint: { row, column in
                let names =
                    [rowLabels.indices.contains(row) ? rowLabels[row] : "row \(row)"]
                    + [columnLabels.indices.contains(column) ? columnLabels[column] : "column \(column)"]
                return names.joined(separator: ", ") + ": " + NumberFormat.short(values[row][column], digits: 4)
            })
        let keys = [0, 0.5, 1]
        let ticks = zip(keys, NumberFormat.aligned(keys.map { low * (1 - $0) + high * $0 })).map {
            ColorBar.Tick(place: $0, label: $1)
        }
        let barWidth = 28 + (ticks.map { TextWidth.measure($0.label, size: 10) }.max() ?? 0)
        let cells = grid.draw(on: &canvas, in: rest, colorBarWidth: barWidth)
        guard count > 0 else { return }
        ColorBar(map: colorMap, ticks: ticks).draw(on: &canvas, beside: cells)
    }

    /// The numbers of all cells with the same decimals.
    private var texts: [[String]] {
        let finite = values.joined().filter(\.isFinite)
        let largest = finite.map(abs).max() ?? 0
        // Small numbers beside large ones are as good as zero here: color tells no more either.
        let rounded = values.map { $0.map { abs($0) < largest * 0.01 ? 0 : $0 } }
        var all = NumberFormat.aligned(Array(rounded.joined()))[...]
        return values.map { row in
            defer { all = all.dropFirst(row.count) }
            return Array(all.prefix(row.count))
        }
    }

    private var limits: (Double, Double) {
        if let range, range.lowerBound < range.upperBound, range.lowerBound.isFinite, range.upperBound.isFinite {
            return (range.lowerBound, range.upperBound)
        }
        let finite = values.joined().filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return (0, 1) }
        if colorMap == .diverging {
            let size = max(abs(low), abs(high), 1e-300)
            return (-size, size)
        }
        // Equal numbers: all are at the lower end.
        return low < high ? (low, high) : (low, low + max(abs(low), 1e-300))
    }
}
