import ApusCharts
import Testing

/// Where charts draw what they are given, as far as reasoning tells; `GoldenTests` has two of them byte for byte.
@Suite struct GeometryTests {
    private let light = ChartSize(width: 400, height: 300)

    /// The points of a path of moves and lines.
    private func points(_ path: Substring) -> [(x: Double, y: Double)] {
        path.matches(of: /[ML](-?[\d.]+) (-?[\d.]+)/).compactMap { match in
            Double(match.1).flatMap { x in Double(match.2).map { (x, $0) } }
        }
    }

    /// The first row of regions is the lowest.
    @Test func regionsBeginBelow() {
        let chart = ScatterChart(
            "", x: "x", y: "y", groups: [.init("a", x: [0, 1], y: [0, 1])],
            regions: .init(classes: [[0, 0], [1, 1]], x: 0...1, y: 0...1))
        let svg = chart.svg(theme: .light)
        func fill(_ index: Int) -> String { Paint.category(index).light.hexadecimal }
        #expect(svg.contains("<path d=\"M0 0h2v1h-2z\" fill=\"\(fill(1))\" fill-opacity=\"0.2\"/>"))
        #expect(svg.contains("<path d=\"M0 1h2v1h-2z\" fill=\"\(fill(0))\" fill-opacity=\"0.2\"/>"))
    }

    /// Each bar of a stack begins where the one before it ends.
    @Test func stackedBars() throws {
        let chart = BarChart(
            "", axis: "t", labels: ["a"], series: [.init("b", [1]), .init("c", [3])], isStacked: true)
        let svg = chart.svg(size: light, theme: .light)
        let bars = svg.matches(of: /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*><title>a, (.): (\d)</)
            .map { (x: Double($0.1)!, width: Double($0.2)!, name: String($0.3), value: String($0.4)) }
        try #require(bars.count == 2)
        #expect(bars.map(\.name) == ["b", "c"] && bars.map(\.value) == ["1", "3"])
        #expect(abs(bars[0].x + bars[0].width - bars[1].x) <= 0.6)
        #expect(abs((bars[1].width + 0.5) / (bars[0].width + 0.5) - 3) < 0.01)
    }

    /// Bins narrower than a pixel are drawn together, as high as the highest.
    @Test func narrowBinsKeepTheirPeak() throws {
        var counts = [Double](repeating: 1, count: 5000)
        counts[2001] = 100
        let chart = Histogram(
            "", x: "x", series: [.init("", Distribution(edges: (0...5000).map(Double.init), counts: counts))])
        let svg = chart.svg(size: light, theme: .light)
        let path = try #require(svg.firstMatch(of: /<path d="([^"]*z)" fill="[^"]*" fill-opacity="0.85"/)).1
        let tops = Set(path.matches(of: /V(-?[\d.]+)H/).compactMap { Double($0.1) }).sorted()
        let base = try #require(path.matches(of: /V(-?[\d.]+)z/).compactMap { Double($0.1) }.max())
        try #require(tops.count == 2)
        // Coordinates have two decimals, and a count of 1 is two pixels high.
        #expect(abs((base - tops[0]) / (base - tops[1]) - 100) < 1)
    }

    /// The border of a band goes along the upper ends and back along the lower ones.
    @Test func bandsGoAround() throws {
        let chart = LineChart(
            "", x: "x", y: "y", series: [.init("a", x: [1, 2, 3], y: [2, 2, 2], lower: [1, 1, 1], upper: [3, 3, 3])])
        let svg = chart.svg(size: light, theme: .light)
        let path = try #require(svg.firstMatch(of: /<path d="([^"]*)z" fill="[^"]*" fill-opacity="0.16"/)).1
        let band = points(path)
        try #require(band.count == 6)
        #expect(band[0].x < band[1].x && band[1].x < band[2].x)
        #expect(band[3].x == band[2].x && band[4].x == band[1].x && band[5].x == band[0].x)
        #expect(band[0].y == band[2].y && band[3].y == band[5].y && band[0].y < band[3].y)
    }

    /// Zero has the color in the middle, however far the numbers reach on either side.
    @Test func divergingColorsHaveZeroInTheMiddle() {
        let svg = HeatMap("", values: [[-1, 0, 3]], colorMap: .diverging).svg(theme: .light)
        let cells = svg.matches(of: /<rect [^>]*fill="(#[0-9a-f]+)"[^>]*><title>row 0, column \d/).map { String($0.1) }
        let places = [1.0 / 3, 0.5, 1]
        #expect(cells == places.map { ColorMap.diverging.paint(at: $0).light.hexadecimal })
        // From the smallest to the largest in the other map.
        let plain = HeatMap("", values: [[-1, 0, 3]]).svg(theme: .light)
        let filled = plain.matches(of: /<rect [^>]*fill="(#[0-9a-f]+)"[^>]*><title>row 0, column \d/)
            .map { String($0.1) }
        #expect(filled == [0, 0.25, 1].map { ColorMap.sequential.paint(at: $0).light.hexadecimal })
    }

