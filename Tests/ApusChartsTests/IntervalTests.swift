import ApusCharts
import Testing

/// Dots on lines, and boxes in a row.
@Suite struct IntervalTests {
    private let chart = IntervalChart(
        "", axis: Axis("Gain", range: -10...10), reference: 0,
        rows: [
            .init("data", 5, in: 2.5...7.5), .init("dropout", -5), .init("noise", 0, in: -.infinity ... .infinity),
            .init("none", .nan),
        ])

    /// Places are proportional to numbers: the line of the first row reaches from 2.5 to 7.5, its dot is in the middle, and the dashed
    /// line is twice as far from the dot as the dot is from the end of its line.
    @Test func places() throws {
        let svg = chart.svg(theme: .light)
        let line = try #require(svg.firstMatch(of: /<path d="M([\d.]+) ([\d.]+)H([\d.]+)M/)).output
        let (start, y, end) = try (
            #require(Double(line.1)), #require(Double(line.2)), #require(Double(line.3))
        )
        let dot = try #require(svg.firstMatch(of: /<circle cx="([\d.]+)" cy="([\d.]+)"/)).output
        let x = try #require(Double(dot.1))
        #expect(abs(x - (start + end) / 2) < 0.02 && dot.2 == line.2)
        let dashed = try #require(svg.firstMatch(of: /<path d="M([\d.]+) [\d.]+V[\d.]+"[^>]*dasharray/)).output
        let zero = try #require(Double(dashed.1))
        #expect(abs((x - zero) - 2 * (end - x)) < 0.05)
        // Three rows have a dot, from the top in their order.
        let dots = svg.matches(of: /<circle cx="[\d.]+" cy="([\d.]+)"/).compactMap { Double($0.output.1) }
        #expect(dots.count == 3 && dots == dots.sorted() && dots[0] == y)
    }

    /// An interval without ends reaches from edge to edge and has no stops; a row without an interval has no line.
    @Test func unboundedIntervals() throws {
        let svg = chart.svg(theme: .light)
        let lines = svg.matches(of: /<path d="M([\d.]+) [\d.]+H([\d.]+)(M[^"]*)?" [^>]*stroke-width="2"/)
        #expect(lines.count == 2)
        let last = try #require(lines.last).output
        let (start, end) = try (#require(Double(last.1)), #require(Double(last.2)))
        let first = try #require(lines.first).output
        let (left, right) = try (#require(Double(first.1)), #require(Double(first.2)))
        #expect(last.3 == nil && first.3 != nil)
        // The axis is four times as long as the interval from 2.5 to 7.5.
        #expect(abs((end - start) - 4 * (right - left)) < 0.1)
    }

    @Test func numbersAreText() {
        let svg = chart.svg(theme: .light)
        for text in [">data</text>", ">none</text>", ">5</text>", ">−5</text>", "data\nGain 5\n[2.5, 7.5]"] {
            #expect(svg.contains(text), "\(text)")
        }
        #expect(
            chart.tables == [
                ChartTable(
                    "", header: ["", "Gain", "Gain ↓", "Gain ↑"],
                    rows: [
                        ["data", "5", "2.5", "7.5"], ["dropout", "−5", "–", "–"], ["noise", "0", "-inf", "inf"],
                        ["none", "–", "–", "–"],
                    ])
            ])
    }

    @Test func groupsHaveALegend() {
        var grouped = chart
        grouped.groups = ["old", "new"]
        #expect(!grouped.svg().contains(">old<"))
        grouped.rows[1].group = 1
        #expect(grouped.svg().contains(">old<") && grouped.svg().contains(">new<"))
        #expect(grouped.tables[0].rows[1] == ["dropout", "new", "−5", "–", "–"])
    }

    /// Heights and widths go by the roots, and boxes without a positive number are left out.
    @Test func boxes() throws {
        let strip = BoxStrip(
            "", height: "side", width: "channels",
            boxes: [
                .init("a", height: 100, width: 16), .init("b", height: 25, width: 64), .init("c", height: 0, width: 4),
            ])
        let boxes = strip.svg(theme: .light).matches(
            of: /<rect [^>]*width="([\d.]+)" height="([\d.]+)"[^>]*><title>([abc])/)
        #expect(boxes.map(\.output.3) == ["a", "b"])
        let sizes = try boxes.map { try (#require(Double($0.output.1)), #require(Double($0.output.2))) }
        #expect(abs(sizes[1].0 / sizes[0].0 - 2) < 0.001 && abs(sizes[0].1 / sizes[1].1 - 2) < 0.001)
        #expect(strip.tables[0].rows == [["a", "100", "16"], ["b", "25", "64"], ["c", "0", "4"]])
    }
}
