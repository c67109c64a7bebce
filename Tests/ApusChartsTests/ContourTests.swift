import ApusCharts
import Foundation
import Testing

/// Contour lines, and the numbers of charts as tables.
@Suite struct ContourTests {
    /// The line of level 1 of x² + y² is the unit circle: every end of a segment is on it, all around.
    @Test func circle() throws {
        let chart = ContourChart("", x: Axis("", range: -2...2), y: Axis("", range: -2...2), levels: [1]) {
            $0 * $0 + $1 * $1
        }
        let svg = chart.svg(size: ChartSize(width: 500, height: 500))
        let plot = try #require(svg.firstMatch(of: /<svg x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/))
        let numbers = try [plot.output.1, plot.output.2, plot.output.3, plot.output.4].map { try #require(Double($0)) }
        let line = try #require(svg.firstMatch(of: /<path d="(M[^"]+)"[^>]*><title>f = 1</)).output.1
        var angles: Set<Int> = []
        for match in line.matches(of: /[ML]([\d.]+) ([\d.]+)/) {
            let x = (try #require(Double(match.output.1)) - numbers[0]) / numbers[2] * 4 - 2
            let y = 2 - (try #require(Double(match.output.2)) - numbers[1]) / numbers[3] * 4
            #expect(abs((x * x + y * y).squareRoot() - 1) < 0.005)
            angles.insert(Int(atan2(y, x) / .pi * 8 + 8.5) % 16)
        }
        #expect(angles.count == 16)
    }

    @Test func functionsWithoutValues() {
        let chart = ContourChart(
            "", x: Axis(""), y: Axis(""), levels: [0, .nan, .infinity], paths: [.init("", x: [.nan], y: [1, 2])]
        ) { x, _ in
            x > 0 ? .nan : x
        }
        #expect(chart.svg().hasSuffix("</svg>\n"))
    }

    @Test func tables() {
        let lines = LineChart(
            "Loss", x: "Epoch", y: "Loss",
            series: [.init("a", y: [1, .nan], lower: [0.5, 0.5], upper: [2, 2]), .init("b", y: [3, 4])])
        #expect(
            lines.tables == [
                ChartTable(
                    "Loss", header: ["Epoch", "a", "a ↓", "a ↑", "b"],
                    rows: [["1", "1", "0.5", "2", "3"], ["2", "–", "0.5", "2", "4"]])
            ])
        let apart = LineChart("L", x: "x", y: "y", series: [.init("a", x: [1], y: [2]), .init("b", x: [5], y: [6])])
        #expect(apart.tables.map(\.rows) == [[["1", "2"]], [["5", "6"]]])
        let long = LineChart("", x: "x", y: "y", series: [.init("", y: (1...1000).map(Double.init))])
        #expect(
            long.tables[0].rows.count == 60 && long.tables[0].rows.first?[0] == "1"
                && long.tables[0].rows.last?[1] == "1000")
        let bars = BarChart("", axis: "n", labels: ["p", "q"], values: [1, 2])
        #expect(bars.tables[0].rows == [["p", "1"], ["q", "2"]])
        let matrix = HeatMap(
            "", values: [[1, 2], [3, .nan]], rowLabels: ["r", "s"], columnLabels: ["t", "u"], rowTitle: "R",
            columnTitle: "C")
        #expect(
            matrix.tables == [
                ChartTable("", header: ["R \\ C", "t", "u"], rows: [["r", "1", "2"], ["s", "3", "–"]])
            ])
        let bins = Histogram("h", x: "x", series: [.init("", Distribution(edges: [0, 1, 2], counts: [5, 7]))])
        #expect(bins.tables[0].rows == [["0 … 1", "5"], ["1 … 2", "7"]])
        let points = ScatterChart("", x: "x", y: "y", groups: [.init("g", x: [1], y: [2])])
        #expect(points.tables[0].rows == [["1", "2"]])
        #expect(Figure("", [bars, points]).tables.count == 2)
    }
}
