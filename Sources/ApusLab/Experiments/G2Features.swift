import Apus
import ApusCharts
import Foundation

/// G2: what a small convolutional network sees, layer by layer.
struct Features: LabExperiment {
    struct Setting: Codable, Hashable, Sendable {
        var network: Network
        /// Whether all images have their pixels in another order, the same for all.
        var isShuffled = false
        var images: Int
        var epochs: Int
        var test: Int
        /// The images that linear probes learn from, and how often; 0 for none.
        var probed = 0
        var probeEpochs = 0
    }

    enum Network: String, Codable, CaseIterable {
        /// Convolutions of 16 and 32 filters; the same with the first filters as they were drawn; dense layers.
        case cnn, frozen, mlp

        var title: Words {
            switch self {
            case .cnn: Words("CNN", "합성곱 신경망")
            case .frozen: Words("CNN, random first filters", "합성곱 신경망, 첫 필터 무작위")
            case .mlp: Words("dense", "밀집 신경망")
            }
        }

        /// 65,162 parameters with convolutions, 65,200 without.
        var net: Sequential {
            if self == .mlp { return DenseNet(hidden: [82]).model }
            return Sequential {
                Conv2D(filters: 16, kernelSize: 5, padding: .same, activation: .relu, kernelInitializer: .heNormal)
                MaxPool2D(2)
                Conv2D(filters: 32, kernelSize: 5, activation: .relu, kernelInitializer: .heNormal)
                MaxPool2D(2)
                Flatten()
                Dense(64, activation: .relu, kernelInitializer: .heNormal)
                Dense(10)
            }
        }
    }

    /// Where probes look: at the pixels, or at what a layer yields.
    static let places: [(name: String, title: Words, layer: String?)] = [
        ("raw", Words("pixels", "픽셀"), nil), ("conv1", Words("1st convolution", "첫 합성곱"), "1.maxPool2D"),
        ("conv2", Words("2nd convolution", "둘째 합성곱"), "3.maxPool2D"),
        ("dense", Words("dense layer", "밀집층"), "5.dense"),
    ]
    static let size = 5
    static let filters = 16
    static let maps = 8

