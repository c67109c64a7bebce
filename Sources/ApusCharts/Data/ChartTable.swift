/// The numbers of a chart as a table, for readers who want or need them as text.
///
/// ```swift
/// let chart = LineChart("Loss", x: "Epoch", y: "Loss", series: [.init("training", y: [0.9, 0.5])])
/// for table in chart.tables { print(table.header, table.rows) }
/// ```
public struct ChartTable: Sendable, Hashable {
    /// What the table is about; empty where the chart is.
    public var title: String
    /// The names of the columns.
    public var header: [String]
    /// The cells, row by row.
    public var rows: [[String]]

    /// Creates a value; arguments set the properties of their names.
    public init(_ title: String, header: [String], rows: [[String]]) {
        self.title = title
        self.header = header
        self.rows = rows
    }

    /// Long tables show this many rows, equally far apart.
    static let mostRows = 60

    /// The places of the rows that a table shows of many.
    static func places(of count: Int) -> [Int] {
        guard count > mostRows else { return Array(0..<count) }
        return (0..<mostRows).map { $0 * (count - 1) / (mostRows - 1) }
    }

    static func cell(_ value: Double) -> String { value.isNaN ? "–" : NumberFormat.short(value, digits: 4) }
}

extension LineChart {
    /// A column for each curve and its band; one table for curves with the same places, else a table each.
    public var tables: [ChartTable] {
        guard let first = series.first else { return [] }
        guard series.allSatisfy({ $0.x == first.x }) else {
            return series.map { LineChart("\(title): \($0.name)", x: x, y: y, series: [$0]) }.flatMap(\.tables)
        }
        func columns(_ series: Series) -> [(String, [Double])] {
            let name = series.name.isEmpty ? y.label : series.name
            return [(name, series.y)]
                + [("\(name) ↓", series.lower), ("\(name) ↑", series.upper)].filter { !$0.1.isEmpty }
        }
        let columns = series.flatMap(columns)
        let rows = ChartTable.places(of: first.x.count).map { row in
            [ChartTable.cell(first.x[row])]
                + columns.map { row < $0.1.count ? ChartTable.cell($0.1[row]) : "–" }
        }
        return [ChartTable(title, header: [x.label] + columns.map(\.0), rows: rows)]
    }
}

extension BarChart {
    /// A row for each bar.
    public var tables: [ChartTable] {
        let header = [""] + series.map { $0.name.isEmpty ? axis.label : $0.name }
        let rows = labels.enumerated().map { row, label in
            [label] + series.map { row < $0.values.count ? ChartTable.cell($0.values[row]) : "–" }
        }
        return [ChartTable(title, header: header, rows: rows)]
    }
}

extension HeatMap {
    /// The matrix.
    public var tables: [ChartTable] {
        let columns = values.map(\.count).max() ?? 0
        guard columns <= ChartTable.mostRows else { return [] }
        func name(_ labels: [String], _ place: Int) -> String {
            place < labels.count ? labels[place] : "\(place)"
        }
        let header = [[rowTitle, columnTitle].filter { !$0.isEmpty }.joined(separator: " \\ ")]
        let rows = ChartTable.places(of: values.count).map { row in
            [name(rowLabels, row)] + values[row].map(ChartTable.cell)
        }
        return [ChartTable(title, header: header + (0..<columns).map { name(columnLabels, $0) }, rows: rows)]
    }
}

extension Histogram {
    /// A row for each bin.
    public var tables: [ChartTable] {
        series.map { series in
            let bins = series.distribution.bins
            let rows = ChartTable.places(of: bins.count).map { place in
                [
                    "\(ChartTable.cell(bins[place].lower)) … \(ChartTable.cell(bins[place].upper))",
                    ChartTable.cell(bins[place].count),
                ]
            }
            return ChartTable(
                [title, series.name].filter { !$0.isEmpty }.joined(separator: ": "), header: [x.label, y.label],
                rows: rows)
        }
    }
}

extension ScatterChart {
    /// A row for each point, group by group.
    public var tables: [ChartTable] {
        groups.map { group in
            let count = min(group.x.count, group.y.count)
            return ChartTable(
                [title, group.name].filter { !$0.isEmpty }.joined(separator: ": "), header: [x.label, y.label],
                rows: ChartTable.places(of: count).map {
                    [ChartTable.cell(group.x[$0]), ChartTable.cell(group.y[$0])]
                })
        }
    }
}

extension Figure {
    /// The tables of all charts.
    public var tables: [ChartTable] { charts.flatMap(\.tables) }
}
