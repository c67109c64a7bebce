import Apus
import ApusCharts
import Foundation

/// C2: what five layers yield before anything is learned, under each initialization.
struct Histograms: LabExperiment {
    /// A stack of dense layers without biases.
    struct Setting: Codable, Hashable, Sendable {
        var stack: DenseStack
        var samples = 1000
        var depth = 30
    }

    let about = LabAbout(
        "histograms", number: "C2", part: .signal,
        title: Words("Activations at birth", "활성화 값 분포"),
        question: Words(
            "What do five layers yield before anything is learned?", "학습 전, 다섯 층은 어떤 값을 내놓는가?"),
        taught: [
            .init(
                Words(
                    "With a standard deviation of 1 the outputs of sigmoid layers pile up at 0 and 1 and gradients vanish; with 0.01 all are near 0.5 and the layers lose their power of expression; Xavier spreads them; for ReLU, He keeps them alive.",
                    "표준편차가 1이면 시그모이드 출력은 0과 1에 치우쳐 기울기가 사라지고, 0.01이면 0.5 근처에 몰려 표현력이 제한된다. Xavier는 고르게 퍼지게 하고, ReLU에는 He가 알맞다."
                ),
                source: "Deep Learning from Scratch, chapter 6, weight_init_activation_histogram")
        ],
        setup: Words(
            "1000 inputs of 100 normal numbers go through layers of 100 units without biases. All initializations scale the same normal numbers. Two spreads are measured in each layer: pooled, over all units and inputs together, as the course draws it; and within units, the mean of the units' own standard deviations over the inputs. Only the second says whether a unit reacts to its input.",
            "정규분포 수 100개짜리 입력 1000개가 편향 없는 100유닛 층들을 지난다. 모든 초기화는 같은 난수에 배율만 다르게 곱한다. 층마다 두 가지 퍼짐을 잰다. 하나는 강의에서 그리는 대로 모든 유닛과 입력을 합친 전체 표준편차이고, 다른 하나는 유닛 안의 표준편차(유닛별로 입력에 따라 변하는 정도의 평균)이다. 유닛이 입력에 반응하는지는 두 번째만이 말해 준다."
        ),
        recipes: [
            .init(
                Words("One arm in Swift", "Swift로 쓴 한 설정"), .swift,
                """
                import Apus

                var key = RandomKey(seed: 1)
                var h = Tensor.normal([1000, 100], key: key.next())
                for layer in 1...5 {
                    h = sigmoid(h.matmul(Tensor.normal([100, 100], standardDeviation: 0.1, key: key.next())))
                    let withinUnits = h.variance(axes: [0]).mean().item().squareRoot()
                    print(layer, h.standardDeviation().item(), withinUnits)
                }
                """)
        ],
        lesson: Words(
            "The histograms look as taught. But the spread that Xavier gives sigmoid layers is between units, not within them: by the fifth layer each unit hardly reacts to its input.",
            "히스토그램은 배운 대로 나온다. 그러나 Xavier가 시그모이드 층에 주는 퍼짐은 유닛 사이의 퍼짐이다. 다섯째 층에서 각 유닛은 입력에 거의 반응하지 않는다."),
        surprise: Words(
            "Switch the histograms to “within units”. Sigmoid with Xavier looks healthy when pooled and is nearly dead within units, while N(0, 1), the bad example of the course, keeps the strongest reaction to the input.",
            "히스토그램을 ‘유닛 안’으로 바꿔 보자. 시그모이드와 Xavier는 합쳐 보면 건강하지만 유닛 안에서는 거의 죽어 있다. 오히려 강의의 나쁜 예인 N(0, 1)이 입력에 가장 강하게 반응한다."
        ),
        next: [
            .init(
                Words("See what this does to the gradient.", "이것이 기울기에 어떤 영향을 주는지 보자."), .shell,
                "apus lab run backward")
        ], seeds: 10, seconds: 6, revision: 2)

