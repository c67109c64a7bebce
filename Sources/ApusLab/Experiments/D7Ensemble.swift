import Apus
import ApusCharts
import ApusTraining
import Foundation

/// D7: whether a network with dropout is the mean of many.
struct Ensemble: LabExperiment {
    /// Networks 784-256-256-10 on some images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var images: Int
        var epochs: Int
        var others: Int
        /// Random masks, or networks.
        var members: Int
        /// Masks over which the expectation is taken.
        var draws: Int
    }

    enum Kind: String, Codable, CaseIterable {
        /// A network that learned without dropout.
        case single
        /// One with dropout, used as usual: all units, scaled.
        case scaled
        /// The same with a random mask, as in training.
        case thinned
        /// The mean of the probabilities over many masks.
        case masks
        /// The mean over networks that learned without dropout from other start values.
        case networks

        var title: Words {
            switch self {
            case .single: Words("one network without dropout", "드롭아웃 없는 신경망 하나")
            case .scaled: Words("dropout, all units", "드롭아웃, 모든 유닛")
            case .thinned: Words("dropout, one mask", "드롭아웃, 마스크 하나")
            case .masks: Words("dropout, mean of 100 masks", "드롭아웃, 마스크 100개의 평균")
            case .networks: Words("mean of 5 networks", "신경망 5개의 평균")
            }
        }
    }

    static let rate = 0.5
    static let width = 256
    static let counts = [1, 2, 3, 5, 10, 20, 50, 100]

    let about = LabAbout(
        "ensemble", number: "D7", part: .overfitting, title: Words("Is dropout an ensemble?", "드롭아웃과 앙상블"),
        question: Words(
            "Is a network with dropout as good as the mean of many networks?", "드롭아웃을 쓴 신경망은 여러 신경망의 평균만큼 좋은가?"),
        taught: [
            .init(
                Words(
                    "Each mask is another network; using all units with scaled weights averages exponentially many of them.",
                    "마스크마다 다른 신경망이다. 모든 유닛을 쓰고 가중치를 조정하면 지수적으로 많은 신경망을 평균하는 셈이다."),
                source: "Deep Learning from Scratch, chapter 6; course notes on dropout")
        ],
        setup: Words(
            "784-256-256-10, ReLU, He, on 5000 images of Fashion-MNIST, which the seed draws; Adam 0.001, batches of 100, 20 epochs. One network learns with dropout 0.5 after both hidden layers; it answers for 2000 test images with all units, with one random mask for each image, or with the mean of the probabilities over 100 masks. Five networks without dropout learn from other start values and in another order. The expectation is measured on 50 test images: 10,000 masks on the first hidden layer, the input of each unit of the second before and after ReLU.",
            "시드가 뽑은 Fashion-MNIST 5000장으로 784-256-256-10 신경망(ReLU, He)을 Adam 0.001, 배치 100으로 20에포크 학습한다. 한 신경망은 두 은닉층 뒤의 드롭아웃 0.5로 배우고, 테스트 2000장에 모든 유닛으로, 이미지마다 무작위 마스크 하나로, 또는 마스크 100개의 확률 평균으로 답한다. 드롭아웃 없는 신경망 다섯은 다른 초깃값과 순서로 배운다. 기댓값은 테스트 50장에서 잰다. 첫 은닉층에 마스크 1만 개를 씌우고 둘째 층 각 유닛의 입력을 ReLU 앞뒤에서 본다."
        ),
        recipes: [
            .init(
                Words("The mean over masks in Swift", "Swift로 쓴 마스크의 평균"), .swift,
                """
                import Apus

                let (all, test) = try FashionMNIST.load()
                let net = Sequential {
                    Flatten()
                    for _ in 0..<2 { Dense(256, activation: .relu, kernelInitializer: .heNormal); Dropout(0.5) }
                    Dense(10)
                }
                var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy], seed: 1)
                try trainer.fit(all.prefix(5000), epochs: 20, batchSize: 100)
                let weights = trainer.state!.evaluatedVariables
                var key = RandomKey(seed: 1)
                for batch in test.prefix(200).batches(of: 200, epoch: 0, seed: 1) {
                    let inputs = Values(test.preprocessing(batch.inputs.only))
                    let passes = (0..<100).map { _ in
                        softmax(net.applied(to: inputs, with: weights, mode: .training, key: key.next()).output)
                    }
                    print((passes.dropFirst().reduce(passes[0], +) / 100).shape)
                }
                """)
        ],
        lesson: Words(
            "All units are as accurate as the mean of 100 masks, 0.847 both, and one mask is 3.7 points worse. But it is no ensemble of networks: five without dropout reach 0.861, 1.4 points more.",
            "모든 유닛은 마스크 100개의 평균만큼 정확하고(둘 다 0.847) 마스크 하나는 3.7 %포인트 나쁘다. 그러나 신경망들의 앙상블은 아니다. 드롭아웃 없는 신경망 다섯은 0.861로 1.4 %포인트 높다."
        ),
        surprise: Words(
            "The expectation is exact only before the nonlinearity: there 99.8 % of the units lie within three standard errors, after ReLU 15 %. And with 5000 images dropout adds no accuracy, 0.849 without it; it lowers the loss, from 0.575 to 0.432, below that of five networks, 0.448.",
            "기댓값은 비선형 함수 앞에서만 정확하다. 거기서는 유닛의 99.8 %가 3 표준오차 안에 들지만 ReLU 뒤에서는 15 %뿐이다. 그리고 5000장에서 드롭아웃은 정확도를 올리지 않는다(없으면 0.849). 줄이는 것은 손실이다. 0.575에서 0.432로 줄며, 신경망 다섯의 0.448보다도 작다."
        ),
        next: [
            .init(Words("See when dropout helps.", "드롭아웃이 언제 돕는지 보자."), .shell, "apus lab run dropout")
        ], seeds: 5, seconds: 25)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Kind.allCases.map { kind in
            LabArm(
                kind.rawValue, kind.title,
                Setting(
                    kind: kind, images: size.of(5000, quick: 2000, trial: 100), epochs: size.of(20, quick: 5, trial: 2),
                    others: size.of(2000, quick: 1000, trial: 100),
                    members: kind == .networks
                        ? size.of(5, trial: 2)
                        : kind == .masks
                            ? size.of(100, quick: 20, trial: 3) : kind == .thinned ? size.of(10, trial: 2) : 1,
                    draws: size.of(10_000, trial: 1000)))
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: setting.others, seed: seed)
        let (inputs, truth) = try LabData.arrays(data.test)
        let hasDropout = setting.kind != .single && setting.kind != .networks
        let net = DenseNet(hidden: [Self.width, Self.width], dropout: hasDropout ? Self.rate : 0).model
        func weights(_ member: Int) throws -> Variables {
            let training = LabSteps(
                net: net, optimizer: .adam(learningRate: 0.001), steps: setting.epochs * ((setting.images + 99) / 100),
                seed: seed + UInt64(member) * 1_000_000)
            return try training.run(on: data.training).state.evaluatedVariables
        }
        func outputs(_ weights: Variables, _ mode: Mode, _ key: RandomKey? = nil) throws -> Tensor {
            try net.applied(to: Values(inputs), with: weights, mode: mode, key: key).output.evaluated()
        }
        var key = RandomKey(seed: seed).child("masks")
        let all: [Probabilities]
        var measurement = LabMeasurement()
        switch setting.kind {
        case .single: all = [Probabilities(logits: try outputs(try weights(0), .inference))]
        case .networks:
            all = try (0..<setting.members).map { Probabilities(logits: try outputs(try weights($0), .inference)) }
        case .scaled:
            let weights = try weights(0)
            let (first, second) = (try outputs(weights, .inference), try outputs(weights, .inference))
            measurement["equal"] = first.scalars == second.scalars ? 1 : 0
            measurement["within"] = try expected(
                weights, inputs, samples: min(50, setting.others / 4), draws: setting.draws, seed: seed
            ) { $0 }
            all = [Probabilities(logits: first)]
        case .thinned, .masks:
            let weights = try weights(0)
            if setting.kind == .masks {
                measurement["within"] = try expected(
                    weights, inputs, samples: min(50, setting.others / 4), draws: setting.draws, seed: seed, relu)
            }
            all = try (0..<setting.members).map { _ in
                Probabilities(logits: try outputs(weights, .training, key.next()))
            }
        }
        if setting.kind == .thinned {
            // Each mask by itself.
            measurement["accuracy"] = all.reduce(0) { $0 + $1.accuracy(truth) } / Double(all.count)
            measurement["loss"] = all.reduce(0) { $0 + $1.loss(truth) } / Double(all.count)
            note(all[0], truth, in: &measurement)
            return measurement
        }
        let mean = Probabilities(meanOf: all)
        measurement["accuracy"] = mean.accuracy(truth)
        measurement["loss"] = mean.loss(truth)
        note(mean, truth, in: &measurement)
        for count in Self.counts where all.count > 1 && count <= all.count {
            let part = Probabilities(meanOf: Array(all.prefix(count)))
            measurement.series["accuracies", default: []].append(part.accuracy(truth))
            measurement.series["losses", default: []].append(part.loss(truth))
        }
        return measurement
    }

    private func note(_ found: Probabilities, _ truth: [Int], in measurement: inout LabMeasurement) {
        let reliability = found.reliability(truth)
        measurement.series["confidence"] = reliability.confidence
        measurement.series["right"] = reliability.accuracy
    }

    /// Whether the mean over masks is what the scaled network computes, for the inputs of the second layer or what a function makes of them:
    /// the share of units that lie within three standard errors.
    private func expected(
        _ weights: Variables, _ inputs: Tensor, samples: Int, draws: Int, seed: UInt64, _ function: (Tensor) -> Tensor
    ) throws -> Double {
        var key = RandomKey(seed: seed).child("expectation")
        let kernels = weights.kernels
        let biases = weights.paths.filter { $0.hasSuffix("bias") }.compactMap { weights[$0] }
        let flat = inputs.reshaped(to: [inputs.shape[0], 784])
        var sum = 0.0
        for sample in 0..<samples {
            let hidden = relu(flat[sample..<(sample + 1)].matmul(kernels[0]) + biases[0])
            let keep = floor(Tensor.uniform([draws, Self.width], key: key.next()) + Float(1 - Self.rate))
            let masked = (hidden * keep / Float(1 - Self.rate)).matmul(kernels[1]) + biases[1]
            sum += try share(of: function(masked), around: function(hidden.matmul(kernels[1]) + biases[1]))
        }
        return sum / Double(samples)
    }

    /// The share of columns whose mean lies within three standard errors of a row's numbers.
    private func share(of values: Tensor, around row: Tensor) throws -> Double {
        let count = Float(values.shape[0])
        let mean = values.mean(axes: [0], keepingAxes: true)
        let deviation = values - mean
        let errors = sqrt((deviation * deviation).mean(axes: [0], keepingAxes: true) / count)
        let (distances, limits) = (abs(mean - row), errors * 3 + 1e-6)
        try evaluate([distances, limits])
        let pairs = zip(distances.scalars, limits.scalars)
        return Double(pairs.count { $0 <= $1 }) / Double(distances.scalars.count)
    }

    // MARK: Claims

    var claims: [Claim] {
        let within = Words("share of units within three standard errors", "3 표준오차 안에 드는 유닛의 비율")
        return [
            Claim(
                "expectation",
                Words(
                    "Over 10,000 masks the input of a unit is on average that of the scaled network.",
                    "마스크 1만 개에 걸친 유닛 입력의 평균은 모든 유닛을 쓴 신경망의 값과 같다."),
                statistic: within, .atLeast(0.99), basis: .theory, isTaught: true,
                evidence: Evidence.mean(of: "within", in: "scaled")),
            Claim(
                "expectation-after",
                Words("So is what ReLU makes of it.", "ReLU를 지난 값도 그렇다."), statistic: within, .atLeast(0.99),
                basis: .predicted, isTaught: true, evidence: Evidence.mean(of: "within", in: "masks")),
            Claim(
                "deterministic",
                Words("In use the network answers the same twice.", "사용할 때 신경망은 두 번 같은 답을 낸다."),
                statistic: Words("seeds in which all outputs are equal", "모든 출력이 같은 시드의 비율"), .equal(to: 1),
                basis: .theory, evidence: Evidence.mean(of: "equal", in: "scaled")),
            Claim(
                "scaled-is-mean",
                Words(
                    "All units are as accurate as the mean of 100 masks, within 0.3 points.",
                    "모든 유닛의 정확도는 마스크 100개 평균과 0.3 %포인트 안에서 같다."),
                statistic: Words("test accuracy, mean of masks − all units", "테스트 정확도, 마스크 평균 − 모든 유닛"),
                .within(-0.003...0.003), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "accuracy", "masks", minus: "scaled")),
            Claim(
                "masks-loss",
                Words("The mean of 100 masks has the smaller loss.", "손실은 마스크 100개의 평균이 더 작다."),
                statistic: Words("test loss, mean of masks ÷ all units", "테스트 손실, 마스크 평균 ÷ 모든 유닛"), .atMost(1),
                basis: .predicted, evidence: Evidence.ratio(of: "loss", "masks", over: "scaled")),
            Claim(
                "thinned-worse",
                Words(
                    "One mask is at least two points worse than all units.", "마스크 하나는 모든 유닛보다 2 %포인트 이상 나쁘다."),
                statistic: Words("test accuracy, all units − one mask", "테스트 정확도, 모든 유닛 − 마스크 하나"), .atLeast(0.02),
                basis: .predicted, evidence: Evidence.difference(of: "accuracy", "scaled", minus: "thinned")),
            Claim(
                "networks-better",
                Words(
                    "The mean of five networks without dropout is at least half a point better than both.",
                    "드롭아웃 없는 신경망 다섯의 평균은 둘 다보다 0.5 %포인트 이상 낫다."),
                statistic: Words(
                    "test accuracy, five networks − the better of all units and mean of masks",
                    "테스트 정확도, 신경망 다섯 − (모든 유닛, 마스크 평균 중 나은 것)"),
                .atLeast(0.005), basis: .predicted
            ) { results in
                .mean(
                    zip(
                        results.differences("accuracy", "networks", minus: "scaled"),
                        results.differences("accuracy", "networks", minus: "masks")
                    ).map { min($0, $1) })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let shown = LabFigure.Control(
            Words("Shown", "값")[language], .choice,
            options: [Words("accuracy", "정확도")[language], Words("loss", "손실")[language]])
        let kinds = Kind.allCases
        return [
            LabFigure(
                "members",
                caption: Words(
                    "What the mean of more and more masks, or networks, gives on the test; dashed are a single network and the scaled one.",
                    "마스크나 신경망을 점점 더 많이 평균할 때의 테스트 결과. 점선은 신경망 하나와 모든 유닛을 쓴 신경망이다.")[language],
                controls: [shown]
            ) { choice in
                let (series, number) = choice[0] == 0 ? ("accuracies", "accuracy") : ("losses", "loss")
                let counts = Self.counts.map(Double.init)
                let curves = [(Kind.masks, Words("masks", "마스크")), (.networks, Words("networks", "신경망"))].map {
                    kind, title in
                    let band = results[kind.rawValue].band(series)
                    return LineChart.Series(
                        title[language], x: Array(counts.prefix(band.mean.count)), y: band.mean, lower: band.lower,
                        upper: band.upper)
                }
                let flat = [Kind.scaled, .single].map { kind in
                    let mean = results[kind.rawValue].mean(number)
                    return LineChart.Series(kind.title[language], x: [1, 100], y: [mean, mean], style: .dashed)
                }
                return LineChart(
                    "", x: Axis(Words("Members", "구성원 수")[language], scale: .logarithmic),
                    y: Axis(shown.options[choice[0]]), series: curves + flat)
            },
            LabFigure(
                "reliability",
                caption: Words(
                    "How often an answer is right (seed 1) against the probability that the network gives it. Below the diagonal it is too sure of itself.",
                    "신경망이 답에 준 확률과 그 답이 맞은 비율(시드 1). 대각선 아래면 지나치게 확신하는 것이다.")[language],
                chart: ScatterChart(
                    "", x: Axis(Words("Probability of the answer", "답의 확률")[language], range: 0...1),
                    y: Axis(Words("Share that is right", "맞은 비율")[language], range: 0...1),
                    groups: kinds.filter { $0 != .thinned }.map { kind in
                        let arm = results[kind.rawValue]
                        let points = zip(arm.series("confidence").first ?? [], arm.series("right").first ?? []).filter {
                            $0.isFinite && $1.isFinite
                        }
                        return ScatterChart.Group(kind.title[language], x: points.map(\.0), y: points.map(\.1))
                    }, hasDiagonal: true)),
            LabFigure(
                "test",
                caption: Words("Test accuracy and loss, mean over the seeds.", "테스트 정확도와 손실, 시드의 평균.")[language],
                controls: [shown]
            ) { choice in
                BarChart(
                    "", axis: Axis(shown.options[choice[0]]), labels: kinds.map { $0.title[language] },
                    values: kinds.map { results[$0.rawValue].mean(choice[0] == 0 ? "accuracy" : "loss") })
            },
        ]
    }
}
