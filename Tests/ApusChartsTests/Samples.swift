import ApusTestKit
import ApusCharts

extension SeededGenerator {
    /// Numbers as they occur in broken runs: ordinary, huge, tiny, not finite.
    mutating func number() -> Double {
        let ordinary = Double.random(in: -10...10, using: &self)
        switch Int.random(in: 0..<16, using: &self) {
        case 0: return .nan
        case 1: return .infinity
        case 2: return -.infinity
        case 3: return 0
        case 4: return ordinary * 1e307
        case 5: return ordinary * 1e-290 * 1e-20
        case 6: return 1e9 + ordinary
        case 7: return ordinary.rounded()
        case 8: return -.greatestFiniteMagnitude
        case 9: return .leastNonzeroMagnitude
        default: return ordinary
        }
    }

    mutating func numbers(_ limit: Int) -> [Double] {
        let count = Int.random(in: 0...limit, using: &self)
        let isOrdinary = Bool.random(using: &self)
        return (0..<count).map { _ in isOrdinary ? Double.random(in: -3...3, using: &self) : number() }
    }

    mutating func text() -> String {
        let texts = [
            "", "loss", "a < b & \"c\" > 'd'", "\u{0}\u{1B}\u{FFFE}", "日本語", "🦉\u{301}", "<![CDATA[ ]]>", "x\ny",
        ]
        let text = texts.randomElement(using: &self) ?? ""
        return Int.random(in: 0..<8, using: &self) == 0 ? String(repeating: text, count: 50) : text
    }

    mutating func axis() -> Axis {
        var axis = Axis(text(), unit: Bool.random(using: &self) ? text() : nil)
        if Bool.random(using: &self) { axis.scale = .logarithmic }
        let bounds = [number(), number()].filter { !$0.isNaN }.sorted()
        if bounds.count == 2, Int.random(in: 0..<3, using: &self) == 0 { axis.range = bounds[0]...bounds[1] }
        return axis
    }

    mutating func distribution() -> Distribution {
        switch Int.random(in: 0..<3, using: &self) {
        case 0: Distribution(edges: numbers(20), counts: numbers(20))
        case 1: Distribution(values: numbers(50))
        default:
            Distribution(
                edges: (0...30).map { Double($0) / 10 - 1 },
                counts: (0..<30).map { _ in Double(Int.random(in: 0...9, using: &self)) })
        }
    }

