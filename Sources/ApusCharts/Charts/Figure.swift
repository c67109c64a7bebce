/// Several charts side by side under one title; a figure is a chart, so figures can hold figures.
///
/// ```swift
/// let losses = LineChart("Loss", x: "Epoch", y: "Loss", series: [.init("training", y: [0.9, 0.5, 0.4])])
/// let errors = Histogram("Errors", x: "Error", values: [0.1, -0.2, 0.05, 0.4])
/// let figure = Figure("A training", columns: 2, [losses, errors])
/// ```
public struct Figure: Chart {
    /// What stands above all charts; nothing if it is empty.
    public var title: String
    /// Row by row, each from the left.
    public var charts: [any Chart]
    /// How many charts stand in a row.
    public var columns: Int

    /// Creates a value; arguments set the properties of their names.
    public init(_ title: String = "", columns: Int = 2, _ charts: [any Chart]) {
        self.title = title
        self.columns = columns
        self.charts = charts
    }

    private static let titleHeight = 38.0
    private static let gap = 8.0

    private var rows: [ArraySlice<any Chart>] {
        let count = min(max(1, columns), max(1, charts.count))
        return stride(from: 0, to: charts.count, by: count).map { charts[$0..<min($0 + count, charts.count)] }
    }

    /// Columns are as wide and rows as high as their largest chart wants to be.
    private var grid: (widths: [Double], heights: [Double]) {
        var widths: [Double] = []
        var heights: [Double] = []
        for row in rows {
            let sizes = row.map { $0.preferredSize.drawable }
            heights.append(sizes.map(\.height).max() ?? 0)
            for (column, size) in sizes.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], size.width)
            }
        }
        return (widths, heights)
    }

    public var preferredSize: ChartSize {
        let (widths, heights) = grid
        let across = widths.reduce(0, +) + Figure.gap * Double(max(0, widths.count - 1))
        let down = heights.reduce(0, +) + Figure.gap * Double(max(0, heights.count - 1))
        return ChartSize(width: max(across, 200), height: max(down, 100) + (title.isEmpty ? 0 : Figure.titleHeight))
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        var rest = area
        if !title.isEmpty {
            let text = TextWidth.fit(title, width: area.width - 28, size: 17, bold: true)
            let attributes = canvas.fill(.ink) + " font-size=\"17\" font-weight=\"650\""
            canvas.text(text, at: Point(x: area.x + 14, y: area.y + 28), attributes)
            rest = area.inset(top: Figure.titleHeight)
        }
        let (widths, heights) = grid
        guard !widths.isEmpty else { return Frame.drawNoData(on: &canvas, in: rest) }
        let across = (rest.width - Figure.gap * Double(widths.count - 1)) / widths.reduce(0, +)
        let down = (rest.height - Figure.gap * Double(heights.count - 1)) / heights.reduce(0, +)
        var y = rest.y
        for (row, height) in zip(rows, heights) {
            var x = rest.x
            for (chart, width) in zip(row, widths) {
                let cell = Rectangle(x: x, y: y, width: max(1, width * across), height: max(1, height * down))
                chart.draw(on: &canvas, in: cell)
                x += width * across + Figure.gap
            }
            y += height * down + Figure.gap
        }
    }
}
