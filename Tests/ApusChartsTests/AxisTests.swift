import ApusCharts
import ApusTestKit
import Testing

@Suite struct AxisTests {
    struct Case: Sendable {
        var range: ClosedRange<Double>
        var count: Int
        var labels: [String]
    }

    @Test(arguments: [
        Case(range: 0...1, count: 6, labels: ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        Case(range: 0...1, count: 11, labels: (0...10).map { $0 == 10 ? "1.0" : "0.\($0)" }),
        Case(range: -1...1, count: 5, labels: ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        Case(range: 0.23...0.68, count: 6, labels: ["0.3", "0.4", "0.5", "0.6"]),
        Case(range: 1...10, count: 5, labels: ["2", "4", "6", "8", "10"]),
        Case(range: 0...60_000, count: 7, labels: ["0", "10k", "20k", "30k", "40k", "50k", "60k"]),
        Case(range: 0...2_000_000, count: 5, labels: ["0", "0.5M", "1.0M", "1.5M", "2.0M"]),
        Case(range: 0...4e-6, count: 5, labels: ["0", "1e−6", "2e−6", "3e−6", "4e−6"]),
        Case(range: 0...0.004, count: 5, labels: ["0.000", "0.001", "0.002", "0.003", "0.004"]),
        Case(range: 0...2e20, count: 5, labels: ["0", "5e19", "1e20", "1.5e20", "2e20"]),
        Case(
            range: 1_234_567_890...1_234_567_892, count: 3,
            labels: [890, 891, 892].map { "1\u{202F}234\u{202F}567\u{202F}\($0)" }),
    ])
    func linearTicks(_ test: Case) {
        let ticks = Ticks.linear(from: test.range.lowerBound, to: test.range.upperBound, count: test.count)
        #expect(ticks.map(\.label) == test.labels)
    }

    @Test(arguments: [
        Case(range: 1e-4...10, count: 8, labels: ["1e−4", "0.001", "0.01", "0.1", "1", "10"]),
        Case(range: 1...100, count: 8, labels: ["1", "2", "5", "10", "20", "50", "100"]),
        Case(range: 1e-12...1, count: 5, labels: ["1e−12", "1e−9", "1e−6", "0.001", "1"]),
        Case(range: 2...4.5, count: 6, labels: ["2.0", "2.5", "3.0", "3.5", "4.0", "4.5"]),
        Case(range: 1e3...1e7, count: 6, labels: ["1000", "10k", "100k", "1M", "10M"]),
    ])
    func logarithmicTicks(_ test: Case) {
        let ticks = Ticks.logarithmic(from: test.range.lowerBound, to: test.range.upperBound, count: test.count)
        #expect(ticks.map(\.label) == test.labels)
    }

    @Test func ticksOfAnyRange() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<3000 {
            let size = Mathematics10.power(Int.random(in: -280...280, using: &generator))
            let lower = Double.random(in: -1...1, using: &generator) * size
            let upper = lower + abs(lower) * 1e-6 + Double.random(in: 1e-3...2, using: &generator) * size
            let count = Int.random(in: 2...12, using: &generator)
            let ticks = Ticks.linear(from: lower, to: upper, count: count)
            #expect((1...count).contains(ticks.count), "\(lower)...\(upper) \(count)")
            let slack = (upper - lower) * 1e-6
            #expect(ticks.allSatisfy { $0.value >= lower - slack && $0.value <= upper + slack })
            #expect(Set(ticks.map(\.label)).count == ticks.count, "\(ticks.map(\.label))")
        }
    }

    @Test func wholeTicksAreIntegers() {
        let ticks = Ticks.linear(from: 1, to: 3, count: 9, whole: true)
        #expect(ticks.map(\.label) == ["1", "2", "3"])
    }

    @Test func scaleOfEachKind() {
        let linear = Scale(.linear, from: -1, to: 3, start: 100, end: 500)
        #expect(linear.position(-1) == 100)
        #expect(linear.position(0) == 200)
        #expect(linear.position(3) == 500)
        #expect(linear.position(.nan) == nil)
        #expect(linear.position(-.infinity) == nil)
        let logarithmic = Scale(.logarithmic, from: 0.01, to: 100, start: 400, end: 0)
        #expect(logarithmic.position(0.01) == 400)
        #expect(logarithmic.position(1) == 200)
        #expect(logarithmic.position(100) == 0)
        #expect(logarithmic.position(0) == nil)
        #expect(logarithmic.position(-1) == nil)
    }

    @Test func equalNumbersStandInTheMiddle() {
        for value in [0, 1, -3.5, 1e-300, 1e300, 1e9] {
            let scale = Scale(.linear, from: value, to: value, start: 0, end: 2)
            #expect(scale.lower < scale.upper)
            #expect(abs((scale.position(value) ?? -1) - 1) < 1e-6, "\(value)")
        }
    }

    @Test(arguments: [
        (0.0, "0"), (1, "1"), (-1, "−1"), (0.1234567, "0.123"), (999.6, "1000"), (12_345, "12.3k"), (1e6, "1M"),
        (2e-4, "2e−4"), (-0.000123456, "−1.23e−4"), (0.001, "0.001"), (1e300, "1e300"), (.nan, "nan"), (-.nan, "nan"),
        (-.infinity, "-inf"), (9.999, "10"), (123_456_789_012, "123G"), (.leastNonzeroMagnitude, "0"), (0.5, "0.5"),
        (100, "100"),
    ])
    func shortNumbers(_ value: Double, _ text: String) {
        #expect(NumberFormat.short(value) == text)
    }

    @Test func tablesOfNumbers() {
        #expect(NumberFormat.aligned([0.98, 0.9, 1]) == ["0.98", "0.90", "1.00"])
        #expect(NumberFormat.aligned([100, 1]) == ["100", "1"])
        #expect(NumberFormat.aligned([100, 0.001]) == ["100", "0.001"])
        #expect(NumberFormat.aligned([1500, .nan, 2500]) == ["1500", "nan", "2500"])
        #expect(NumberFormat.aligned([]) == [])
        #expect(NumberFormat.percent(0.9995) == "99.9 %")
        #expect(NumberFormat.percent(1) == "100 %")
        #expect(NumberFormat.grouped(10_000) == "10\u{202F}000")
        #expect(NumberFormat.grouped(9999) == "9999")
    }
}

/// Powers of ten for test ranges.
enum Mathematics10 {
    static func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? 1 }
}