    mutating func chart() -> any Chart {
        func list<T>(_ limit: Int, _ make: (inout SeededGenerator) -> T) -> [T] {
            (0..<Int.random(in: 0...limit, using: &self)).map { _ in make(&self) }
        }
        switch Int.random(in: 0..<12, using: &self) {
        case 0:
            return LineChart(
                text(), x: axis(), y: axis(),
                series: list(14) {
                    .init(
                        $0.text(), x: $0.numbers(2000), y: $0.numbers(2000), lower: $0.numbers(30),
                        upper: $0.numbers(30), style: .dashed)
                }, markers: list(4) { .init(at: $0.number(), $0.text()) })
        case 1:
            return Histogram(
                text(), x: axis(), y: axis(), series: list(3) { .init($0.text(), $0.distribution()) })
        case 2:
            return RidgeChart(
                text(), x: axis(), y: axis(), steps: list(60) { .init(step: $0.number(), $0.distribution()) },
                sharesScale: Bool.random(using: &self))
        case 3:
            return HeatStrip(
                text(), x: axis(), y: axis(), steps: list(20) { .init(step: $0.number(), $0.distribution()) })
        case 4:
            return HeatMap(
                text(), values: list(60) { $0.numbers(60) }, rowLabels: list(60) { $0.text() },
                columnLabels: list(60) { $0.text() }, rowTitle: text(), columnTitle: text(),
                colorMap: Bool.random(using: &self) ? .diverging : .sequential)
        case 5:
            return ConfusionMatrixChart(
                text(),
                counts: list(40) { generator in (0..<5).map { _ in Int.random(in: -2...900, using: &generator) } },
                classNames: list(40) { $0.text() })
        case 6:
            let bounds = [number(), number()].map { $0.isFinite ? $0 : 0 }.sorted()
            return ScatterChart(
                text(), x: axis(), y: axis(),
                groups: list(12) { .init($0.text(), x: $0.numbers(900), y: $0.numbers(900)) },
                regions: .init(
                    classes: list(9) { generator in (0..<7).map { _ in Int.random(in: -1...3, using: &generator) } },
                    x: bounds[0]...bounds[1], y: -1...1), hasDiagonal: Bool.random(using: &self))
        case 7:
            return BarChart(
                text(), axis: axis(), labels: list(50) { $0.text() },
                series: list(4) { .init($0.text(), $0.numbers(50)) }, isStacked: Bool.random(using: &self))
        case 8:
            return ImageGrid(
                text(),
                images: list(9) {
                    let side = Int.random(in: -1...5, using: &$0)
                    let count = Bool.random(using: &$0) ? max(0, side * side * 3) : 7
                    return .init(
                        height: side, width: side, channels: 3, pixels: [UInt8](repeating: 9, count: count),
                        caption: $0.text())
                }, columns: Bool.random(using: &self) ? Int.random(in: -1...5, using: &self) : nil)
        case 9:
            return IntervalChart(
                text(), axis: axis(), reference: Bool.random(using: &self) ? number() : nil,
                groups: list(3) { $0.text() },
                rows: list(50) {
                    let ends = [$0.number(), $0.number()].filter { !$0.isNaN }.sorted()
                    return .init(
                        $0.text(), $0.number(), in: ends.count == 2 ? ends[0]...ends[1] : nil,
                        group: Int.random(in: -1...4, using: &$0))
                })
        case 10:
            return BoxStrip(
                text(), height: text(), width: text(), groups: list(3) { $0.text() },
                boxes: list(60) {
                    .init(
                        $0.text(), group: Int.random(in: -1...4, using: &$0), height: $0.number(), width: $0.number())
                })
        default: return Figure(text(), columns: Int.random(in: -1...3, using: &self), list(3) { $0.chart() })
        }
    }
}

/// One chart of each type with ordinary content.
let samples: [any Chart] = {
    let steps = (0..<5).map { step in
        DistributionAtStep(step: Double(step), Distribution(edges: [0, 1, 2, 3], counts: [1, Double(step), 2]))
    }
    return [
        LineChart(
            "Loss", x: "Epoch", y: "Loss",
            series: [
                .init("training", y: [3, 2, 1], lower: [2, 1, 0.5], upper: [4, 3, 2]),
                .init("validation", y: [3, .nan, 2]),
            ], markers: [.init(at: 2, "best")]),
        Histogram("Weights", x: "Weight", values: [1, 2, 2, 3]),
        RidgeChart("Activations", x: "Activation", steps: steps),
        HeatStrip("Activations", y: "Activation", steps: steps),
        HeatMap("Correlation", values: [[1, -0.5], [-0.5, 1]], colorMap: .diverging),
        HeatMap("Many", values: (0..<60).map { row in (0..<60).map { Double(row * $0) } }),
        ConfusionMatrixChart(counts: [[9, 1], [0, 5]], classNames: ["cat", "dog"]),
        ScatterChart(
            "Moons", x: "x", y: "y", groups: [.init("a", x: [0, 1], y: [0, 1]), .init("b", x: [1], y: [0])],
            regions: .init(classes: [[0, 1], [0, 0]], x: 0...1, y: 0...1)),
        BarChart("Time", axis: Axis("Time", unit: "ms"), labels: ["conv", "dense"], values: [2, 0.5]),
        IntervalChart(
            "Gains", axis: Axis("Gain", unit: "points"), reference: 0, groups: ["a", "b"],
            rows: [.init("first", 2, in: 1...3), .init("second", -1, group: 1), .init("third", .nan)]),
        BoxStrip(
            "Layers", height: "side", width: "channels", groups: ["input", "dense"],
            boxes: [.init("image", height: 28, width: 1), .init("F6", group: 1, height: 1, width: 84)]),
        ImageGrid("Images", images: [.init(height: 1, width: 2, pixels: [0, 255], caption: "true: Shirt")]),
    ]
}()
