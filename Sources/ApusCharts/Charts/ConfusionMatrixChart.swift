/// Which classes are taken for which: true classes are rows, predicted classes columns.
///
/// Colors show the fraction of the row. Up to `maximumClassesWithText` classes the cells hold the count and that fraction.
///
/// ```swift
/// let chart = ConfusionMatrixChart(counts: [[48, 2], [5, 45]], classNames: ["cat", "dog"])
/// ```
public struct ConfusionMatrixChart: Chart {
    /// How many classes there may be for the cells to hold text.
    public static let maximumClassesWithText = 25

    /// What stands above the cells; nothing if it is empty.
    public var title: String
    /// `counts[i][j]`: how many examples of class i were taken for class j.
    public var counts: [[Int]]
    /// The classes in the order of their labels; one without a name is called by its label.
    public var classNames: [String]

    /// Creates the chart; arguments set the properties of their names.
    public init(_ title: String = "Confusion matrix", counts: [[Int]], classNames: [String] = []) {
        self.title = title
        self.counts = counts
        self.classNames = classNames
    }

    public var preferredSize: ChartSize {
        let count = Double(counts.count)
        return ChartSize(width: min(max(230 + 48 * count, 400), 860), height: min(max(170 + 40 * count, 320), 760))
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let totals = counts.map { $0.reduce(0.0) { $0 + Double($1) } }
        let shares = zip(counts, totals).map { row, total in
            row.map { total > 0 ? Double($0) / total : nil }
        }
        let rest = Header(title: title, remark: remark(totals)).draw(on: &canvas, in: area)
        let hasText = max(counts.count, counts.map(\.count).max() ?? 0) <= ConfusionMatrixChart.maximumClassesWithText
        let names = counts.indices.map { classNames.indices.contains($0) ? classNames[$0] : "\($0)" }
        let grid = CellGrid(
            rowLabels: names, columnLabels: names, rowTitle: "True class", columnTitle: "Predicted class",
            places: .init(shares), map: .sequential,
            text: { row, column in
                guard hasText, counts[row][column] != 0 else { return [] }
                return ["\(counts[row][column])", shares[row][column].map(NumberFormat.percent) ?? ""]
            },
            hint: { row, column in
                let predicted = classNames.indices.contains(column) ? classNames[column] : "\(column)"
                guard hasText || counts[row][column] != 0 else { return nil }
                let share = shares[row][column].map { " (\(NumberFormat.percent($0)))" } ?? ""
                return "true: \(names[row])\npredicted: \(predicted)\n\(counts[row][column])\(share)"
            })
        let ticks = [0, 0.5, 1].map { ColorBar.Tick(place: $0, label: NumberFormat.percent($0)) }
        let cells = grid.draw(on: &canvas, in: rest, colorBarWidth: 62)
        guard !counts.isEmpty else { return }
        ColorBar(map: .sequential, ticks: ticks).draw(on: &canvas, beside: cells)
    }

    /// `Accuracy 91.2 % of 10 000 examples`
    private func remark(_ totals: [Double]) -> String {
        let total = totals.reduce(0, +)
        guard total > 0 else { return "" }
        let right = counts.indices.reduce(0.0) { sum, index in
            counts[index].indices.contains(index) ? sum + Double(counts[index][index]) : sum
        }
        return "Accuracy \(NumberFormat.percent(right / total)) of \(NumberFormat.grouped(total)) examples"
    }
}
