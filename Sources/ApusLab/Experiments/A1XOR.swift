import Apus
import ApusCharts
import Foundation

/// A1: what a perceptron can't and a hidden layer can.
struct XOR: LabExperiment {
    /// A thousand networks 2-h-1 that learn the same four points.
    struct Setting: Codable, Hashable, Sendable {
        var task: Task
        /// The hidden units; without any the network is a perceptron.
        var hidden: Int
        var activation: DenseStack.Activation
        var networks: Int
        var steps = 4000
    }

    enum Task: String, Codable, CaseIterable {
        case and, or, xor

        /// What belongs to (0, 0), (0, 1), (1, 0) and (1, 1).
        var answers: [Float] {
            switch self {
            case .and: [0, 0, 0, 1]
            case .or: [0, 1, 1, 1]
            case .xor: [0, 1, 1, 0]
            }
        }
    }

    static let widths = [2, 3, 4, 8]

    let about = LabAbout(
        "xor", number: "A1", part: .foundations, title: Words("One layer is not enough", "퍼셉트론과 XOR"),
        question: Words(
            "Does a hidden layer solve what a perceptron cannot?", "퍼셉트론이 풀 수 없는 것을 은닉층은 푸는가?"),
        taught: [
            .init(
                Words(
                    "A perceptron can be AND, OR and NAND, but not XOR: no line divides its points. Two layers can.",
                    "퍼셉트론은 AND, OR, NAND는 되지만 XOR은 되지 않는다. 점들을 나누는 직선이 없기 때문이다. 층을 둘 쌓으면 된다."),
                source: "Deep Learning from Scratch, chapter 2")
        ],
        setup: Words(
            "A thousand networks for each arm, each with start values N(0, 1/n), all trained at once as one batched program: 4000 steps of gradient descent on all four points, rate 0.5, cross-entropy. A network has solved its task when it classifies all four points.",
            "설정마다 시작값 N(0, 1/n)인 신경망 1000개를 하나의 프로그램으로 함께 학습한다. 네 점 모두에 대해 학습률 0.5, 교차 엔트로피로 4000걸음 경사하강한다. 네 점을 모두 맞히면 푼 것이다."
        ),
        recipes: [
            .init(
                Words("One network in Swift", "Swift로 쓴 한 신경망"), .swift,
                """
                import Apus

                let net = Sequential { Dense(8, activation: .tanh); Dense(1) }
                let x = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
                let y = Tensor([0, 1, 1, 0], shape: [4, 1])
                var weights = try net.initialized(input: [2], seed: 1)
                var descent = Optimizer.sgd(learningRate: 0.5).state(for: weights)
                for _ in 0..<1000 {
                    let (_, gradients) = valueAndGradient(at: weights) { meanSquaredError(sigmoid(net(x, $0)), y) }
                    try descent.update(&weights, gradients)
                }
                print(sigmoid(net(x, weights)).scalars)
                """)
        ],
        lesson: Words(
            "Held: no perceptron solves XOR, and eight hidden tanh units nearly always do. Two hidden units, the network of the textbook, often do not.",
            "성립한다. 어떤 퍼셉트론도 XOR을 풀지 못하고, tanh 유닛 여덟 개는 거의 언제나 푼다. 그러나 교과서의 은닉 유닛 두 개는 자주 실패한다."),
        surprise: Words(
            "That two units are enough to represent XOR does not mean that descent finds how: with ReLU it fails in four of five networks. A unit that is off for all four points never comes back, and networks whose units both live get stuck, too.",
            "유닛 두 개로 XOR을 표현할 수 있다는 것이 경사하강이 그 방법을 찾는다는 뜻은 아니다. ReLU는 다섯 중 네 번 실패한다. 네 점 모두에서 꺼진 유닛은 다시 켜지지 않고, 두 유닛이 살아 있는 신경망도 갇힌다."
        ),
        next: [
            .init(
                Words("See what hidden units do where nothing is that small.", "더 큰 문제에서 은닉층의 시작값이 하는 일을 보자."), .shell,
                "apus lab run histograms")
        ], seeds: 1, seconds: 11)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let networks = size.of(1000, trial: 200)
        return Task.allCases.map { task in
            LabArm(
                "perceptron-\(task.rawValue)",
                Words("\(task.rawValue.uppercased()), perceptron", "\(task.rawValue.uppercased()), 퍼셉트론"),
                Setting(
                    task: task, hidden: 0, activation: .sigmoid, networks: networks,
                    steps: size.of(4000, quick: 2000, trial: 200)))
        }
            + DenseStack.Activation.allCases.flatMap { activation in
                XOR.widths.map { width in
                    LabArm(
                        "\(activation.rawValue)-\(width)", Words("XOR, 2-\(width)-1 \(activation.rawValue)"),
                        Setting(
                            task: .xor, hidden: width, activation: activation, networks: networks,
                            steps: size.of(4000, quick: 2000, trial: 200)))
                }
            }
    }

    // MARK: Measuring

    /// The weights of all networks: for hidden units [N, 1, h] each of first and second input, bias and output, and the output's bias [N, 1].
    /// A perceptron's are those of its output.
    private struct Networks {
        let setting: Setting

        func start(_ key: inout RandomKey) -> [Tensor] {
            let (n, h) = (setting.networks, max(1, setting.hidden))
            func normal(_ inputs: Int) -> Tensor {
                .normal([n, 1, h], standardDeviation: (1 / Double(inputs)).squareRoot(), key: key.next())
            }
            let first = [normal(2), normal(2), .zeros([n, 1, h])]
            return setting.hidden == 0 ? first : first + [normal(h), .zeros([n, 1])]
        }

        /// The logits [N, P] of points x and y, each [P].
        func logits(_ weights: [Tensor], _ x: Tensor, _ y: Tensor) -> Tensor {
            let (x, y) = (x.reshaped(to: [1, x.shape[0], 1]), y.reshaped(to: [1, y.shape[0], 1]))
            let z = weights[0] * x + weights[1] * y + weights[2]
            guard setting.hidden > 0 else { return z.sum(axes: [2]) }
            return (setting.activation(z) * weights[3]).sum(axes: [2]) + weights[4]
        }
    }

    private static let corners = (x: Tensor([0, 0, 1, 1] as [Float]), y: Tensor([0, 1, 0, 1] as [Float]))
    /// The grid on which decisions are drawn, in each direction.
    static let grid = 41
    static let range = -0.5...1.5

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (networks, answers) = (Networks(setting: setting), Tensor(setting.task.answers))
        var key = RandomKey(seed: seed).child("xor")
        var weights = networks.start(&key)
        let step = compile { (weights: [Tensor]) -> [Tensor] in
            let slopes = gradient(at: weights) { weights in
                let z = networks.logits(weights, XOR.corners.x, XOR.corners.y)
                // log(1 + eᶻ) − yz, the mean over the points of each network.
                let losses = relu(z) - z * answers + log(1 + exp(-abs(z)))
                return losses.mean(axes: [1]).sum()
            }
            return zip(weights, slopes).map { $0 - $1 * 0.5 }
        }
        for _ in 0..<setting.steps { weights = try step(weights) }
        let right = (networks.logits(weights, XOR.corners.x, XOR.corners.y) .> 0).cast(to: .float32) .== answers
        let shares = right.cast(to: .float32).mean(axes: [1]).scalars.map(Double.init)
        let solved = shares.map { $0 == 1 }
        // A network that solved its task is drawn, and one that did not, where there are both.
        var series = ["shares": [0.25, 0.5, 0.75, 1, 0].map { share in Double(shares.count { $0 == share }) }]
        // Cells whose middles reach from one end to the other.
        let margin = (XOR.range.upperBound - XOR.range.lowerBound) / Double(2 * (XOR.grid - 1))
        let range = (XOR.range.lowerBound - margin)...(XOR.range.upperBound + margin)
        for (name, place) in [("solved", solved.firstIndex(of: true)), ("failed", solved.firstIndex(of: false))] {
            guard let place else { continue }
            let one = weights.map { $0[place..<(place + 1)] }
            series["map.\(name)"] = try DecisionMap(x: range, y: range, columns: XOR.grid, rows: XOR.grid) {
                networks.logits(one, $0[0..., 0], $0[0..., 1]) .> 0
            }.classes.joined().map(Double.init)
        }
        return LabMeasurement(
            [
                "solved": Double(solved.count { $0 }), "networks": Double(shares.count), "best": shares.max() ?? .nan,
                "share": Double(solved.count { $0 }) / Double(shares.count),
            ], series: series)
    }

    // MARK: Claims

    var claims: [Claim] {
        func solved(_ arm: String) -> @Sendable (LabResults) -> Evidence {
            { results in
                func total(_ name: String) -> Double { results[arm].numbers(name).reduce(0, +) }
                let (count, all) = (total("solved"), total("networks"))
                guard count.isFinite, all.isFinite, abs(all) < 1e9, (0...max(all, 0)).contains(count) else {
                    return .exact(.nan)
                }
                return .rate(Int(count), of: Int(all))
            }
        }
        let share = Words("share of networks that classify all four points", "네 점을 모두 맞힌 신경망의 비율")
        return [
            Claim(
                "perceptron-fails",
                Words("No perceptron classifies more than three of XOR's points.", "어떤 퍼셉트론도 XOR의 점을 셋보다 많이 맞히지 못한다."),
                statistic: Words("share of points that the best of all networks classifies", "가장 좋은 신경망이 맞힌 점의 비율"),
                .atMost(0.75), basis: .theory, isTaught: true
            ) { .exact($0["perceptron-xor"].numbers("best").max() ?? .nan) },
            Claim(
                "perceptron-or", Words("A perceptron learns OR.", "퍼셉트론은 OR을 배운다."), statistic: share, .atLeast(0.99),
                basis: .theory, isTaught: true, evidence: solved("perceptron-or")),
            Claim(
                "perceptron-and", Words("A perceptron learns AND.", "퍼셉트론은 AND를 배운다."), statistic: share,
                .atLeast(0.99),
                basis: .theory, isTaught: true, evidence: solved("perceptron-and")),
            Claim(
                "eight-solve", Words("Eight hidden tanh units solve XOR.", "은닉 tanh 유닛 여덟 개는 XOR을 푼다."),
                statistic: share,
                .atLeast(0.99), basis: .measured, isTaught: true, evidence: solved("tanh-8")),
            Claim(
                "two-solve-sigmoid",
                Words(
                    "Two hidden sigmoid units solve XOR in 95 of 100 networks.", "은닉 시그모이드 유닛 두 개는 100번 중 95번 XOR을 푼다."),
                statistic: share, .atLeast(0.95), basis: .predicted, isTaught: true, evidence: solved("sigmoid-2")),
            Claim(
                "two-solve-relu",
                Words("Two hidden ReLU units solve XOR in 95 of 100 networks.", "은닉 ReLU 유닛 두 개는 100번 중 95번 XOR을 푼다."),
                statistic: share, .atLeast(0.95), basis: .predicted, isTaught: true, evidence: solved("relu-2")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let outcomes = LabFigure.Control(
            Words("Network", "신경망")[language], .choice,
            options: [Words("one that solved it", "푼 것")[language], Words("one that did not", "풀지 못한 것")[language]])
        let drawn = ["perceptron-or", "perceptron-xor", "sigmoid-2", "relu-2", "tanh-4", "tanh-8"]
        return [
            LabFigure(
                "boundaries",
                caption: Words(
                    "Where networks say 1 (shaded orange) and 0: a perceptron draws one line, hidden units bend it.",
                    "신경망이 1(주황)과 0이라고 하는 곳. 퍼셉트론은 직선 하나를 긋고, 은닉 유닛은 그것을 굽힌다.")[language],
                controls: [outcomes]
            ) { choice in
                Figure(
                    "", columns: 3,
                    drawn.map { id in
                        Sized(
                            boundary(results[id], choice[0] == 0 ? "solved" : "failed", language),
                            ChartSize(width: 300, height: 270))
                    })
            },
            LabFigure(
                "success",
                caption: Words("How many of a thousand networks solve XOR.", "신경망 1000개 중 XOR을 푼 비율.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Hidden units", "은닉 유닛")[language]),
                    y: Axis(Words("Share that solved it", "푼 비율")[language], range: 0...1),
                    series: DenseStack.Activation.allCases.map { activation in
                        let estimates = XOR.widths.map { width in
                            let arm = results["\(activation.rawValue)-\(width)"]
                            return Estimate(
                                .rate(Int(arm.mean("solved")), of: Int(max(1, arm.mean("networks")))))
                        }
                        return LineChart.Series(
                            activation.rawValue, x: XOR.widths.map(Double.init), y: estimates.map(\.value),
                            lower: estimates.map(\.interval.lowerBound), upper: estimates.map(\.interval.upperBound))
                    })),
        ]
    }

    private func boundary(_ arm: LabResults.Arm, _ name: String, _ language: Language) -> any Chart {
        let task: Task = arm.id == "perceptron-or" ? .or : .xor
        let map = arm.series("map.\(name)").first ?? []
        let rows = stride(from: 0, to: map.count, by: XOR.grid).map {
            map[$0..<min($0 + XOR.grid, map.count)].map { Int($0) }
        }
        let corners = zip([(0.0, 0.0), (0, 1), (1, 0), (1, 1)], task.answers)
        let groups = [Float(0), 1].map { answer in
            let points = corners.filter { $0.1 == answer }.map(\.0)
            return ScatterChart.Group("\(Int(answer))", x: points.map(\.0), y: points.map(\.1))
        }
        let none = Words("none", "없음")[language]
        return ScatterChart(
            map.isEmpty ? "\(arm.title[language]): \(none)" : arm.title[language], x: Axis("x₁", range: XOR.range),
            y: Axis("x₂", range: XOR.range), groups: groups,
            regions: rows.isEmpty ? nil : ScatterChart.Regions(classes: rows, x: XOR.range, y: XOR.range))
    }
}
