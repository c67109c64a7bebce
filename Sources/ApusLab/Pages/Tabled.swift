import ApusCharts

/// A chart with tables of its own: images, which have none.
struct Tabled: Chart {
    let chart: any Chart
    let tables: [ChartTable]

    var title: String { chart.title }
    var preferredSize: ChartSize { chart.preferredSize }
    func draw(on canvas: inout Canvas, in area: Rectangle) { chart.draw(on: &canvas, in: area) }
}
