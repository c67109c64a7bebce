import Apus
import ApusCharts
import Foundation

/// C5: what depth does to sigmoid, tanh and ReLU, and what repairs it.
struct Vanishing: LabExperiment {
    /// A network 784-32-…-32-10 on Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var net: DeepNet
        var isAdam: Bool
        var images: Int
        var epochs: Int
    }

    enum Repair: String, CaseIterable {
        case slope, norm, skips

        var title: Words {
            switch self {
            case .slope: Words("start values 4/√n", "초깃값 4/√n")
            case .norm: Words("batch normalization", "배치 정규화")
            case .skips: Words("skip connections", "잔차 연결")
            }
        }
    }

    static let depths = [1, 2, 5, 10, 20]
    static let looks = 10

    let about = LabAbout(
        "vanishing", number: "C5", part: .signal, title: Words("Sigmoid and ReLU in depth", "기울기 소실"),
        question: Words(
            "Do deep sigmoid networks not learn because their gradient vanishes?",
            "깊은 시그모이드 신경망은 기울기가 사라져서 배우지 못하는가?"),
        taught: [
            .init(
                Words(
                    "The slope of the sigmoid is at most 1/4, so with each layer the gradient becomes smaller, and with many it vanishes: deep networks need ReLU.",
                    "시그모이드의 기울기는 최대 1/4이므로 층을 지날 때마다 기울기가 작아지고, 층이 많으면 사라진다. 그래서 깊은 신경망에는 ReLU를 쓴다."),
                source:
                    "Elice, exercise on the vanishing gradient: ten layers, Adam, sigmoid 0.525, ReLU 0.960 on MNIST"
            )
        ],
        setup: Words(
            "784-32-…-32-10 on Fashion-MNIST with 1, 2, 5, 10 or 20 hidden layers, Glorot's start values, batches of 100, 5 epochs, Adam 0.001 or SGD 0.1. Ten layers of sigmoid also with three repairs: start values N(0, 16/n), batch normalization, skip connections. The gradient to each kernel is measured before the first step and ten times on the way; the ratio is that of the first hidden layer to the last.",
            "Fashion-MNIST에서 은닉층이 1, 2, 5, 10, 20개인 784-32-…-32-10 신경망을 Glorot 초깃값, 배치 100, 5에포크, Adam 0.001 또는 SGD 0.1로 학습한다. 시그모이드 10층은 세 가지 처방으로도 학습한다. 초깃값 N(0, 16/n), 배치 정규화, 잔차 연결이다. 커널마다 기울기를 첫 걸음 전과 도중에 열 번 잰다. 비는 첫 은닉층의 기울기를 마지막 은닉층의 기울기로 나눈 값이다."
        ),
        recipes: [
            .init(
                Words("Five layers of sigmoid as an experiment file", "실험 파일로 쓴 시그모이드 다섯 층"), .yaml,
                """
                name: vanishing
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - flatten
                  - dense: {units: 32, activation: sigmoid}
                  - dense: {units: 32, activation: sigmoid}
                  - dense: {units: 32, activation: sigmoid}
                  - dense: {units: 32, activation: sigmoid}
                  - dense: {units: 32, activation: sigmoid}
                  - dense: 10
                optimizer: {adam: {learningRate: 0.001}}
                schedule: constant
                batchSize: 100
                epochs: 5
                """)
        ],
        lesson: Words(
            "Held for the sigmoid with usual start values: ten layers reach 0.39 with Adam and chance with SGD, ReLU 0.87 and 0.86. Depth alone is not the cause: start values 4/√n, batch normalization or skip connections make the same ten layers of sigmoid learn, 0.81 to 0.87 even with SGD.",
            "보통의 초깃값을 쓰는 시그모이드에서는 성립한다. 10층은 Adam으로 0.39, SGD로는 우연 수준인데 ReLU는 0.87과 0.86이다. 그러나 깊이만의 탓은 아니다. 초깃값 4/√n, 배치 정규화, 잔차 연결 가운데 하나만 써도 같은 시그모이드 10층이 SGD로도 0.81에서 0.87까지 배운다."
        ),
        surprise: Words(
            "Tanh does not vanish: it is as good as ReLU at every depth, and at twenty layers with SGD it still reaches 0.86, where ReLU mostly fails (0.20 on average, and one seed of five diverges).",
            "tanh에서는 기울기가 사라지지 않는다. 어느 깊이에서나 ReLU만큼 좋고, SGD로 학습하는 20층에서도 0.86이다. 그곳에서 ReLU는 대부분 실패한다(평균 0.20, 시드 다섯 가운데 하나는 발산)."
        ),
        next: [
            .init(
                Words(
                    "Does batch normalization keep gradients in bounds at any depth?", "배치 정규화는 어떤 깊이에서도 기울기를 붙잡아 두는가?"),
                .shell, "apus lab run bn-why")
        ], seeds: 5, seconds: 54)

    static func arm(_ activation: DenseStack.Activation, _ depth: Int, adam: Bool, _ repair: Repair? = nil) -> String {
        "\(activation.rawValue)-\(depth)\(adam ? "-adam" : "-sgd")\(repair.map { "-\($0.rawValue)" } ?? "")"
    }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let images = size.of(60_000, quick: 2000, trial: 500)
        let epochs = size.of(5, quick: 1, trial: 10)
        func arm(
            _ activation: DenseStack.Activation, _ depth: Int, _ isAdam: Bool, _ repair: Repair? = nil
        ) -> LabArm<Setting> {
            let net = DeepNet(
                depth: depth, units: 32, activation: activation, start: repair == .slope ? .slope : .glorot,
                isNormalized: repair == .norm, hasSkips: repair == .skips)
            let name = "\(activation.rawValue)"
            let optimizer = isAdam ? "Adam" : "SGD"
            let rest = repair.map { Words(", \($0.title.english)", ", \($0.title.korean)") } ?? Words("")
            return LabArm(
                Vanishing.arm(activation, depth, adam: isAdam, repair),
                Words(
                    "\(depth) × \(name), \(optimizer)\(rest.english)", "\(name) \(depth)층, \(optimizer)\(rest.korean)"),
                Setting(net: net, isAdam: isAdam, images: images, epochs: epochs))
        }
        return [true, false].flatMap { isAdam in
            DenseStack.Activation.allCases.flatMap { activation in
                size.of(Vanishing.depths, trial: [2, 5, 10]).map { arm(activation, $0, isAdam) }
            } + Repair.allCases.map { arm(.sigmoid, 10, isAdam, $0) }
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let net = setting.net.model
        let data = try LabData.fashion(training: setting.images, test: 2000, seed: seed)
        let steps = setting.epochs * setting.images / 100
        let training = LabSteps(
            net: net, optimizer: setting.isAdam ? .adam(learningRate: 0.001) : .sgd(learningRate: 0.1),
            steps: steps, seed: seed, every: max(1, steps / Vanishing.looks))
        var (gradients, at): ([[Double]], [Double]) = ([], [])
        let result = try training.run(on: data.training) { look in
            gradients.append(Array(try look.gradients().kernelSizes.prefix(setting.net.depth)))
            at.append(Double(look.state.step))
        }
        let ratio = gradients[0][0] / gradients[0][setting.net.depth - 1]
        return LabMeasurement(
            [
                "ratio": ratio, "logRatio": log10(ratio), "loss": result.losses.last ?? .nan,
                "accuracy": try LabData.accuracy(net, result.state.evaluatedVariables, on: data.test),
                "diverged": result.hasDiverged ? 1 : 0,
            ], series: ["gradients": gradients.flatMap { $0 }, "steps": at])
    }

    // MARK: Claims

    var claims: [Claim] {
        let ratio = Words(
            "gradient of the first hidden layer ÷ of the last, before the first step",
            "첫 걸음 전 첫 은닉층의 기울기 ÷ 마지막 은닉층의 기울기")
        let accuracy = Words("test accuracy; by chance 0.1", "테스트 정확도(우연은 0.1)")
        func difference(_ depth: Int) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(
                of: "accuracy", Vanishing.arm(.relu, depth, adam: true),
                minus: Vanishing.arm(.sigmoid, depth, adam: true))
        }
        func kept(_ activation: DenseStack.Activation) -> @Sendable (LabResults) -> Evidence {
            Evidence.mean(of: "ratio", in: Vanishing.arm(activation, 10, adam: true))
        }
        let gap = Words("test accuracy, ReLU − sigmoid", "테스트 정확도, ReLU − 시그모이드")
        return [
            Claim(
                "relu-wins",
                Words(
                    "Ten layers, Adam: ReLU is at least 20 points better than sigmoid.",
                    "10층, Adam: ReLU가 시그모이드보다 20 %포인트 이상 높다."), statistic: gap,
                .atLeast(0.2), basis: .predicted, isTaught: true, evidence: difference(10)),
            Claim(
                "shallow-equal",
                Words(
                    "Two layers, Adam: ReLU and sigmoid differ by less than a point.",
                    "2층, Adam: ReLU와 시그모이드의 차이는 1 %포인트보다 작다."),
                statistic: gap, .within(-0.01...0.01), basis: .predicted, evidence: difference(2)),
            Claim(
                "sigmoid-vanishes",
                Words(
                    "Ten layers of sigmoid: the first receives less than a hundred-thousandth of the last one's gradient.",
                    "시그모이드 10층: 첫 층의 기울기는 마지막 층의 10만분의 1보다 작다."), statistic: ratio, .atMost(1e-5),
                basis: .measured, isTaught: true, evidence: kept(.sigmoid)),
            Claim(
                "relu-keeps",
                Words(
                    "Ten layers of ReLU: the first receives at least a tenth.",
                    "ReLU 10층: 첫 층의 기울기는 마지막 층의 10분의 1 이상이다."),
                statistic: ratio, .atLeast(0.1), basis: .measured, isTaught: true, evidence: kept(.relu)),
            Claim(
                "tanh-keeps",
                Words(
                    "Ten layers of tanh: the first receives at least a tenth, too.",
                    "tanh 10층: 첫 층의 기울기는 역시 마지막 층의 10분의 1 이상이다."), statistic: ratio,
                .atLeast(0.1), basis: .measured, evidence: kept(.tanh)),
            Claim(
                "five-train",
                Words("Five layers of sigmoid train with Adam.", "시그모이드 5층은 Adam으로 학습된다."),
                statistic: accuracy, .atLeast(0.8), basis: .predicted,
                evidence: Evidence.mean(of: "accuracy", in: Vanishing.arm(.sigmoid, 5, adam: true))),
            Claim(
                "sgd-stalls",
                Words("Ten layers of sigmoid stay at chance with SGD.", "시그모이드 10층은 SGD로는 우연 수준에 머문다."),
                statistic: accuracy, .atMost(0.15), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "accuracy", in: Vanishing.arm(.sigmoid, 10, adam: false))),
            Claim(
                "slope-repairs",
                Words(
                    "Ten layers of sigmoid train with SGD if they start at 4/√n.",
                    "시그모이드 10층도 4/√n에서 시작하면 SGD로 학습된다."),
                statistic: accuracy, .atLeast(0.7), basis: .predicted,
                evidence: Evidence.mean(of: "accuracy", in: Vanishing.arm(.sigmoid, 10, adam: false, .slope))),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let optimizers = LabFigure.Control(
            Words("Optimizer", "옵티마이저")[language], .choice, options: ["Adam 0.001", "SGD 0.1"])
        let nets =
            DenseStack.Activation.allCases.map { (Words($0.rawValue), $0, Repair?.none) }
            + Repair.allCases.map {
                (
                    Words("sigmoid, \($0.title.english)", "sigmoid, \($0.title.korean)"), DenseStack.Activation.sigmoid,
                    Optional($0)
                )
            }
        let layers = Axis(Words("Hidden layers", "은닉층의 수")[language])
        return [
            LabFigure(
                "accuracy",
                caption: Words(
                    "Test accuracy after five epochs against the number of hidden layers, mean and 95 % interval.",
                    "5에포크 뒤의 테스트 정확도와 은닉층의 수, 평균과 95 % 구간.")[language],
                controls: [optimizers]
            ) { choice in
                LineChart(
                    "", x: layers, y: Axis(Words("Test accuracy", "테스트 정확도")[language], range: 0...1),
                    series: DenseStack.Activation.allCases.map { activation in
                        results.line(
                            activation.rawValue, "accuracy",
                            over: Vanishing.depths.map {
                                (Double($0), Vanishing.arm(activation, $0, adam: choice[0] == 0))
                            })
                    })
            },
            LabFigure(
                "gradients",
                caption: Words(
                    "The gradient of ten layers over time, seed 1, as its power of ten: a row a layer, the first on top; a column a tenth of the training. Pale rows above dark ones are a gradient that vanishes. Choose a repair to see it come back.",
                    "10층의 기울기가 시간에 따라 변하는 모습(시드 1). 수는 10의 거듭제곱이다. 행은 층(첫 층이 위), 열은 학습의 10분의 1이다. 어두운 행 위의 옅은 행은 기울기 소실이다. 처방을 골라 기울기가 돌아오는 것을 보자."
                )[
                    language],
                controls: [
                    .init(Words("Network", "신경망")[language], .choice, options: nets.map { $0.0[language] }), optimizers,
                ]
            ) { choice in
                let (_, activation, repair) = nets[choice[0]]
                let arm = results[Vanishing.arm(activation, 10, adam: choice[1] == 0, repair)]
                let values = arm.series("gradients").first ?? []
                let steps = arm.series("steps").first ?? []
                let rows = (0..<10).map { layer in
                    steps.indices.map { log10(values[$0 * 10 + layer]) }
                }
                return HeatMap(
                    "", values: rows, rowLabels: (1...10).map(String.init),
                    columnLabels: steps.map { String(Int($0)) }, rowTitle: Words("Layer", "층")[language],
                    columnTitle: Words("Step", "걸음")[language], range: -10...0)
            },
            LabFigure(
                "ratio",
                caption: Words(
                    "The first layer's gradient divided by the last hidden layer's, before the first step. Dashed: 1/4 for each layer, the slope of the sigmoid at 0. Glorot's weights keep the size of what passes through them, so the two nearly agree; larger weights change that.",
                    "첫 걸음 전 첫 층의 기울기 ÷ 마지막 은닉층의 기울기. 점선은 층마다 1/4, 곧 0에서의 시그모이드 기울기만 곱한 값이다. Glorot 가중치는 지나는 값의 크기를 지키므로 둘이 거의 같다. 가중치가 더 크면 달라진다."
                )[
                    language],
                chart: LineChart(
                    "", x: layers, y: Axis(Words("First ÷ last", "첫 층 ÷ 마지막 층")[language], scale: .logarithmic),
                    series: DenseStack.Activation.allCases.map { activation in
                        LineChart.Series(
                            activation.rawValue, x: Vanishing.depths.map(Double.init),
                            y: Vanishing.depths.map {
                                pow(10, results[Vanishing.arm(activation, $0, adam: true)].mean("logRatio"))
                            })
                    } + [
                        LineChart.Series(
                            "1/4ᴸ⁻¹", x: Vanishing.depths.map(Double.init),
                            y: Vanishing.depths.map { pow(0.25, Double($0 - 1)) }, style: .dashed, paint: .mutedInk)
                    ])),
            LabFigure(
                "repairs",
                caption: Words(
                    "Ten layers of sigmoid and three repairs, beside ReLU: test accuracy after five epochs.",
                    "시그모이드 10층과 세 가지 처방, 그리고 ReLU: 5에포크 뒤의 테스트 정확도.")[language],
                chart: BarChart(
                    "", axis: Axis(Words("Test accuracy", "테스트 정확도")[language], range: 0...1),
                    labels: nets.map { $0.0[language] },
                    series: [true, false].map { isAdam in
                        BarChart.Series(
                            isAdam ? "Adam" : "SGD",
                            nets.map { results[Vanishing.arm($0.1, 10, adam: isAdam, $0.2)].mean("accuracy") })
                    })),
        ]
    }
}