    let about = LabAbout(
        "features", number: "G2", part: .convolution, title: Words("Edges, then parts?", "특징의 계층"),
        question: Words(
            "Does each layer see more than the one before: edges first, then parts, then things?",
            "층이 깊어질수록 더 많은 것을 보는가? 처음에는 경계선, 그다음에는 부분, 그다음에는 사물을?"),
        taught: [
            .init(
                Words(
                    "The first layer of a convolutional network learns edges and blobs, the next ones parts such as eyes and noses, the last ones whole faces.",
                    "합성곱 신경망의 첫 층은 경계선과 얼룩을, 다음 층은 눈과 코 같은 부분을, 마지막 층은 얼굴 전체를 배운다."),
                source:
                    "Deep Learning from Scratch, chapter 7; deeplearning.ai, Neural Networks and Deep Learning, week 4")
        ],
        setup: Words(
            "A CNN (16 filters of 5 × 5, pooling, 32 filters, pooling, 64 units, 65,162 parameters) and a network of one hidden dense layer with as many parameters, on 10,000 images of Fashion-MNIST, Adam 0.001, 8 epochs. Both once more on images whose pixels are in another order, and the CNN with its first filters as they were drawn. Linear probes learn the classes from the output of each layer. A filter's selectivity is how much its response to gratings depends on their direction: 0 for none, 1 for a single direction.",
            "Fashion-MNIST 1만 장에서 합성곱 신경망(5 × 5 필터 16개, 풀링, 필터 32개, 풀링, 유닛 64개, 매개변수 65,162개)과 매개변수가 같은 은닉 밀집층 하나의 신경망을 Adam 0.001로 8에포크 학습한다. 픽셀의 순서를 섞은 이미지로, 그리고 첫 필터를 무작위 그대로 둔 채로도 학습한다. 층마다 선형 탐침이 그 출력만으로 클래스를 배운다. 필터의 선택성은 줄무늬에 대한 반응이 방향에 달린 정도이다(0은 무관, 1은 한 방향뿐)."
        ),
        recipes: [
            .init(
                Words("Layers as features in Swift", "Swift로 쓴 층의 특징"), .swift,
                """
                import Apus

                let net = Sequential {
                    Conv2D(filters: 16, kernelSize: 5, padding: .same, activation: .relu)
                    MaxPool2D(2)
                    Flatten()
                    Dense(10)
                }
                let weights = try net.initialized(input: [28, 28, 1], seed: 1)
                let first = Sequential(Array(net.layers.prefix(2)))
                let features = first(Tensor.zeros([1, 28, 28, 1]), weights)
                print(features.shape)   // [1, 14, 14, 16]
                """)
        ],
        lesson: Words(
            "Half of it is seen here. Trained first filters prefer directions a little more than random ones, and the first convolution makes classes easier to read by three points, the second by less than one. The dense layer adds nothing that a linear probe could read, and whether later layers see parts was not looked at. The CNN's lead of two points lives on neighbouring pixels: with shuffled pixels it falls behind.",
            "절반만 보인다. 학습한 첫 필터는 무작위 필터보다 방향을 조금 더 가린다. 첫 합성곱은 클래스를 3 %포인트 더 읽기 쉽게 하고, 둘째 합성곱은 1 %포인트도 안 되게 한다. 밀집층은 선형 탐침이 읽을 것을 더하지 않으며, 뒤의 층이 부분을 보는지는 살펴보지 않았다. 합성곱 신경망이 앞서는 2 %포인트는 이웃한 픽셀에서 나온다. 픽셀을 섞으면 뒤처진다."
        ),
        surprise: Words(
            "First filters that stay as they were drawn cost a third of a point: the layers behind them make do.",
            "첫 필터를 무작위 그대로 두어도 3분의 1 %포인트만 잃는다. 뒤의 층들이 그것으로 해낸다."),
        next: [
            .init(
                Words("Compare learned features with those made by hand.", "배운 특징을 손으로 만든 특징과 비교해 보자."), .shell,
                "apus lab run end-to-end")
        ], seeds: 15, seconds: 98, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ network: Network, shuffled: Bool = false) -> LabArm<Setting> {
            LabArm(
                network.rawValue + (shuffled ? "-shuffled" : ""),
                Words(
                    network.title.english + (shuffled ? ", shuffled pixels" : ""),
                    network.title.korean + (shuffled ? ", 픽셀 섞음" : "")),
                Setting(
                    network: network, isShuffled: shuffled, images: size.of(10_000, quick: 2000, trial: 300),
                    epochs: size.of(8, quick: 3), test: size.of(5000, quick: 1000, trial: 200),
                    probed: network == .cnn && !shuffled ? size.of(4000, quick: 1000, trial: 40) : 0,
                    probeEpochs: size.of(15, quick: 5, trial: 1)))
        }
        return [arm(.cnn), arm(.mlp), arm(.frozen), arm(.cnn, shuffled: true), arm(.mlp, shuffled: true)]
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        if setting.isShuffled {
            let order = LabData.permutation(
                of: data.training.sampleShape.count, RandomKey(seed: seed).child("pixels"))
            data.training = try data.training.permutingFeatures(by: order)
            data.test = try data.test.permutingFeatures(by: order)
        }
        let net = setting.network.net
        var optimizer = Optimizer.adam(learningRate: 0.001)
        if setting.network == .frozen { optimizer = optimizer.freezing("0.conv2D/*") }
        let trained = try LabTraining(net: net, optimizer: optimizer, epochs: setting.epochs, seed: seed)
            .run(on: data.training)
        var measurement = LabMeasurement(["accuracy": try trained.trainer.evaluate(data.test)[.accuracy] ?? .nan])
        guard setting.probed > 0, let after = trained.trainer.state?.evaluatedVariables else { return measurement }
        let before = try net.initialized(input: [28, 28, 1], seed: seed)
        for (name, weights) in [("random", before), ("trained", after)] {
            let filters = weights["0.conv2D/kernel"]!.scalars.map(Double.init)
            // [5, 5, 1, 16]: a filter is every sixteenth number.
            let each = (0..<Features.filters).map { filter in
                stride(from: filter, to: filters.count, by: Features.filters).map { filters[$0] }
            }
            measurement["selectivity.\(name)"] =
                each.map { Gratings.selectivity($0, side: Features.size) }.mean
            measurement.series["filters.\(name)"] = each.flatMap { $0 }
        }
        measurement["selectivityGain"] =
            (measurement["selectivity.trained"] ?? .nan) - (measurement["selectivity.random"] ?? .nan)
        let probed = data.training.prefix(setting.probed)
        for place in Features.places {
            let probe =
                if let layer = place.layer {
                    try LinearProbe(
                        trained.trainer, at: layer, probed, epochs: setting.probeEpochs, seed: seed)
                } else { try LinearProbe(probed, epochs: setting.probeEpochs, seed: seed) }
            measurement["probe.\(place.name)"] = try probe.accuracy(on: data.test)
        }
        let image = try LabData.arrays(data.test.prefix(1)).inputs
        let maps = Sequential(Array(net.layers.prefix(2)))(image, after)
        measurement.series["image"] = image.scalars.map(Double.init)
        measurement.series["maps"] = (0..<Features.maps).flatMap { map in
            maps[0..., 0..., 0..., map..<(map + 1)].scalars.map(Double.init)
        }
        return measurement
    }

    // MARK: Claims

    var claims: [Claim] {
        func probes(_ first: String, minus second: String) -> @Sendable (LabResults) -> Evidence {
            { .mean(zip($0["cnn"].numbers("probe.\(first)"), $0["cnn"].numbers("probe.\(second)")).map { $0 - $1 }) }
        }
        let difference = Words("difference of test accuracies", "테스트 정확도의 차이")
        return [
            Claim(
                "filters-turn",
                Words(
                    "Trained first filters prefer a direction more than random ones.",
                    "학습한 첫 필터는 무작위 필터보다 특정 방향을 더 좋아한다."),
                statistic: Words("selectivity, trained minus random", "선택성, 학습한 것 − 무작위"), .atLeast(0),
                basis: .predicted, isTaught: true, evidence: Evidence.mean(of: "selectivityGain", in: "cnn")),
            Claim(
                "probe-conv1",
                Words(
                    "The first convolution knows more of the classes than the pixels.", "첫 합성곱의 출력은 픽셀보다 클래스를 더 잘 안다."),
                statistic: Words("accuracy of a linear probe, 1st convolution minus pixels", "선형 탐침의 정확도, 첫 합성곱 − 픽셀"),
                .atLeast(0), basis: .predicted, isTaught: true, evidence: probes("conv1", minus: "raw")),
            Claim(
                "probe-conv2",
                Words("The second convolution knows more than the first.", "둘째 합성곱은 첫째보다 더 잘 안다."),
                statistic: Words("2nd convolution minus 1st", "둘째 합성곱 − 첫 합성곱"), .atLeast(0), basis: .predicted,
                isTaught: true, evidence: probes("conv2", minus: "conv1")),
            Claim(
                "probe-dense",
                Words("The dense layer knows more than the second convolution.", "밀집층은 둘째 합성곱보다 더 잘 안다."),
                statistic: Words("dense layer minus 2nd convolution", "밀집층 − 둘째 합성곱"), .atLeast(0),
                basis: .predicted, isTaught: true, evidence: probes("dense", minus: "conv2")),
            Claim(
                "cnn-beats-dense",
                Words(
                    "With as many parameters the CNN is at least 1.5 points better than dense layers.",
                    "매개변수 수가 같아도 합성곱 신경망이 밀집 신경망보다 1.5 %포인트 이상 낫다."), statistic: difference, .atLeast(0.015),
                basis: .predicted, isTaught: true, evidence: Evidence.difference(of: "accuracy", "cnn", minus: "mlp")),
            Claim(
                "shuffled-pixels",
                Words(
                    "With shuffled pixels nothing of that is left: at most 0.3 points.",
                    "픽셀을 섞으면 그 차이가 남지 않는다(0.3 %포인트 이하)."),
                statistic: difference, .atMost(0.003), basis: .predicted,
                evidence: Evidence.difference(of: "accuracy", "cnn-shuffled", minus: "mlp-shuffled")),
            Claim(
                "random-filters",
                Words(
                    "First filters that stay random cost at most 2 points.", "첫 필터를 무작위로 두어도 2 %포인트까지만 나빠진다."),
                statistic: difference, .atMost(0.02), basis: .predicted,
                evidence: Evidence.difference(of: "accuracy", "cnn", minus: "frozen")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let cnn = results["cnn"]
        let weights = LabFigure.Control(
            Words("First filters", "첫 필터")[language], .choice,
            options: [Words("trained", "학습한 것")[language], Words("random", "무작위")[language]])
        let accuracy = Words("Test accuracy", "테스트 정확도")[language]
        return [
            LabFigure(
                "filters",
                caption: Words(
                    "The sixteen first filters, seed 1. Trained ones have a dark and a light side, or a spot; few are clear edges.",
                    "첫 필터 열여섯 개(시드 1). 학습한 필터에는 어두운 쪽과 밝은 쪽이 있거나 얼룩이 있다. 뚜렷한 경계선은 드물다.")[language],
                controls: [weights]
            ) { choice in
                let numbers = cnn.series(choice[0] == 0 ? "filters.trained" : "filters.random").first ?? []
                return Features.grid(numbers, side: Features.size, columns: 8, isSigned: true)
            },
            LabFigure(
                "maps",
                caption: Words(
                    "The first test image, and what eight of the trained filters make of it after pooling.",
                    "첫 테스트 이미지와, 학습한 필터 여덟 개가 그것에서 만들어 낸 것(풀링 뒤).")[language],
                controls: [
                    LabFigure.Control(
                        Words("Picture", "이미지")[language], .choice,
                        options: [Words("eight filters", "필터 여덟 개")[language], Words("image", "이미지")[language]])
                ]
            ) { choice in
                choice[0] == 0
                    ? Features.grid(cnn.series("maps").first ?? [], side: 14, columns: 4)
                    : Features.grid(cnn.series("image").first ?? [], side: 28, columns: 1)
            },
            LabFigure(
                "probes",
                caption: Words(
                    "What a linear probe can read from each layer: accuracy on test images.",
                    "선형 탐침이 각 층에서 읽어 낼 수 있는 것: 테스트 정확도.")[language],
                chart: BarChart(
                    "", axis: Axis(accuracy, range: 0...1), labels: Features.places.map { $0.title[language] },
                    values: Features.places.map { cnn.mean("probe.\($0.name)") })),
            LabFigure(
                "networks",
                caption: Words(
                    "The networks on images as they are, and on images whose pixels are in another order.",
                    "이미지 그대로일 때와 픽셀의 순서를 섞었을 때의 신경망들.")[language],
                chart: BarChart(
                    "", axis: Axis(accuracy, range: 0...1), labels: results.arms.map { $0.title[language] },
                    values: results.arms.map { $0.mean("accuracy") })),
        ]
    }

    /// Square pictures side by side, all with the same colors.
    private static func grid(_ numbers: [Double], side: Int, columns: Int, isSigned: Bool = false) -> any Chart {
        let greatest = numbers.map(abs).max() ?? 1
        let range = isSigned ? -greatest...greatest : (numbers.min() ?? 0)...max(greatest, 1e-9)
        let pictures = stride(from: 0, to: numbers.count, by: side * side).map { start in
            HeatMap(
                "",
                values: (0..<side).map { row in
                    Array(numbers[(start + row * side)..<(start + (row + 1) * side)])
                }, colorMap: isSigned ? .diverging : .sequential, range: range, showsValues: false)
        }
        return Figure("", columns: columns, pictures)
    }
}
