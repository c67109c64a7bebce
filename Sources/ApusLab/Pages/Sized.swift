import ApusCharts

/// A chart of another size than it asks for.
struct Sized: Chart {
    let chart: any Chart
    let preferredSize: ChartSize

    init(_ chart: any Chart, _ size: ChartSize) {
        self.chart = chart
        preferredSize = size
    }

    var title: String { chart.title }
    var tables: [ChartTable] { chart.tables }
    func draw(on canvas: inout Canvas, in area: Rectangle) { chart.draw(on: &canvas, in: area) }
}
