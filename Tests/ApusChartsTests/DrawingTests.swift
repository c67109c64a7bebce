import ApusCharts
import ApusTestKit
import Testing

@Suite struct DrawingTests {
    @Test(arguments: [
        (0.0, "0"), (-0.001, "0"), (1, "1"), (0.5, "0.5"), (12.345, "12.35"), (-3.2, "-3.2"), (0.05, "0.05"),
        (-0.05, "-0.05"), (1e300, "10000000"), (.nan, "0"), (100.999, "101"),
    ])
    func coordinates(_ value: Double, _ text: String) {
        #expect(XML.number(value) == text)
    }

    @Test func escapesEverything() {
        #expect(XML.escape("a<b>&\"'\u{0}\n") == "a&lt;b&gt;&amp;&quot;'\u{FFFD} ")
    }

    @Test func textIsCutToFit() {
        #expect(TextWidth.fit("short", width: 100, size: 11) == "short")
        let cut = TextWidth.fit("a very long name of a layer", width: 60, size: 11)
        #expect(cut.hasSuffix("…"))
        #expect(TextWidth.measure(cut, size: 11) <= 60)
        #expect(TextWidth.fit("anything", width: 1, size: 11) == "")
        let lines = TextWidth.wrap("true: Shirt\npredicted: Coat 0.93 or not", width: 70, size: 10, lines: 3)
        #expect(lines.count == 3)
        #expect(lines[0] == "true: Shirt")
    }

    @Test func shortLinesKeepEveryPointAndGap() {
        let points: [Point?] = [Point(x: 0, y: 1), nil, Point(x: 0.1, y: 2), Point(x: 0.2, y: 3)]
        let parts = Polyline.parts(points, limit: 10)
        #expect(parts == [[Point(x: 0, y: 1)], [Point(x: 0.1, y: 2), Point(x: 0.2, y: 3)]])
        #expect(Polyline.parts([nil, nil], limit: 10) == [])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func longLinesKeepTheirExtremes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let points = (0..<50_000).map { index in
            Point(x: Double(index) / 100, y: Double.random(in: 0...300, using: &generator))
        }
        let kept = Polyline.parts(points, limit: 1000)
        #expect(kept.count == 1)
        #expect(kept[0].count <= 4 * 500)
        #expect(kept[0].first == points.first)
        #expect(kept[0].last == points.last)
        for column in 0..<500 {
            let all = points[column * 100..<(column + 1) * 100].map(\.y)
            let seen = kept[0].filter { Int($0.x) == column }.map(\.y)
            #expect(seen.min() == all.min())
            #expect(seen.max() == all.max())
        }
    }

    @Test func longLinesKeepVisibleGaps() {
        let points: [Point?] = (0..<10_000).map { index in
            (4000..<5000).contains(index) || index % 7 == 0 ? nil : Point(x: Double(index) / 100, y: 1)
        }
        let parts = Polyline.parts(points, limit: 100)
        #expect(parts.joined().count <= 4 * 100)
        // The long gap is seen; the gaps of one point within a column are not.
        #expect(parts.contains { $0.last.map { $0.x < 40 && $0.x > 39.9 } ?? false })
        #expect(parts.contains { $0.first.map { $0.x >= 50 && $0.x < 50.1 } ?? false })
        #expect(parts.count < 30)
    }

    @Test func distributionsCount() {
        let distribution = Distribution(values: [0, 0.1, 0.5, 1, .nan, .infinity], bins: 2, range: 0...1)
        #expect(distribution.edges == [0, 0.5, 1])
        #expect(distribution.counts == [2, 2])
        #expect(Distribution(values: [Double]()).counts.reduce(0, +) == 0)
        #expect(Distribution(values: [3, 3, 3] as [Float]).counts.reduce(0, +) == 3)
        #expect(Distribution(values: [-1.7e308, 1.7e308]).counts.allSatisfy { $0 == 0 || $0 == 1 })
    }
}