    /// The height of a ridge is a density: a bin that is twice as wide needs twice as many numbers.
    @Test func ridgesAreDensities() throws {
        let wide = Distribution(edges: [0, 1, 3, 4], counts: [1, 2, 2])
        let svg = RidgeChart("", x: "x", steps: [DistributionAtStep(step: 1, wide)]).svg(size: light, theme: .light)
        let path = try #require(svg.firstMatch(of: /<path d="([^"]*)z" fill="#[0-9a-f]+"><title>/)).1
        let ridge = points(path)
        try #require(ridge.count == 5)
        let base = ridge[0].y
        #expect(ridge[4].y == base && abs(ridge[1].y - ridge[2].y) < 0.02)
        #expect(abs((base - ridge[3].y) / (base - ridge[1].y) - 2) < 0.01)
    }

    /// Ridges are as high as each other, or share one scale.
    @Test(arguments: [false, true]) func heightsOfRidges(sharesScale: Bool) throws {
        let steps = [[1.0, 3], [2, 2]].enumerated().map {
            DistributionAtStep(step: Double($0), Distribution(edges: [0, 1, 2], counts: $1))
        }
        let svg = RidgeChart("", x: "x", steps: steps, sharesScale: sharesScale).svg(size: light, theme: .light)
        let heights = svg.matches(of: /<path d="([^"]*)z" fill="#[0-9a-f]+"><title>/).map { match in
            let ridge = points(match.1).map(\.y)
            return ridge[0] - (ridge.min() ?? 0)
        }
        try #require(heights.count == 2)
        // Densities 3/4 and 1/2.
        #expect(abs(heights[0] / heights[1] - (sharesScale ? 1.5 : 1)) < 0.01)
    }

    /// Charts of a figure stand row by row.
    @Test func figuresGoRowByRow() throws {
        let charts = ["A", "B", "C"].map { LineChart($0, x: "x", y: "y", series: [.init("a", y: [1, 2])]) }
        let svg = Figure("", columns: 2, charts).svg(theme: .light)
        let places = Dictionary(
            uniqueKeysWithValues: svg.matches(of: /<text x="([\d.]+)" y="([\d.]+)"[^>]*>([ABC])<\/text>/).map {
                (String($0.3), (x: Double($0.1)!, y: Double($0.2)!))
            })
        let (a, b, c) = (try #require(places["A"]), try #require(places["B"]), try #require(places["C"]))
        #expect(a.y == b.y && a.x == c.x && b.x > a.x + 500 && c.y > a.y + 300)
    }

    /// Images that are not square stand in the middle of their square.
    @Test func imagesStandInTheMiddle() throws {
        func place(_ height: Int, _ width: Int) throws -> [Double] {
            let image = ImageGrid.Image(
                height: height, width: width, pixels: [UInt8](repeating: 9, count: height * width), caption: "")
            let svg = ImageGrid("", images: [image]).svg(theme: .light)
            let found = try #require(
                svg.firstMatch(of: /<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/))
            return [found.1, found.2, found.3, found.4].map { Double($0)! }
        }
        let square = try place(2, 2)
        let (x, y, side) = (square[0], square[1], square[2])
        #expect(square[3] == side)
        #expect(try place(1, 2) == [x, y + side / 4, side, side / 2])
        #expect(try place(2, 1) == [x + side / 4, y, side / 2, side])
    }

    /// Powers of ten are as far apart as each other, and all of them are in the picture.
    @Test func logarithmicMargins() throws {
        let chart = LineChart(
            "", x: "x", y: Axis("y", scale: .logarithmic), series: [.init("a", x: [1, 2, 3], y: [1, 10, 100])])
        let svg = chart.svg(size: light, theme: .light)
        let places = svg.matches(of: /<circle cx="[\d.]+" cy="(-?[\d.]+)"/).compactMap { Double($0.1) }
        try #require(places.count == 3)
        #expect(abs(places[0] - 2 * places[1] + places[2]) < 0.03)
        // The plot is the clipped part, with four pixels around it.
        let clip = try #require(svg.firstMatch(of: /<svg x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"/))
        let (top, height) = (Double(clip.1)! + 4, Double(clip.2)! - 8)
        // Margins of 5 % below and 6 % above.
        #expect(abs((places[2] - top) / height - 0.06 / 1.11) < 0.005)
        #expect(abs((top + height - places[0]) / height - 0.05 / 1.11) < 0.005)
    }
}