    static let layers = 1...5

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        DenseStack.all.map { LabArm($0.id, $0.title, Setting(stack: $0)) }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var key = RandomKey(seed: seed).child("stack")
        let (stack, n) = (setting.stack, DenseStack.units)
        var h = Tensor.normal([setting.samples, n], key: key.next())
        var measurement = LabMeasurement()
        var (pooled, within): ([Double], [Double]) = ([], [])
        for layer in 1...setting.depth {
            h = try stack.activation(h.matmul(stack.scale.kernel(n, n, key.next()))).evaluated()
            let spread = Spread(h)
            pooled.append(spread.pooled)
            within.append(spread.within)
            guard Histograms.layers.contains(layer) else { continue }
            measurement["pooled.\(layer)"] = spread.pooled
            measurement["within.\(layer)"] = spread.within
            let range = Histograms.range(stack.activation, spread)
            measurement.series["edges.\(layer)"] = [range.lowerBound, range.upperBound]
            measurement.series["histogram.\(layer)"] = spread.counts(in: range)
            let middle = (range.upperBound - range.lowerBound) / 2
            measurement.series["reaction.\(layer)"] = spread.deviationCounts(in: -middle...middle)
            if layer == Histograms.layers.upperBound {
                measurement["saturated"] = spread.share { value in
                    switch stack.activation {
                    case .sigmoid: value < 0.05 || value > 0.95
                    case .tanh: abs(value) > 0.97
                    case .relu: value == 0
                    }
                }
            }
        }
        measurement["pooled.5/1"] = pooled[4] / pooled[0]
        measurement.series["pooled"] = pooled
        measurement.series["within"] = within
        return measurement
    }

    /// Where the histograms of a layer are drawn: the values that the activation can take, or those that ReLU does take.
    private static func range(_ activation: DenseStack.Activation, _ spread: Spread) -> ClosedRange<Double> {
        switch activation {
        case .sigmoid: 0...1
        case .tanh: -1...1
        case .relu: 0...max(spread.greatest, .leastNormalMagnitude)
        }
    }

    // MARK: Claims

    var claims: [Claim] {
        func number(_ name: String, _ arm: String) -> @Sendable (LabResults) -> Evidence {
            { .mean($0[arm].numbers(name)) }
        }
        let pooled = Words("pooled standard deviation of layer 5", "다섯째 층의 전체 표준편차")
        return [
            Claim(
                "one-saturates",
                Words(
                    "Sigmoid, N(0, 1): at least 60 % of the values of layer 5 are at the ends.",
                    "시그모이드, N(0, 1): 다섯째 층 값의 60 % 이상이 양 끝에 몰린다."),
                statistic: Words("share outside 0.05 to 0.95", "0.05~0.95 밖의 비율"), .atLeast(0.6), basis: .measured,
                isTaught: true, evidence: number("saturated", "sigmoid-one")),
            Claim(
                "hundredth-collapses",
                Words(
                    "Sigmoid, 0.01: all values of layer 5 are nearly equal.",
                    "시그모이드, 0.01: 다섯째 층의 값이 거의 모두 같다."),
                statistic: pooled, .atMost(0.02), basis: .measured, isTaught: true,
                evidence: number("pooled.5", "sigmoid-hundredth")),
            Claim(
                "xavier-spreads",
                Words("Sigmoid, Xavier: the values of layer 5 are spread.", "시그모이드, Xavier: 다섯째 층의 값이 퍼져 있다."),
                statistic: pooled, .within(0.10...0.16), basis: .measured, isTaught: true,
                evidence: number("pooled.5", "sigmoid-xavier")),
            Claim(
                "xavier-expresses",
                Words(
                    "Sigmoid, Xavier: the units of layer 5 react to their input at least a tenth as much as they differ from each other.",
                    "시그모이드, Xavier: 다섯째 층 유닛은 서로의 차이의 10분의 1 이상으로 입력에 반응한다."),
                statistic: Words(
                    "spread within units divided by pooled spread, layer 5", "다섯째 층의 유닛 안 표준편차 ÷ 전체 표준편차"),
                .atLeast(0.1), basis: .predicted, isTaught: true
            ) { results in
                let arm = results["sigmoid-xavier"]
                return .mean(zip(arm.numbers("within.5"), arm.numbers("pooled.5")).map { $0 / $1 })
            },
            Claim(
                "he-keeps",
                Words(
                    "ReLU, He: the spread of layer 5 is that of layer 1.", "ReLU, He: 다섯째 층의 퍼짐이 첫째 층과 같다."),
                statistic: Words("pooled standard deviation, layer 5 ÷ layer 1", "전체 표준편차, 다섯째 층 ÷ 첫째 층"),
                .within(0.8...1.3), basis: .measured, isTaught: true, evidence: number("pooled.5/1", "relu-he")),
            Claim(
                "xavier-shrinks",
                Words(
                    "ReLU, Xavier: the spread shrinks to a third in five layers.",
                    "ReLU, Xavier: 다섯 층 만에 퍼짐이 3분의 1로 줄어든다."),
                statistic: Words("pooled standard deviation, layer 5 ÷ layer 1", "전체 표준편차, 다섯째 층 ÷ 첫째 층"),
                .atMost(0.35), basis: .measured, isTaught: true, evidence: number("pooled.5/1", "relu-xavier")),
            Claim(
                "hundredth-dies",
                Words("ReLU, 0.01: nothing arrives at layer 5.", "ReLU, 0.01: 다섯째 층에는 아무것도 도달하지 않는다."),
                statistic: pooled, .atMost(1e-4), basis: .measured, isTaught: true,
                evidence: number("pooled.5", "relu-hundredth")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let activations = LabFigure.Control(
            Words("Activation", "활성화 함수")[language], .choice,
            options: DenseStack.Activation.allCases.map(\.rawValue))
        let scales = LabFigure.Control(
            Words("Standard deviation", "표준편차")[language], .choice,
            options: DenseStack.Scale.allCases.map { $0.title[language] },
            first: 2)
        let views = LabFigure.Control(
            Words("View", "보기")[language], .choice,
            options: [Words("pooled", "전체")[language], Words("within units", "유닛 안")[language]])
        return [
            LabFigure(
                "histograms",
                caption: Words(
                    "The values of five layers, as the course draws them; and the same values minus each unit's mean, which is what the unit says of its input. Seed 1.",
                    "강의에서 그리는 다섯 층의 값. 그리고 같은 값에서 유닛별 평균을 뺀 것으로, 유닛이 입력에 대해 말하는 전부이다. 시드 1.")[language],
                controls: [activations, scales, views]
            ) { choice in
                let stack = DenseStack(
                    activation: DenseStack.Activation.allCases[choice[0]], scale: DenseStack.Scale.allCases[choice[1]])
                return histograms(results[stack.id], isWithin: choice[2] == 1, language)
            },
            LabFigure(
                "by-layer",
                caption: Words(
                    "The spread layer by layer to depth 30; the band is from the least to the greatest of the seeds.",
                    "깊이 30까지 층별 퍼짐. 띠는 시드의 최솟값에서 최댓값까지이다.")[language],
                controls: [activations, views]
            ) { choice in
                let activation = DenseStack.Activation.allCases[choice[0]]
                let name = choice[1] == 0 ? "pooled" : "within"
                return LineChart(
                    activation.rawValue, x: Axis(Words("Layer", "층")[language]),
                    y: Axis(Words("Standard deviation", "표준편차")[language], scale: .logarithmic),
                    series: DenseStack.Scale.allCases.enumerated().map { place, scale in
                        let band = results[DenseStack(activation: activation, scale: scale).id].band(name)
                        return LineChart.Series(
                            scales.options[place], y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
        ]
    }

    private func histograms(_ arm: LabResults.Arm, isWithin: Bool, _ language: Language) -> any Chart {
        let charts = Histograms.layers.map { layer -> any Chart in
            let counts = arm.series(isWithin ? "reaction.\(layer)" : "histogram.\(layer)").first ?? []
            let ends = arm.series("edges.\(layer)").first ?? [0, 1]
            let half = (ends[1] - ends[0]) / 2
            let (low, high) = isWithin ? (-half, half) : (ends[0], ends[1])
            let edges = (0...counts.count).map { low + (high - low) * Double($0) / Double(max(1, counts.count)) }
            let spread = NumberFormat.short(
                arm.measurements.first?[isWithin ? "within.\(layer)" : "pooled.\(layer)"] ?? .nan)
            let title = Words("Layer \(layer): spread \(spread)", "\(layer)층: 표준편차 \(spread)")[language]
            return Histogram(
                title, x: Axis("", range: low...high), y: Axis(""),
                series: [.init("", Distribution(edges: edges, counts: counts))])
        }
        return Figure("", columns: 3, charts.map { Sized($0, ChartSize(width: 300, height: 200)) })
    }
}
