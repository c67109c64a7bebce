import Apus
import ApusCharts
import Foundation

/// G1: sizes of pictures, and what a number of a deep layer sees.
struct Geometry: LabExperiment {
    /// What is compared.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var cases = 0
        var depth = 0
    }

    enum Kind: String, Codable {
        case formula, executed, ceiling, dropped, chains, networks, effective
    }

    /// The classic networks, for their pictures of ImageNet or MNIST.
    static let networks: [(network: Zoo, title: String)] = [
        (.lenet5, "LeNet-5"), (.alexnet, "AlexNet"), (.vgg16, "VGG-16"), (.googlenet, "GoogLeNet"),
        (.resnet18, "ResNet-18"),
    ]
    static let depths = [2, 5, 10, 20]

    let about = LabAbout(
        "geometry", number: "G1", part: .convolution, title: Words("Where do the sizes come from?", "합성곱의 크기"),
        question: Words(
            "How large is what a convolution makes, and how much of the picture does a deep unit see?",
            "합성곱의 결과는 얼마나 크고, 깊은 유닛은 이미지를 얼마나 보는가?"),
        taught: [
            .init(
                Words("The side of the result is ⌊(n + 2p − f) / s⌋ + 1.", "결과의 변은 ⌊(n + 2p − f) / s⌋ + 1이다."),
                source: "deeplearning.ai, Convolutional Neural Networks, week 1; Deep Learning from Scratch, chapter 7"),
            .init(
                Words(
                    "Each window widens the receptive field by f − 1 steps of what is below; deep units see all of it.",
                    "창마다 수용 영역은 아래 간격의 f − 1배만큼 넓어지고, 깊은 유닛은 그 전부를 본다."),
                source: "CS231n, Convolutional Neural Networks"),
        ],
        setup: Words(
            "Random windows (n to 64, f to 7, s to 4, p to 3) are given to the formula, to the library's shapes, and some of them are executed. Receptive fields are measured by the gradient to the input: of random chains of windows, and of the chain of windows of each classic network that sees most. The effective field is measured in stacks of 3 × 3 convolutions of 16 channels with He and ReLU on random pictures: the squared gradient of the middle of the result.",
            "무작위 창(n은 64, f는 7, s는 4, p는 3까지)을 공식과 라이브러리의 형태 계산에 주고, 일부는 실제로 실행한다. 수용 영역은 입력에 대한 기울기로 잰다. 무작위 창의 사슬과, 고전 신경망마다 가장 많이 보는 창의 사슬이다. 유효 수용 영역은 He와 ReLU를 쓰는 16채널 3 × 3 합성곱을 쌓아 무작위 이미지에서 결과 가운데의 기울기 제곱으로 잰다."
        ),
        recipes: [
            .init(Words("Sizes and receptive fields of a model", "모델의 크기와 수용 영역"), .shell, "apus summary vgg16"),
            .init(
                Words("A receptive field by its gradient, in Swift", "기울기로 잰 수용 영역(Swift)"), .swift,
                """
                import Apus

                let net = Sequential { for _ in 0..<5 { Conv2D(filters: 8, kernelSize: 3, activation: .relu) } }
                let weights = try net.initialized(input: [11, 11, 1], seed: 1)
                let x = Tensor.normal([1, 11, 11, 1], key: RandomKey(seed: 2))
                let slopes = gradient(at: x) { net($0, weights).sum() }
                print(slopes.scalars.count { $0 != 0 })   // 121: all of 11 × 11
                """),
        ],
        lesson: Words(
            "Held: the formula was right in every one of 10,000 random cases, of 500 that were executed and of the 121 windows of five networks, and the gradient reached exactly the receptive field that is computed.",
            "성립한다. 공식은 무작위 경우 1만 개, 실제로 실행한 500개, 다섯 신경망의 창 121개 모두에서 맞았고, 기울기가 닿은 곳은 계산한 수용 영역과 정확히 같았다."),
        surprise: Words(
            "A deep unit uses far less than it could see. Of the 41 × 41 pixels below twenty layers the middle quarter carries 99 % of the squared gradient: the effective field grows as the root of the depth. And what the floor drops has no influence at all.",
            "깊은 유닛은 볼 수 있는 것보다 훨씬 적게 쓴다. 스무 층 아래의 41 × 41 픽셀 중 가운데 4분의 1이 기울기 제곱의 99 %를 갖는다. 유효 수용 영역은 깊이의 제곱근으로 커진다. 그리고 내림이 버리는 열은 아무 영향도 주지 않는다."
        ),
        next: [
            .init(Words("Look at a network layer by layer.", "신경망을 층마다 살펴보자."), .shell, "apus summary resnet18")
        ], seeds: 5, seconds: 3)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ kind: Kind, _ title: Words, _ cases: Int) -> LabArm<Setting> {
            LabArm(kind.rawValue, title, Setting(kind: kind, cases: cases))
        }
        return [
            arm(.formula, Words("formula", "공식"), size.of(2000, quick: 1000, trial: 50)),
            arm(.executed, Words("executed", "실행"), size.of(100, quick: 50, trial: 5)),
            arm(.ceiling, Words("ceil mode", "올림"), size.of(2000, quick: 1000, trial: 50)),
            arm(.dropped, Words("dropped columns", "버려진 열"), size.of(100, quick: 50, trial: 5)),
            arm(.chains, Words("random chains", "무작위 사슬"), size.of(100, quick: 50, trial: 5)),
            arm(.networks, Words("five networks", "다섯 신경망"), 5),
        ]
            + Geometry.depths.map { depth in
                LabArm(
                    "effective-\(depth)", Words("\(depth) layers of 3 × 3", "3 × 3 \(depth)층"),
                    Setting(kind: .effective, cases: size.of(16, quick: 4, trial: 1), depth: depth))
            }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var key = RandomKey(seed: seed).child(setting.kind.rawValue)
        func agreement(_ isRight: () throws -> Bool) rethrows -> LabMeasurement {
            let right = try (0..<setting.cases).count { _ in try isRight() }
            return LabMeasurement(["agreement": Double(right) / Double(setting.cases)])
        }
        switch setting.kind {
        case .formula:
            return try agreement {
                let (window, rest) = Geometry.randomWindow(&key)
                let n = window.least + rest
                return try Geometry.layer(window).summary(input: [n, 1]).rows.last?.outputShape[0] == window.formula(n)
            }
        case .executed:
            return try agreement {
                let (window, rest) = Geometry.randomWindow(&key)
                let n = window.least + rest
                let net = Geometry.layer(window)
                let weights = try net.initialized(input: [n, 1], seed: seed)
                return net(Tensor.ones([1, n, 1]), weights).scalars.count == window.formula(n)
            }
        case .ceiling:
            return try agreement {
                let (drawn, rest) = Geometry.randomWindow(&key)
                var window = drawn
                (window.isPooling, window.hasCeilMode, window.dilation) = (true, true, 1)
                // Pooling has no window that lies in the padding alone.
                let padding = min(window.padding.before, (window.size - 1) / 2)
                window.padding = (padding, padding)
                let n = window.least + rest
                return try Geometry.layer(window).summary(input: [n, 1]).rows.last?.outputShape[0] == window.formula(n)
            }
        case .dropped:
            return try agreement {
                let (drawn, rest) = Geometry.randomWindow(&key)
                var window = drawn
                // Without gaps between windows, or windows that begin behind the edge.
                window.dilation = 1
                window.stride = min(window.stride, window.size)
                let padding = min(window.padding.before, window.size - 1)
                window.padding = (padding, padding)
                let n = window.least + rest
                let net = Geometry.layer(window)
                let weights = try net.initialized(input: [n, 1], seed: seed)
                let slopes = gradient(at: Tensor.ones([1, n, 1])) { net($0, weights).sum() }.scalars
                return slopes.count { $0 == 0 } == window.dropped(n)
            }
        case .chains:
            return try agreement {
                let windows = (0..<(2 + Geometry.draw(4, &key))).map { _ in
                    SlidingWindow(
                        size: 1 + Geometry.draw(5, &key), stride: 1 + Geometry.draw(2, &key),
                        dilation: 1 + Geometry.draw(2, &key))
                }
                return try NetworkGeometry.measuredField(of: windows, seed: seed) == Geometry.field(of: windows)
            }
        case .networks: return try networks(seed: seed)
        case .effective: return try effective(setting, seed: seed)
        }
    }

    /// A number below a bound.
    private static func draw(_ bound: Int, _ key: inout RandomKey) -> Int {
        min(bound - 1, Int(Tensor.uniform([1], key: key.next()).scalars[0] * Float(bound)))
    }

    /// A window, and how many columns there are more than it needs.
    private static func randomWindow(_ key: inout RandomKey) -> (SlidingWindow, Int) {
        let draws = Tensor.uniform([5], key: key.next()).scalars
        func number(_ place: Int, below bound: Int) -> Int { min(bound - 1, Int(draws[place] * Float(bound))) }
        let (padding, dilation) = (number(0, below: 4), 1 + number(1, below: 2))
        let window = SlidingWindow(
            size: 1 + number(2, below: 7), stride: 1 + number(3, below: 4), padding: (padding, padding),
            dilation: dilation)
        return (window, number(4, below: 52))
    }

    /// The layer of a window: of ones, on one channel.
    private static func layer(_ window: SlidingWindow) -> Sequential {
        let padding = Padding.explicit(Edges2D(left: window.padding.before, right: window.padding.after))
        return Sequential {
            if window.isPooling {
                MaxPool1D(window.size, strides: window.stride, padding: padding, ceilMode: window.hasCeilMode)
            } else {
                Conv1D(
                    filters: 1, kernelSize: window.size, strides: window.stride, padding: padding,
                    dilation: window.dilation, useBias: false, kernelInitializer: .ones)
            }
        }
    }

    /// The course's rule: each window adds f − 1 steps.
    private static func field(of windows: [SlidingWindow]) -> Int {
        windows.reduce((field: 1, step: 1)) { ($0.field + ($1.extent - 1) * $0.step, $0.step * $1.stride) }.field
    }

    private func networks(seed: UInt64) throws -> LabMeasurement {
        var (right, windows, fields) = (0, 0, 0)
        var measurement = LabMeasurement()
        for (network, _) in Geometry.networks {
            let published = network.published
            let model = network.model(classes: published.classes, images: published.images)
            let geometry = try NetworkGeometry(model, input: published.input)
            windows += geometry.windows.count
            right += geometry.windows.count { $0.window.formula($0.from) == $0.to }
            let computed = geometry.chain.last?.field ?? 0
            let measured = try NetworkGeometry.measuredField(of: geometry.chain.map(\.window), seed: seed)
            let summary = try model.summary(input: published.input).rows.compactMap(\.receptiveField?.width).max()
            fields += measured == computed && summary == computed ? 1 : 0
            let name = network.rawValue
            (measurement["computed.\(name)"], measurement["measured.\(name)"]) = (Double(computed), Double(measured))
            measurement.series["\(name).sides"] = geometry.chain.map { Double($0.side) }
            measurement.series["\(name).fields"] = geometry.chain.map { Double($0.field) }
            measurement.series["\(name).channels"] = geometry.chain.map { Double($0.channels) }
        }
        measurement["agreement"] = Double(right) / Double(windows)
        measurement["windows"] = Double(windows)
        measurement["fieldAgreement"] = Double(fields) / Double(Geometry.networks.count)
        return measurement
    }

    private func effective(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let side = 2 * setting.depth + 1
        let net = Sequential {
            for _ in 0..<setting.depth {
                Conv2D(filters: 16, kernelSize: 3, activation: .relu, useBias: false, kernelInitializer: .heNormal)
            }
        }
        var key = RandomKey(seed: seed).child("effective")
        var squares = [Double](repeating: 0, count: side * side)
        for draw in 0..<setting.cases {
            let weights = try net.initialized(input: [side, side, 1], seed: seed * 100 + UInt64(draw))
            let x = Tensor.normal([1, side, side, 1], key: key.next())
            let slopes = gradient(at: x) { net($0, weights).sum() }.scalars.map { Double($0) }
            let sum = slopes.reduce(0) { $0 + $1 * $1 }
            guard sum > 0, sum.isFinite else { continue }
            for (place, slope) in slopes.enumerated() { squares[place] += slope * slope / sum }
        }
        let total = squares.reduce(0, +)
        var (variance, inner) = (0.0, 0.0)
        for (place, square) in squares.enumerated() {
            let (y, x) = (Double(place / side - setting.depth), Double(place % side - setting.depth))
            variance += square * (x * x + y * y) / 2
            // The middle half of the field in each direction.
            if abs(x) <= Double(side) / 4, abs(y) <= Double(side) / 4 { inner += square }
        }
        let greatest = squares.max() ?? 1
        return LabMeasurement(
            [
                "field": Double(side), "deviation": (variance / total).squareRoot(), "inner": inner / total,
                "logDeviation": log((variance / total).squareRoot()),
            ], series: ["map": squares.map { ($0 / greatest).squareRoot() }])
    }

    // MARK: Claims

    var claims: [Claim] {
        let share = Words("share of cases in which both agree", "둘이 일치하는 경우의 비율")
        func agrees(_ arm: Kind) -> @Sendable (LabResults) -> Evidence {
            Evidence.mean(of: "agreement", in: arm.rawValue)
        }
        return [
            Claim(
                "formula",
                Words(
                    "The formula gives the side of the result for random windows.", "공식은 무작위 창에서 결과의 변을 맞힌다."),
                statistic: share, .equal(to: 1), basis: .theory, isTaught: true, evidence: agrees(.formula)),
            Claim(
                "executed",
                Words("It gives how many numbers are computed in fact.", "공식은 실제로 계산되는 수의 개수를 맞힌다."),
                statistic: share, .equal(to: 1), basis: .theory, isTaught: true, evidence: agrees(.executed)),
            Claim(
                "networks",
                Words(
                    "It gives the side of each of the windows of five classic networks.",
                    "공식은 고전 신경망 다섯 개의 모든 창에서 변을 맞힌다."), statistic: share, .equal(to: 1),
                basis: .theory, isTaught: true, evidence: agrees(.networks)),
            Claim(
                "ceiling",
                Words(
                    "In ceil mode the result has a row more where something is left, unless its window would begin behind the picture.",
                    "올림 방식에서는 남는 것이 있으면 한 줄이 늘지만, 창이 이미지 뒤에서 시작하면 늘지 않는다."),
                statistic: share, .equal(to: 1), basis: .theory, evidence: agrees(.ceiling)),
            Claim(
                "dropped",
                Words(
                    "What the floor drops, (n + 2p − f) mod s columns less the padding, has no influence on the result.",
                    "내림이 버리는 (n + 2p − f) mod s개 열(패딩 제외)은 결과에 아무 영향이 없다."),
                statistic: share, .equal(to: 1), basis: .theory, evidence: agrees(.dropped)),
            Claim(
                "field-chains",
                Words(
                    "The receptive field of random chains is the computed one.", "무작위 사슬의 수용 영역은 계산한 것과 같다."),
                statistic: share, .equal(to: 1), basis: .theory, isTaught: true, evidence: agrees(.chains)),
            Claim(
                "field-networks",
                Words("So it is for the five networks.", "다섯 신경망에서도 같다."), statistic: share, .equal(to: 1),
                basis: .theory, isTaught: true, evidence: Evidence.mean(of: "fieldAgreement", in: "networks")),
            Claim(
                "effective-inner",
                Words(
                    "Twenty layers of 3 × 3: nearly all influence comes from the middle half of the field.",
                    "3 × 3 스무 층: 거의 모든 영향은 수용 영역의 가운데 절반에서 온다."),
                statistic: Words("share of the squared gradient", "기울기 제곱의 비율"), .atLeast(0.95), basis: .theory,
                evidence: Evidence.mean(of: "inner", in: "effective-20")),
            Claim(
                "effective-root",
                Words(
                    "The effective field grows as the root of the depth, the computed one as the depth.",
                    "유효 수용 영역은 깊이의 제곱근으로, 계산한 것은 깊이에 비례해 커진다."),
                statistic: Words(
                    "exponent of the growth of the standard deviation from 5 to 20 layers", "5층에서 20층까지 표준편차가 커지는 지수"),
                .within(0.4...0.6), basis: .theory
            ) { results in
                .mean(results.differences("logDeviation", "effective-20", minus: "effective-5").map { $0 / log(4) })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        let (sizes, strides, paddings) = ([2, 3, 5], [1, 2, 3], [0, 1, 2])
        func control(_ title: String, _ numbers: [Int], first: Int) -> LabFigure.Control {
            .init(title, .choice, options: numbers.map(String.init), first: first)
        }
        let depths = Geometry.depths.map(Double.init)
        return [
            LabFigure(
                "windows",
                caption: text(
                    "A window that moves over ten columns: each row is a number of the result, and shows the columns that it sees. Padding is marked blue. Columns behind the last window are dropped by the floor; where f < s, columns between windows are seen by none, too. In the table 1 is seen, −0.4 is padding.",
                    "열 10개 위를 움직이는 창. 행마다 결과의 수 하나이며 그것이 보는 열을 칠했다. 패딩은 파랑이다. 마지막 창 뒤의 열은 내림이 버린 것이고, f < s이면 창 사이의 열도 아무 창이 보지 않는다. 표에서 1은 보는 열, −0.4는 패딩이다."
                ),
                controls: [
                    control(text("Kernel f", "커널 f"), sizes, first: 1),
                    control(text("Stride s", "스트라이드 s"), strides, first: 1),
                    control(text("Padding p", "패딩 p"), paddings, first: 0),
                ]
            ) { choice in
                let (n, f, s, p) = (10, sizes[choice[0]], strides[choice[1]], paddings[choice[2]])
                let window = SlidingWindow(size: f, stride: s, padding: (p, p))
                let rows = (0..<window.formula(n)).map { place in
                    let seen = window.columns(at: place)
                    return (0..<(n + 2 * p)).map { column -> Double in
                        let isPadding = column < p || column >= n + p
                        return seen.contains(column) ? 1 : isPadding ? -0.4 : 0
                    }
                }
                return Sized(
                    HeatMap(
                        "⌊(\(n) + 2·\(p) − \(f)) / \(s)⌋ + 1 = \(window.formula(n))", values: rows,
                        rowLabels: rows.indices.map { "\($0 + 1)" },
                        columnLabels: (0..<(n + 2 * p)).map { $0 < p || $0 >= n + p ? "0" : "\($0 - p + 1)" },
                        rowTitle: text("Result", "결과"), columnTitle: text("Column", "열"), colorMap: .diverging,
                        range: -1...1, showsValues: false), ChartSize(width: 520, height: 320))
            },
            LabFigure(
                "networks",
                caption: text(
                    "The side of the pictures and the receptive field, window by window, along the chain that sees most: one shrinks, the other grows, counted in pixels of the input. GoogLeNet and ResNet-18 end with fields that are wider than their input of 224 pixels.",
                    "가장 많이 보는 사슬을 따라 창마다 이미지의 변과 수용 영역. 변은 줄고, 입력의 픽셀로 센 수용 영역은 커진다. GoogLeNet과 ResNet-18의 수용 영역은 224픽셀 입력보다 넓다."
                ),
                controls: [
                    .init(text("Network", "신경망"), .choice, options: Geometry.networks.map(\.title), first: 2)
                ]
            ) { choice in
                let name = Geometry.networks[choice[0]].network.rawValue
                func series(_ title: String, _ key: String) -> LineChart.Series {
                    .init(title, y: results["networks"].series("\(name).\(key)").first ?? [])
                }
                return LineChart(
                    "", x: Axis(text("Window", "창")),
                    y: Axis(text("Pixels or channels", "픽셀 또는 채널"), scale: .logarithmic),
                    series: [
                        series(text("side", "변"), "sides"), series(text("receptive field", "수용 영역"), "fields"),
                        series(text("channels", "채널"), "channels"),
                    ])
            },
            LabFigure(
                "effective",
                caption: text(
                    "What the middle of the result sees in fact: size of the gradient to each pixel of its receptive field. The computed field is the whole square.",
                    "결과의 가운데가 실제로 보는 것: 수용 영역의 픽셀마다 기울기의 크기. 계산한 수용 영역은 정사각형 전체이다."),
                controls: [
                    .init(text("Layers", "층"), .slider, options: Geometry.depths.map(String.init), first: 3)
                ]
            ) { choice in
                let map = results["effective-\(Geometry.depths[choice[0]])"].band("map").mean
                let side = 2 * Geometry.depths[choice[0]] + 1
                return Sized(
                    HeatMap(
                        "",
                        values: stride(from: 0, to: map.count, by: side).map {
                            Array(map[$0..<min($0 + side, map.count)])
                        },
                        rowTitle: text("Row", "행"), columnTitle: text("Column", "열"), range: 0...1, showsValues: false),
                    ChartSize(width: 440, height: 400))
            },
            LabFigure(
                "growth",
                caption: text(
                    "The side of the computed field, and four standard deviations of the effective one: one grows with the depth, the other with its root.",
                    "계산한 수용 영역의 변과 유효 수용 영역의 표준편차 네 배: 하나는 깊이에, 다른 하나는 그 제곱근에 비례한다."),
                chart: LineChart(
                    "", x: Axis(text("Layers", "층"), scale: .logarithmic),
                    y: Axis(text("Pixels", "픽셀"), scale: .logarithmic),
                    series: [
                        .init(
                            text("computed", "계산"), x: depths,
                            y: Geometry.depths.map { results["effective-\($0)"].mean("field") }),
                        .init(
                            text("effective, 4σ", "유효, 4σ"), x: depths,
                            y: Geometry.depths.map { 4 * results["effective-\($0)"].mean("deviation") }),
                    ])),
        ]
    }
}
