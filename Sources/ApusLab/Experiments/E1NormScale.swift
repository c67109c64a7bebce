import Apus
import ApusCharts
import Foundation

/// E1: sixteen scales of start values, with and without batch normalization.
struct NormScale: LabExperiment {
    /// Networks 784-5×100-10 on few images of Fashion-MNIST, one for each scale.
    struct Setting: Codable, Hashable, Sendable {
        var isNormalized: Bool
        var epsilon = 1e-6
        var scales: [Double]
        var images: Int
        var epochs: Int
    }

    /// 1 to 0.0001, in equal steps of the logarithm.
    static let scales = (0..<16).map { pow(10, -4 * Double($0) / 15) }
    static let ids = ["plain", "norm", "norm-default"]
    static let chance = 0.1
    /// The training accuracy that counts as trained.
    static let level = 0.8

    let about = LabAbout(
        "bn-scale", number: "E1", part: .normalization, title: Words("Any initial scale", "배치 정규화와 초깃값"),
        question: Words(
            "Does batch normalization make the scale of start values unimportant?",
            "배치 정규화를 쓰면 초깃값의 크기는 중요하지 않은가?"),
        taught: [
            .init(
                Words(
                    "With batch normalization networks learn faster at almost every scale of the start values, and do not depend on them; without it they do not learn at all unless the scale is good.",
                    "배치 정규화를 쓰면 거의 모든 초깃값 크기에서 더 빨리 배우고 초깃값에 의존하지 않는다. 쓰지 않으면 초깃값의 크기가 좋지 않을 때 전혀 배우지 못한다."),
                source: "Deep Learning from Scratch, chapter 6, batch_norm_test_multi")
        ],
        setup: Words(
            "784-5×100-10 with ReLU on 1000 images of Fashion-MNIST, batches of 100, SGD 0.01, 20 epochs. All kernels start at N(0, σ²) with 16 values of σ from 1 to 0.0001; with batch normalization between each hidden layer and its activation (running values keep 0.9; ε = 0.000001 as in the book, or 0.001 as in Keras), or without. Accuracy is measured in inference, on the training images and on 2000 test images. A training that diverges counts as chance.",
            "Fashion-MNIST 1000장에서 ReLU를 쓰는 784-5×100-10 신경망을 배치 100, SGD 0.01로 20에포크 학습한다. 모든 커널은 N(0, σ²)에서 시작하고 σ는 1에서 0.0001까지 16가지이다. 은닉층과 활성화 사이에 배치 정규화(이동 평균의 모멘텀 0.9, ε은 책의 0.000001 또는 Keras의 0.001)를 두거나 두지 않는다. 정확도는 추론 모드로 훈련 이미지와 테스트 이미지 2000장에서 잰다. 발산한 학습은 우연 수준으로 친다."
        ),
        recipes: [
            .init(
                Words("One panel as an experiment file", "실험 파일로 쓴 그림 한 칸"), .yaml,
                """
                name: bn-scale
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.9833}}   # 1,000 images to train on
                model:
                  - flatten
                  - dense: {units: 100, useBias: false, kernelInitializer: {normal: 0.01}}
                  - batchNorm: {momentum: 0.9, epsilon: 0.000001}
                  - activation: relu
                  - dense: {units: 100, useBias: false, kernelInitializer: {normal: 0.01}}
                  - batchNorm: {momentum: 0.9, epsilon: 0.000001}
                  - activation: relu
                  - dense: {units: 100, useBias: false, kernelInitializer: {normal: 0.01}}
                  - batchNorm: {momentum: 0.9, epsilon: 0.000001}
                  - activation: relu
                  - dense: {units: 100, useBias: false, kernelInitializer: {normal: 0.01}}
                  - batchNorm: {momentum: 0.9, epsilon: 0.000001}
                  - activation: relu
                  - dense: {units: 100, useBias: false, kernelInitializer: {normal: 0.01}}
                  - batchNorm: {momentum: 0.9, epsilon: 0.000001}
                  - activation: relu
                  - dense: {units: 10, kernelInitializer: {normal: 0.01}}
                optimizer: {sgd: {learningRate: 0.01}}
                schedule: constant
                batchSize: 100
                epochs: 20
                """)
        ],
        lesson: Words(
            "Held in most of the range: 0.8 is reached over 1.6 decades of scales more. But the scale still matters. With batch normalization the accuracy falls from 0.98 at σ = 0.014 to 0.50 at σ = 1, and at the plain network's best scale, σ = 0.16, the plain network is 14 points ahead.",
            "대부분의 범위에서 성립한다. 0.8에 이르는 크기의 범위가 1.6자릿수 더 넓다. 그러나 크기는 여전히 중요하다. 배치 정규화를 써도 정확도는 σ = 0.014의 0.98에서 σ = 1의 0.50까지 떨어지고, 일반 신경망에 가장 좋은 σ = 0.16에서는 일반 신경망이 14 %포인트 앞선다."
        ),
        surprise: Words(
            "How small start values may be is decided by the ε in the divisor: with 0.001, the default of Keras, everything up to σ = 0.0012 stays near chance; with the book's 0.000001 it learns. With its best scale each, normalization is ahead on training images (0.98 against 0.93) and more so on test images (0.80 against 0.69; the scale is chosen on these).",
            "초깃값이 얼마나 작아도 되는지는 분모의 ε이 정한다. Keras의 기본값 0.001이면 σ = 0.0012까지는 모두 우연 수준에 머물고, 책의 0.000001이면 배운다. 각자 가장 좋은 크기에서 배치 정규화는 훈련 이미지에서 앞서고(0.98 대 0.93) 테스트 이미지에서 더 앞선다(0.80 대 0.69, 크기도 이 이미지로 골랐다)."
        ),
        next: [
            .init(Words("Does it allow larger steps as well?", "더 큰 학습률도 쓸 수 있게 하는가?"), .shell, "apus lab run bn-rate")
        ], seeds: 10, seconds: 50)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        [
            ("plain", Words("without batch normalization", "배치 정규화 없음"), false, 0.0),
            ("norm", Words("with batch normalization", "배치 정규화"), true, 1e-6),
            ("norm-default", Words("with batch normalization, ε = 0.001", "배치 정규화, ε = 0.001"), true, 1e-3),
        ].map { id, title, isNormalized, epsilon in
            LabArm(
                id, title,
                Setting(
                    isNormalized: isNormalized, epsilon: epsilon,
                    scales: size.of(NormScale.scales, trial: [NormScale.scales[0], NormScale.scales[5]]),
                    images: size.of(1000, trial: 100), epochs: size.of(20, trial: 1)))
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: 2000, seed: seed)
        var (accuracies, tests, curves): ([Double], [Double], [Double]) = ([], [], [])
        for scale in setting.scales {
            let net = DeepNet(
                depth: 5, start: .deviation(scale), isNormalized: setting.isNormalized, epsilon: setting.epsilon
            ).model
            let training = LabTraining(
                net: net, optimizer: .sgd(learningRate: 0.01), epochs: setting.epochs, seed: seed)
            let trained = try training.run(on: data.training, validation: data.training)
            var curve = trained.epochs.map { $0.value("validation.accuracy") ?? NormScale.chance }
            curve += Array(repeating: NormScale.chance, count: setting.epochs - curve.count)
            curves += curve
            accuracies.append(curve.last!)
            tests.append(
                trained.hasDiverged
                    ? NormScale.chance : try trained.trainer.evaluate(data.test)[.accuracy] ?? NormScale.chance)
        }
        return LabMeasurement(
            ["best": accuracies.max()!, "bestTest": tests.max()!],
            series: ["scales": setting.scales, "accuracy": accuracies, "test": tests, "curves": curves])
    }

    // MARK: Claims

    /// A number of two arms for each seed: of what they reach at each scale.
    private static func pairs(
        _ series: String = "accuracy", _ first: String = "norm", _ second: String = "plain",
        _ number: @escaping @Sendable (_ first: [Double], _ second: [Double]) -> Double
    ) -> @Sendable (LabResults) -> Evidence {
        { results in
            .mean(zip(results[first].series(series), results[second].series(series)).map { number($0, $1) })
        }
    }

    /// How many decades of scales reach the level: 4/15 for each of 16 scales.
    private static func decades(_ accuracies: [Double]) -> Double {
        Double(accuracies.count { $0 >= level }) / Double(accuracies.count) * 16 * 4 / 15
    }

    private static func bestScale(_ accuracies: [Double]) -> Int {
        accuracies.indices.max { accuracies[$0] < accuracies[$1] } ?? 0
    }

    var claims: [Claim] {
        [
            Claim(
                "norm-better",
                Words(
                    "With batch normalization the training accuracy after 20 epochs is at least that without at 14 of 16 scales.",
                    "배치 정규화를 쓰면 16가지 크기 가운데 14가지에서 20에포크 뒤의 훈련 정확도가 쓰지 않을 때 이상이다."),
                statistic: Words(
                    "share of scales with at least the accuracy of the plain network", "일반 신경망 이상인 크기의 비율"),
                .atLeast(14.0 / 16), basis: .predicted, isTaught: true,
                evidence: NormScale.pairs { norm, plain in
                    Double(zip(norm, plain).count { $0 >= $1 }) / Double(norm.count)
                }),
            Claim(
                "range-wider",
                Words(
                    "The range of scales with a training accuracy of 0.8 is at least two decades wider.",
                    "훈련 정확도 0.8에 이르는 크기의 범위는 100배(두 자릿수) 이상 넓다."),
                statistic: Words("decades with batch normalization − decades without", "배치 정규화의 자릿수 − 없을 때의 자릿수"),
                .atLeast(2), basis: .predicted, isTaught: true,
                evidence: NormScale.pairs { NormScale.decades($0) - NormScale.decades($1) }),
            Claim(
                "best-equal",
                Words(
                    "At the best scale of the plain network both differ by less than 3 points.",
                    "일반 신경망에 가장 좋은 크기에서는 둘의 차이가 3 %포인트보다 작다."),
                statistic: Words(
                    "training accuracy at that scale, with − without batch normalization", "그 크기의 훈련 정확도, 배치 정규화 − 없음"),
                .within(-0.03...0.03), basis: .predicted,
                evidence: NormScale.pairs { norm, plain in
                    let best = NormScale.bestScale(plain)
                    return norm[best] - plain[best]
                }),
            Claim(
                "best-equal-test",
                Words(
                    "With the best scale of each, both differ by less than 3 points on test images.",
                    "각자에게 가장 좋은 크기에서는 테스트 정확도의 차이가 3 %포인트보다 작다."),
                statistic: Words("best test accuracy, with − without batch normalization", "최고 테스트 정확도, 배치 정규화 − 없음"),
                .within(-0.03...0.03), basis: .predicted,
                evidence: NormScale.pairs("test") { ($0.max() ?? .nan) - ($1.max() ?? .nan) }),
            Claim(
                "epsilon-matters",
                Words(
                    "With ε = 0.001, the default of Keras, the range is at least a decade narrower than with the book's 0.000001.",
                    "Keras의 기본값 ε = 0.001을 쓰면 책의 0.000001보다 범위가 10배(한 자릿수) 이상 좁다."),
                statistic: Words(
                    "decades with ε = 0.000001 − decades with ε = 0.001", "ε = 0.000001의 자릿수 − ε = 0.001의 자릿수"),
                .atLeast(1), basis: .predicted,
                evidence: NormScale.pairs("accuracy", "norm", "norm-default") {
                    NormScale.decades($0) - NormScale.decades($1)
                }),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let scales = results["norm"].series("scales").first ?? []
        let epochs = (results["norm"].series("curves").first?.count ?? 0) / max(1, scales.count)
        func curve(_ arm: String, _ place: Int) -> [Double] {
            Array(results[arm].band("curves").mean.dropFirst(place * epochs).prefix(epochs))
        }
        func deviation(_ scale: Double) -> String { String(format: "σ = %.2g", scale) }
        let short = [
            "plain": Words("without", "없음")[language], "norm": Words("normalized", "배치 정규화")[language],
            "norm-default": "ε = 0.001",
        ]
        let panels = scales.indices.map { place in
            Sized(
                LineChart(
                    deviation(scales[place]), x: "", y: Axis("", range: 0...1),
                    series: NormScale.ids.prefix(2).enumerated().map { index, arm in
                        LineChart.Series(short[arm]!, y: curve(arm, place), paint: .category(index))
                    }), ChartSize(width: 250, height: 190))
        }
        return [
            LabFigure(
                "scales",
                caption: Words(
                    "Accuracy after 20 epochs against the scale of the start values, mean over seeds with a band from least to greatest: solid on the training images, dashed on test images.",
                    "20에포크 뒤의 정확도와 초깃값의 크기. 평균과 시드의 최소–최대 띠. 실선은 훈련 이미지, 점선은 테스트 이미지이다.")[language],
                chart: LineChart(
                    "",
                    x: Axis(
                        Words("Standard deviation σ of the start values", "초깃값의 표준편차 σ")[language], scale: .logarithmic),
                    y: Axis(Words("Accuracy", "정확도")[language], range: 0...1),
                    series: NormScale.ids.enumerated().flatMap { index, arm in
                        let (training, test) = (results[arm].band("accuracy"), results[arm].band("test"))
                        return [
                            LineChart.Series(
                                "\(short[arm]!), \(Words("training", "훈련")[language])", x: scales, y: training.mean,
                                lower: training.lower, upper: training.upper, paint: .category(index)),
                            LineChart.Series(
                                "\(short[arm]!), \(Words("test", "테스트")[language])", x: scales, y: test.mean,
                                style: .dashed, paint: .category(index)),
                        ]
                    })),
            LabFigure(
                "panels",
                caption: Words(
                    "The book's figure: training accuracy over 20 epochs, a panel for each scale.",
                    "책의 그림: 20에포크 동안의 훈련 정확도, 크기마다 한 칸.")[language],
                chart: Figure(columns: 4, panels)),
            LabFigure(
                "curves",
                caption: Words(
                    "One panel in large, and with a larger ε: drag to another scale.",
                    "한 칸을 크게, 그리고 더 큰 ε과 함께: 크기를 바꿔 보자.")[language],
                controls: [
                    .init(
                        Words("Scale", "크기")[language], .slider, options: scales.map(deviation),
                        first: min(5, scales.count - 1))
                ]
            ) { choice in
                LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language]),
                    y: Axis(Words("Training accuracy", "훈련 정확도")[language], range: 0...1),
                    series: NormScale.ids.enumerated().map { index, arm in
                        LineChart.Series(short[arm]!, y: curve(arm, choice[0]), paint: .category(index))
                    })
            },
        ]
    }
}
