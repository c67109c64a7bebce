import Apus
import ApusCharts
import Foundation

/// E2: how large steps may be with batch normalization, and what is left of it in small batches.
struct NormRate: LabExperiment {
    /// LeNet on Fashion-MNIST, trained once for each learning rate.
    struct Setting: Codable, Hashable, Sendable {
        var activation: DenseStack.Activation = .relu
        var kind = Kind.plain
        /// Whether dense layers are normalized, too.
        var isWhole = true
        var rates: [Double]
        var batch = 128
        var images: Int
        var epochs = 2

        var net: Sequential {
            Sequential {
                Conv2D(filters: 6, kernelSize: 5, padding: .same)
                for layer in kind.layers(groups: 2) { layer }
                ActivationLayer(activation.layer)
                AveragePool2D(2)
                Conv2D(filters: 16, kernelSize: 5)
                for layer in kind.layers(groups: 4) { layer }
                ActivationLayer(activation.layer)
                AveragePool2D(2)
                Flatten()
                for units in [120, 84] {
                    Dense(units)
                    if isWhole, kind == .batch { BatchNorm(momentum: 0.9) }
                    ActivationLayer(activation.layer)
                }
                Dense(10)
            }
        }
    }

    enum Kind: String, Codable, CaseIterable {
        case plain, batch, layer, group, instance

        var title: Words {
            switch self {
            case .plain: Words("none", "없음")
            case .batch: Words("batch", "배치")
            case .layer: Words("layer", "층")
            case .group: Words("group", "그룹")
            case .instance: Words("instance", "인스턴스")
            }
        }

        func layers(groups: Int) -> [any Layer] {
            switch self {
            case .plain: []
            case .batch: [BatchNorm(momentum: 0.9)]
            case .layer: [GroupNorm(groups: 1)]
            case .group: [GroupNorm(groups: groups)]
            case .instance: [InstanceNorm()]
            }
        }
    }

    static let batches = [2, 8, 32, 128]
    static let rates = [0.01, 0.03, 0.1, 0.3, 1, 3, 10]
    /// The rates that are tried with a size of the batch: larger ones with larger batches.
    static func rates(batch: Int) -> [Double] {
        batch > 8 ? [0.03, 0.1, 0.3] : batch > 2 ? [0.01, 0.03, 0.1] : [0.003, 0.01, 0.03]
    }
    /// The test accuracy of a rate that can be used.
    static let level = 0.75

