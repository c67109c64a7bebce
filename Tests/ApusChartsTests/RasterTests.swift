import ApusCharts
import Foundation
import Testing

/// The pixels of charts that are drawn as images.
@Suite struct RasterTests {
    /// The images of a chart in the light theme, in their order.
    private func images(_ chart: some Chart) throws -> [DecodedPNG] {
        try chart.svg(theme: .light).matches(of: /<image [^>]*base64,([^"]*)"/).map { match in
            try DecodedPNG(Array(try #require(Data(base64Encoded: String(match.1)))))
        }
    }

    private func color(_ place: Double) -> [UInt8] {
        let color = ColorMap.sequential.paint(at: place).light
        return [color.red, color.green, color.blue]
    }

    /// Steps go across, values up.
    @Test func stripsOfDistributions() throws {
        let steps = [[4.0, 0], [0, 4]].enumerated().map {
            DistributionAtStep(step: Double($0), Distribution(edges: [0, 1, 2], counts: $1))
        }
        let strip = try #require(try images(HeatStrip("", y: "y", steps: steps)).first)
        #expect(strip.shape == [64, 2, 3])
        for row in 0..<64 {
            // The first step is below, the second above.
            #expect(strip.pixel(row, 0) == color(row < 32 ? 0 : 1) && strip.pixel(row, 1) == color(row < 32 ? 1 : 0))
        }
    }

    /// The key of a map has its largest number above.
    @Test func keysOfColors() throws {
        let chart = ConfusionMatrixChart(counts: [[9, 1], [1, 9]])
        let key = try #require(try images(chart).last)
        #expect(key.shape == [64, 1, 3])
        for level in 0..<64 { #expect(key.pixel(63 - level, 0) == color(Double(level) / 63)) }
        let labels = chart.svg(theme: .light).matches(of: /<text x="[\d.]+" y="([\d.]+)">(0|50|100) %<\/text>/)
            .map { (name: String($0.2), y: Double($0.1) ?? 0) }.sorted { $0.y < $1.y }
        #expect(labels.map(\.name) == ["100", "50", "0"])
    }

    /// Large maps are images, rows from above.
    @Test func largeMaps() throws {
        var values = [[Double]](repeating: [Double](repeating: 0, count: 60), count: 50)
        (values[0][59], values[49][0]) = (1, 0.5)
        let map = try #require(try images(HeatMap("", values: values)).first)
        #expect(map.shape == [50, 60, 3])
        #expect(map.pixel(0, 59) == color(1) && map.pixel(49, 0) == color(0.5))
        #expect(map.pixel(0, 0) == color(0) && map.pixel(49, 59) == color(0))
    }

    /// Numbers from the lower to the upper end of the range become 0 to 255; what lies outside is cut.
    @Test func imagesOfNumbers() {
        let image = ImageGrid.Image(
            height: 1, width: 5, values: [-3, -1, 0, 1, 9], range: -1...1)
        #expect(image.pixels == [0, 0, 128, 255, 255])
    }
}