    let about = LabAbout(
        "bn-rate", number: "E2", part: .normalization, title: Words("Larger steps", "더 큰 학습률"),
        question: Words(
            "Does batch normalization allow larger learning rates, and is that its whole gain?",
            "배치 정규화는 더 큰 학습률을 허용하는가, 그리고 그것이 이득의 전부인가?"),
        taught: [
            .init(
                Words(
                    "With batch normalization much larger learning rates can be used, and training is faster and better.",
                    "배치 정규화를 쓰면 훨씬 큰 학습률을 쓸 수 있고, 더 빨리 더 잘 학습된다."),
                source: "Ioffe & Szegedy (2015); Dive into Deep Learning, chapter 8")
        ],
        setup: Words(
            "LeNet with average pooling on Fashion-MNIST, batches of 128, SGD, 2 epochs, with ReLU or sigmoid, with batch normalization before each activation or without, seven learning rates from 0.01 to 10. A rate can be used if the test accuracy on 2000 images is at least 0.75. Then 3000 images in batches of 2, 8, 32 and 128, ReLU, the two convolutions normalized over the batch, over all channels of a sample, over groups of channels, over single channels, or not, and over the batch in dense layers, too; each with the best of three rates.",
            "Fashion-MNIST에서 평균 풀링을 쓰는 LeNet을 배치 128, SGD로 2에포크 학습한다. ReLU 또는 시그모이드, 활성화마다 앞에 배치 정규화를 두거나 두지 않고, 학습률은 0.01에서 10까지 일곱 가지이다. 2000장의 테스트 정확도가 0.75 이상이면 쓸 수 있는 학습률로 본다. 그다음 3000장을 2, 8, 32, 128장씩의 배치로 학습한다. ReLU를 쓰고, 두 합성곱 층을 배치, 표본의 모든 채널, 채널 그룹, 채널 하나에 걸쳐 정규화하거나 하지 않으며, 밀집층까지 배치에 걸쳐 정규화하기도 한다. 저마다 세 학습률 가운데 가장 좋은 것을 쓴다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: bn-rate
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - conv2D: {filters: 6, kernelSize: 5, padding: same}
                  - batchNorm: {momentum: 0.9}
                  - activation: relu
                  - averagePool2D: 2
                  - conv2D: {filters: 16, kernelSize: 5}
                  - batchNorm: {momentum: 0.9}
                  - activation: relu
                  - averagePool2D: 2
                  - flatten
                  - dense: 120
                  - batchNorm: {momentum: 0.9}
                  - activation: relu
                  - dense: 84
                  - batchNorm: {momentum: 0.9}
                  - activation: relu
                  - dense: 10
                optimizer: {sgd: {learningRate: 1}}
                schedule: constant
                batchSize: 128
                epochs: 2
                """)
        ],
        lesson: Words(
            "Held: with batch normalization ReLU trains with rates ten times as large (3 in place of 0.3), and sigmoid with every rate from 0.01 to 10. But the rate is not the whole gain: with the best rate of each, ReLU still gains 3 points after two epochs, and sigmoid 8.",
            "성립한다. 배치 정규화를 쓰면 ReLU는 열 배 큰 학습률(0.3 대신 3)로도 학습되고, 시그모이드는 0.01에서 10까지 모든 학습률로 학습된다. 그러나 학습률이 이득의 전부는 아니다. 각자 가장 좋은 학습률을 써도 2에포크 뒤에 ReLU는 3 %포인트, 시그모이드는 8 %포인트 높다."
        ),
        surprise: Words(
            "In batches of two, batch normalization after convolutions is no worse than group normalization (0.79 and 0.78): each channel is still averaged over all places of both images. Only where dense layers are normalized, too, and two numbers are all there is, it collapses to 0.54.",
            "배치가 둘이어도 합성곱 뒤의 배치 정규화는 그룹 정규화보다 못하지 않다(0.79와 0.78). 채널마다 두 이미지의 모든 위치에서 평균을 내기 때문이다. 밀집층까지 정규화하면 숫자가 둘뿐이어서 0.54로 무너진다."
        ),
        next: [
            .init(Words("Why? Two explanations, tested.", "왜 그런가? 두 설명을 시험해 보자."), .shell, "apus lab run bn-why")
        ], seeds: 5, seconds: 285)

    static let activations: [DenseStack.Activation] = [.relu, .sigmoid]

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let sweep = NormRate.activations.flatMap { activation in
            [Kind.plain, .batch].map { kind in
                let rest = Words(
                    kind == .batch ? ", batch normalization" : "", kind == .batch ? ", 배치 정규화" : "")
                return LabArm(
                    "\(activation.rawValue)-\(kind.rawValue)",
                    Words("\(activation.rawValue)\(rest.english)", "\(activation.rawValue)\(rest.korean)"),
                    Setting(
                        activation: activation, kind: kind, rates: size.of(NormRate.rates, trial: [0.03, 0.3]),
                        images: size.of(60_000, quick: 2000, trial: 128), epochs: size.of(2, trial: 1)))
            }
        }
        func batchTitle(_ kind: Kind, _ batch: Int, _ rest: Words) -> Words {
            Words(
                "\(kind.title.english)\(rest.english), batches of \(batch)",
                "정규화 \(kind.title.korean)\(rest.korean), 배치 \(batch)")
        }
        return sweep
            + size.of(NormRate.batches, trial: [2]).flatMap { batch in
                (Kind.allCases.map { ($0, false) } + [(.batch, true)]).map { kind, isWhole in
                    LabArm(
                        "\(kind.rawValue)-\(batch)\(isWhole ? "-whole" : "")",
                        batchTitle(kind, batch, isWhole ? Words(", dense layers, too", ", 밀집층도") : Words("")),
                        Setting(
                            kind: kind, isWhole: isWhole, rates: size.of(NormRate.rates(batch: batch), quick: [0.03]),
                            batch: batch, images: size.of(3000, quick: 500, trial: 20), epochs: size.of(2, trial: 1)))
                }
            }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: 2000, seed: seed)
        let accuracies = try setting.rates.map { rate in
            let training = LabTraining(
                net: setting.net, optimizer: .sgd(learningRate: rate), epochs: setting.epochs, batch: setting.batch,
                seed: seed)
            let trained = try training.run(on: data.training)
            // A training that diverges ends at chance.
            return trained.hasDiverged ? 0.1 : try trained.trainer.evaluate(data.test)[.accuracy] ?? 0.1
        }
        return LabMeasurement(
            ["best": accuracies.max()!], series: ["accuracy": accuracies, "rates": setting.rates])
    }

    // MARK: Claims

    /// The largest rate that can be used in each seed; the smallest of all where none can.
    private static func largest(_ arm: LabResults.Arm) -> [Double] {
        zip(arm.series("accuracy"), arm.series("rates")).map { accuracies, rates in
            let usable = accuracies.lastIndex { $0 >= level } ?? 0
            return rates.indices.contains(usable) ? rates[usable] : .nan
        }
    }

    private static let rateRatio: @Sendable (LabResults) -> Evidence = { results in
        .mean(zip(largest(results["relu-batch"]), largest(results["relu-plain"])).map { $0 / $1 })
    }

    var claims: [Claim] {
        [
            Claim(
                "larger-rate",
                Words(
                    "ReLU: the largest rate that can be used is at least five times as large with batch normalization.",
                    "ReLU: 쓸 수 있는 가장 큰 학습률이 배치 정규화를 쓰면 다섯 배 이상이다."),
                statistic: Words("largest usable rate, with ÷ without", "쓸 수 있는 가장 큰 학습률, 배치 정규화 ÷ 없음"), .atLeast(5),
                basis: .predicted, isTaught: true, evidence: NormRate.rateRatio),
            Claim(
                "relu-tuned-equal",
                Words(
                    "ReLU: with the best rate of each, both differ by less than a point.",
                    "ReLU: 각자 가장 좋은 학습률을 쓰면 차이가 1 %포인트보다 작다."),
                statistic: Words("best test accuracy, with − without batch normalization", "최고 테스트 정확도, 배치 정규화 − 없음"),
                .within(-0.01...0.01), basis: .predicted,
                evidence: Evidence.difference(of: "best", "relu-batch", minus: "relu-plain")),
            Claim(
                "sigmoid-tuned-better",
                Words(
                    "Sigmoid: with the best rate of each, batch normalization gains at least 3 points.",
                    "시그모이드: 각자 가장 좋은 학습률을 써도 배치 정규화가 3 %포인트 이상 높다."),
                statistic: Words("best test accuracy, with − without batch normalization", "최고 테스트 정확도, 배치 정규화 − 없음"),
                .atLeast(0.03), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "best", "sigmoid-batch", minus: "sigmoid-plain")),
            Claim(
                "batch-of-two",
                Words(
                    "In batches of two batch normalization loses to group normalization.",
                    "배치가 둘이면 배치 정규화는 그룹 정규화보다 못하다."),
                statistic: Words("best test accuracy, batch − group", "최고 테스트 정확도, 배치 − 그룹"), .atMost(0),
                basis: .predicted, evidence: Evidence.difference(of: "best", "batch-2", minus: "group-2")),
            Claim(
                "batch-of-two-dense",
                Words(
                    "If dense layers are normalized, too, it loses at least three points in batches of two.",
                    "밀집층도 정규화하면 배치가 둘일 때 3 %포인트 이상 못하다."),
                statistic: Words(
                    "best test accuracy, batch in all layers − group in convolutions", "최고 테스트 정확도, 모든 층의 배치 − 합성곱의 그룹"),
                .atMost(-0.03), basis: .predicted,
                evidence: Evidence.difference(of: "best", "batch-2-whole", minus: "group-2")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let activations = LabFigure.Control(
            Words("Activation", "활성화 함수")[language], .choice, options: NormRate.activations.map(\.rawValue))
        let accuracy = Axis(Words("Test accuracy", "테스트 정확도")[language], range: 0...1)
        let batches = NormRate.batches.filter { batch in results.arms.contains { $0.id == "plain-\(batch)" } }
        return [
            LabFigure(
                "rates",
                caption: Words(
                    "Test accuracy after two epochs against the learning rate, mean over seeds with a band from least to greatest.",
                    "2에포크 뒤의 테스트 정확도와 학습률. 평균과 시드의 최소–최대 띠이다.")[language],
                controls: [activations]
            ) { choice in
                let activation = NormRate.activations[choice[0]].rawValue
                return LineChart(
                    "", x: Axis(Words("Learning rate", "학습률")[language], scale: .logarithmic), y: accuracy,
                    series: [
                        ("plain", Words("without", "없음")), ("batch", Words("batch normalization", "배치 정규화")),
                    ].map { kind, title in
                        let arm = results["\(activation)-\(kind)"]
                        let band = arm.band("accuracy")
                        return LineChart.Series(
                            title[language], x: arm.series("rates").first ?? [], y: band.mean, lower: band.lower,
                            upper: band.upper)
                    })
            },
            LabFigure(
                "batches",
                caption: Words(
                    "What the size of the batch does: test accuracy with the best of three rates, two epochs of 3000 images, mean and 95 % interval. The kinds are of the convolutions; only batch normalization looks at the other images of the batch.",
                    "배치 크기가 하는 일: 세 학습률 가운데 가장 좋은 것으로 3000장을 2에포크 학습한 테스트 정확도, 평균과 95 % 구간. 종류는 합성곱 층의 정규화이다. 배치의 다른 이미지를 보는 것은 배치 정규화뿐이다."
                )[
                    language],
                chart: LineChart(
                    "", x: Axis(Words("Images in a batch", "배치의 이미지 수")[language], scale: .logarithmic),
                    y: Axis(Words("Test accuracy", "테스트 정확도")[language]),
                    series: Kind.allCases.map { kind in
                        results.line(
                            kind.title[language], "best",
                            over: batches.map { (Double($0), "\(kind.rawValue)-\($0)") })
                    } + [
                        results.line(
                            Words("batch, dense layers too", "배치, 밀집층도")[language], "best",
                            over: batches.map { (Double($0), "batch-\($0)-whole") })
                    ])),
        ]
    }
}
