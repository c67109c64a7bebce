import Apus
import ApusCharts
import ApusTraining
import Foundation

/// D2: what each remedy against overfitting does to the gap, to the accuracy and to the loss.
struct Remedies: LabExperiment {
    /// A network 784-6×100-10 on 300 images of Fashion-MNIST, and what is done against overfitting.
    struct Setting: Codable, Hashable, Sendable {
        var remedy: Remedy?
        /// The share of wrong labels.
        var flipped: Double
        var images: Int
        var epochs: Int
        var others: Int
        /// The strengths that are tried.
        var strengths: [Double]
    }

    enum Remedy: String, Codable, CaseIterable {
        case data, smaller, l2, l1, dropout, stopping, batchNorm, maxNorm, augmentation, noise, ensemble

        var title: Words {
            switch self {
            case .data: Words("four times the data", "데이터 네 배")
            case .smaller: Words("a smaller network", "작은 신경망")
            case .l2: Words("L2")
            case .l1: Words("L1")
            case .dropout: Words("dropout", "드롭아웃")
            case .stopping: Words("early stopping", "조기 종료")
            case .batchNorm: Words("batch normalization", "배치 정규화")
            case .maxNorm: Words("max-norm", "최대 노름")
            case .augmentation: Words("augmentation", "데이터 증강")
            case .noise: Words("noise on the images", "이미지 잡음")
            case .ensemble: Words("five networks", "신경망 다섯")
            }
        }

        /// The strengths that are tried; one where there is nothing to choose.
        var strengths: [Double] {
            switch self {
            case .smaller: [1, 2, 3]
            case .l2: [1e-4, 1e-3, 1e-2]
            case .l1: [1e-5, 1e-4, 1e-3]
            case .dropout: [0.1, 0.3, 0.5]
            case .maxNorm: [2, 1, 0.5]
            case .augmentation: [1, 2, 4]
            case .noise: [0.1, 0.3, 1]
            case .data, .stopping, .batchNorm, .ensemble: [1]
            }
        }
    }

    static let shares = [0, 0.2]
    private typealias Parts = (training: Dataset, validation: Dataset?, test: Dataset)

    let about = LabAbout(
        "remedies", number: "D2", part: .overfitting, title: Words("Does each cure work?", "과적합 억제 비교"),
        question: Words(
            "Which remedies against overfitting close the gap, and which make the network better?",
            "어떤 처방이 차이를 줄이고, 어떤 처방이 신경망을 더 좋게 만드는가?"),
        taught: [
            .init(
                Words(
                    "Against overfitting: more data, a smaller network, L1 and L2, dropout, early stopping, batch normalization, constraints, augmentation, noise, ensembles.",
                    "과적합에는 더 많은 데이터, 작은 신경망, L1과 L2, 드롭아웃, 조기 종료, 배치 정규화, 가중치 제약, 데이터 증강, 잡음, 앙상블이 듣는다."),
                source: "course notes on regularization; Deep Learning from Scratch, chapter 6")
        ],
        setup: Words(
            "784-6×100-10, ReLU, He, on 300 images of Fashion-MNIST, which the seed draws; Adam 0.001, batches of 100, 100 epochs; training labels right, or 20 % of them wrong. One remedy at a time. Where it has a strength, three are tried and the one with the best accuracy on 1000 validation images is taken: 1 layer of 100, 2 of 32 or 6 of 50; λ Σ w² with 1e-4, 1e-3, 1e-2; λ Σ |w| with 1e-5, 1e-4, 1e-3; dropout 0.1, 0.3, 0.5; max-norm 2, 1, 0.5; flips with shifts of at most 1, 2 or 4 pixels; normal noise of 0.1, 0.3, 1 on the standardized images. Early stopping waits 10 epochs for a better validation loss. Losses are without penalties; test accuracy and loss are those of 2000 images; the gap is training minus test accuracy.",
            "시드가 뽑은 Fashion-MNIST 300장으로 784-6×100-10 신경망(ReLU, He)을 Adam 0.001, 배치 100으로 100에포크 학습한다. 훈련 레이블은 모두 옳거나 20 %가 틀리다. 처방은 한 번에 하나씩 쓴다. 세기가 있으면 셋을 해 보고 검증 1000장의 정확도가 가장 좋은 것을 쓴다. 100유닛 1층, 32유닛 2층, 50유닛 6층; λ Σ w²의 1e-4, 1e-3, 1e-2; λ Σ |w|의 1e-5, 1e-4, 1e-3; 드롭아웃 0.1, 0.3, 0.5; 최대 노름 2, 1, 0.5; 좌우 반전과 최대 1, 2, 4픽셀 이동; 표준화한 이미지에 더하는 정규 잡음 0.1, 0.3, 1. 조기 종료는 검증 손실이 나아지기를 10에포크 기다린다. 손실에는 벌점을 넣지 않는다. 테스트 정확도와 손실은 2000장에서 재고, 차이란 훈련 정확도 − 테스트 정확도이다."
        ),
        recipes: [
            .init(
                Words("One remedy as an experiment file", "실험 파일로 쓴 한 처방"), .yaml,
                """
                name: remedies
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.995}}   # 300 images to train on
                model:
                  - flatten
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                  - dense: {units: 10, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.001}}
                optimizer: {adam: {learningRate: 0.001}}
                schedule: constant
                batchSize: 100
                epochs: 100
                """)
        ],
        lesson: Words(
            "In test accuracy four times the data beat every other remedy: 7.2 points more, and a gap 28 % smaller; in test loss six others do better. Of the ten others none closes the gap by 30 % when labels are right, and only the mean of five networks surely adds a point of accuracy (2.0). But six lower the test loss by 10 % or more: a smaller network, L1, L2, early stopping, batch normalization, five networks.",
            "테스트 정확도에서는 데이터 네 배가 다른 모든 처방을 이긴다. 7.2 %포인트 오르고 차이는 28 % 준다. 테스트 손실에서는 여섯 처방이 더 낫다. 나머지 열 가운데 레이블이 옳을 때 차이를 30 % 줄이는 것은 없고, 정확도를 확실히 1 %포인트 올리는 것은 신경망 다섯의 평균(2.0)뿐이다. 그러나 여섯은 테스트 손실을 10 % 이상 줄인다. 작은 신경망, L1, L2, 조기 종료, 배치 정규화, 신경망 다섯이다."
        ),
        surprise: Words(
            "What helps the loss may hurt the accuracy: early stopping lowers the loss by 43 % and costs 2.0 points, batch normalization by 31 % and 2.1 points; dropout does the reverse, 1.2 points more accuracy and 12 % more loss. And the smallest gap is no merit: with 20 % wrong labels early stopping more than halves it, from 0.345 to 0.161, for 1.8 points, while the mean of five networks gains 4.4 points at a gap of 0.301.",
            "손실에 좋은 것이 정확도에는 나쁠 수 있다. 조기 종료는 손실을 43 % 줄이고 정확도 2.0 %포인트를 잃으며, 배치 정규화는 31 %를 줄이고 2.1 %포인트를 잃는다. 드롭아웃은 거꾸로 정확도가 1.2 %포인트 오르고 손실이 12 % 는다. 차이가 가장 작다고 좋은 것도 아니다. 틀린 레이블이 20 %일 때 조기 종료는 차이를 0.345에서 0.161로 절반 넘게 줄이지만 1.8 %포인트를 얻고, 신경망 다섯의 평균은 차이가 0.301이어도 4.4 %포인트를 얻는다."
        ),
        next: [
            .init(Words("See what causes it.", "무엇이 원인인지 보자."), .shell, "apus lab run overfit")
        ], seeds: 10, seconds: 80)

    static func id(_ remedy: Remedy?, _ flipped: Double) -> String {
        "\(remedy?.rawValue ?? "none")\(flipped > 0 ? "-noisy" : "")"
    }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Self.shares.flatMap { flipped in
            ([nil] + Remedy.allCases.map(Optional.init)).map { remedy in
                let labels = flipped > 0 ? Words(", 20 % wrong labels", ", 틀린 레이블 20 %") : Words("", "")
                let title = remedy?.title ?? Words("nothing", "처방 없음")
                let strengths = remedy?.strengths ?? [1]
                return LabArm(
                    Self.id(remedy, flipped), Words(title.english + labels.english, title.korean + labels.korean),
                    Setting(
                        remedy: remedy, flipped: flipped, images: size.of(300, trial: 40),
                        epochs: size.of(100, quick: 40, trial: 20), others: size.of(1000, quick: 500, trial: 200),
                        strengths: size.of(
                            strengths, quick: Array(strengths.suffix(2)), trial: Array(strengths.suffix(1)))))
            }
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(
            training: setting.images * (setting.remedy == .data ? 4 : 1), validation: setting.others,
            test: 2 * setting.others, flipped: setting.flipped, seed: seed)
        var best = LabMeasurement()
        for strength in setting.strengths {
            var found = try trained(setting, strength, on: data, seed: seed)
            found["strength"] = strength
            found.series = [:]
            if found["validation.accuracy"] ?? 0 > best["validation.accuracy"] ?? -1 { best = found }
        }
        return best
    }

    private func trained(
        _ setting: Setting, _ strength: Double, on data: Parts, seed: UInt64
    ) throws -> LabMeasurement {
        var net = DenseNet(hidden: Array(repeating: 100, count: 6))
        let optimizer = Optimizer.adam(learningRate: 0.001)
        func curves(_ model: Sequential, measured: Sequential? = nil) throws -> LabMeasurement {
            try LabCurves(net: model, measured: measured, optimizer: optimizer, epochs: setting.epochs, seed: seed)
                .run(on: data).measurement
        }
        func fitted(_ augmentations: [Augmentation], _ callbacks: [Callback]) throws -> LabMeasurement {
            let training = LabTraining(
                net: net.model, optimizer: optimizer, epochs: setting.epochs, seed: seed, augmentations: augmentations,
                callbacks: callbacks)
            // Validation after each epoch is for those who watch it.
            let watched = callbacks.isEmpty ? nil : data.validation
            let found = try training.run(on: data.training, validation: watched)
            let trainer = found.trainer
            return try measured(data) { try trainer.predict($0, preprocessing: .identity) }
        }
        switch setting.remedy {
        case nil, .data: return try curves(net.model)
        case .smaller:
            net.hidden = [[100], [32, 32], Array(repeating: 50, count: 6)][min(max(Int(strength) - 1, 0), 2)]
            return try curves(net.model)
        case .l1, .l2:
            let plain = net.model
            net.regularizer = setting.remedy == .l1 ? .l1(strength) : .l2(strength)
            return try curves(net.model, measured: plain)
        case .dropout:
            net.dropout = strength
            return try curves(net.model)
        case .batchNorm:
            net.isNormalized = true
            return try curves(net.model)
        case .maxNorm:
            net.constraint = .maxNorm(strength)
            return try curves(net.model)
        case .noise:
            let hidden = net.hidden
            return try curves(
                Sequential {
                    Flatten()
                    GaussianNoise(strength)
                    for units in hidden { Dense(units, activation: .relu, kernelInitializer: .heNormal) }
                    Dense(10, kernelInitializer: .heNormal)
                })
        case .stopping: return try fitted([], [.earlyStopping(patience: 10)])
        case .augmentation: return try fitted([.flip(), .randomCrop(padding: Int(strength), mode: .reflect)], [])
        case .ensemble:
            let model = net.model
            let members = try (0..<5).map { member in
                let steps = setting.epochs * ((data.training.count + 99) / 100)
                return try LabSteps(
                    net: model, optimizer: optimizer, steps: steps, seed: seed + UInt64(member) * 1_000_000,
                    every: steps
                ).run(on: data.training).state.evaluatedVariables
            }
            return try measured(data) { inputs in
                // The logarithm of a mean of probabilities is a logit.
                let all = members.map { softmax(model.applied(to: Values(inputs), with: $0, mode: .inference).output) }
                return try log(all.dropFirst().reduce(all[0], +) / Float(all.count) + 1e-12).evaluated()
            }
        }
    }

    /// Accuracy and loss on the parts of the data.
    private func measured(_ data: Parts, _ logits: (Tensor) throws -> Tensor) throws -> LabMeasurement {
        var measurement = LabMeasurement()
        for (part, samples) in [("training", data.training), ("validation", data.validation), ("test", data.test)] {
            guard let samples else { continue }
            let (inputs, labels) = try LabData.arrays(samples)
            let found = Probabilities(logits: try logits(inputs))
            measurement["\(part).accuracy"] = found.accuracy(labels)
            measurement["\(part).loss"] = found.loss(labels)
        }
        measurement["gap"] = (measurement["training.accuracy"] ?? .nan) - (measurement["test.accuracy"] ?? .nan)
        return measurement
    }

    // MARK: Claims

    var claims: [Claim] {
        let (clean, noisy) = (Self.shares[0], Self.shares[1])
        let none = Self.id(nil, clean)
        let each = Remedy.allCases.flatMap { remedy in
            let (id, title) = (Self.id(remedy, clean), remedy.title)
            return [
                Claim(
                    "\(id)-gap",
                    Words("It closes the gap by 30 %: \(title.english).", "차이를 30 % 이상 줄인다: \(title.korean)."),
                    statistic: Words("gap with ÷ without", "처방한 차이 ÷ 처방 없는 차이"), .atMost(0.7), basis: .predicted,
                    isTaught: true, evidence: Evidence.ratio(of: "gap", id, over: none)),
                Claim(
                    "\(id)-accuracy",
                    Words(
                        "It adds a point of test accuracy: \(title.english).",
                        "테스트 정확도를 1 %포인트 이상 올린다: \(title.korean)."),
                    statistic: Words("test accuracy with − without", "테스트 정확도, 처방 − 없음"), .atLeast(0.01),
                    basis: .predicted, isTaught: true,
                    evidence: Evidence.difference(of: "test.accuracy", id, minus: none)),
                Claim(
                    "\(id)-loss",
                    Words(
                        "It lowers the test loss by 10 %: \(title.english).", "테스트 손실을 10 % 이상 줄인다: \(title.korean)."),
                    statistic: Words("test loss with ÷ without", "테스트 손실, 처방 ÷ 없음"), .atMost(0.9), basis: .predicted,
                    isTaught: true, evidence: Evidence.ratio(of: "test.loss", id, over: none)),
            ]
        }
        func best(_ share: Double) -> @Sendable (LabResults) -> Evidence {
            { results in
                .mean(
                    results.seeds.indices.map { seed in
                        let others = Remedy.allCases.filter { $0 != .data }.map {
                            results[Self.id($0, share)].numbers("test.accuracy")[seed]
                        }
                        return results[Self.id(.data, share)].numbers("test.accuracy")[seed] - (others.max() ?? .nan)
                    })
            }
        }
        let lead = Words("test accuracy with more data − best of the others", "테스트 정확도, 데이터 네 배 − 나머지 중 최고")
        return [
            Claim(
                "data-best", Words("Four times the data beat every other remedy.", "데이터 네 배가 다른 모든 처방을 이긴다."),
                statistic: lead, .atLeast(0), basis: .predicted, evidence: best(clean)),
            Claim(
                "data-best-noisy",
                Words(
                    "So they do with 20 % wrong labels.", "틀린 레이블이 20 %일 때도 그렇다."),
                statistic: lead, .atLeast(0), basis: .predicted, evidence: best(noisy)),
        ] + each
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let names = ["gap", "test.accuracy", "test.loss"]
        let shown = LabFigure.Control(
            Words("Shown", "값")[language], .choice,
            options: [
                Words("gap", "차이"), Words("test accuracy", "테스트 정확도"), Words("test loss", "테스트 손실"),
            ].map { $0[language] }, first: 1)
        let labels = LabFigure.Control(
            Words("Labels", "레이블")[language], .choice,
            options: [Words("all right", "모두 옳음")[language], Words("20 % wrong", "20 % 틀림")[language]])
        func mean(_ remedy: Remedy?, _ name: String, _ share: Double) -> Double {
            results[Self.id(remedy, share)].mean(name)
        }
        return [
            LabFigure(
                "effects",
                caption: Words(
                    "What each remedy changes against none, seed by seed: the mean and its 95 % interval. Points for gap and accuracy, percent for the loss. Compare the three columns.",
                    "처방이 없을 때와 시드마다 비교한 변화: 평균과 95 % 구간. 차이와 정확도는 %포인트, 손실은 %이다. 세 가지를 견주어 보자.")[
                        language],
                controls: [shown, labels]
            ) { choice in
                let (name, share) = (names[choice[0]], Self.shares[choice[1]])
                let rows = Remedy.allCases.map { remedy -> IntervalChart.Row in
                    let (id, none) = (Self.id(remedy, share), Self.id(nil, share))
                    let changes =
                        name == "test.loss"
                        ? results.ratios(name, id, over: none).map { 100 * ($0 - 1) }
                        : results.differences(name, id, minus: none).map { 100 * $0 }
                    return .init(remedy.title[language], Estimate(.mean(changes)))
                }
                let unit = choice[0] == 2 ? "%" : Words("points", "%포인트")[language]
                return IntervalChart(
                    "", axis: Axis(Words("Change", "변화")[language], unit: unit), reference: 0, rows: rows)
            },
            LabFigure(
                "gap-accuracy",
                caption: Words(
                    "A smaller gap is not a better network: gap and test accuracy of every remedy, mean over the seeds. Good is up, whatever the gap.",
                    "차이가 작다고 더 좋은 신경망은 아니다. 처방마다 차이와 테스트 정확도, 시드의 평균. 차이와 상관없이 위쪽이 좋다.")[language],
                controls: [labels]
            ) { choice in
                let share = Self.shares[choice[0]]
                let all: [Remedy?] = [nil] + Remedy.allCases.map(Optional.init)
                return ScatterChart(
                    "", x: Axis(Words("Gap", "차이")[language]), y: Axis(Words("Test accuracy", "테스트 정확도")[language]),
                    groups: all.map { remedy in
                        ScatterChart.Group(
                            (remedy?.title ?? Words("nothing", "처방 없음"))[language], x: [mean(remedy, "gap", share)],
                            y: [mean(remedy, "test.accuracy", share)])
                    })
            },
            LabFigure(
                "strengths",
                caption: Words(
                    "How often each strength was chosen by validation, in percent of the seeds, from the weakest to the strongest; for the network from one layer to six. Who tunes on one seed tunes on chance.",
                    "검증으로 각 세기가 뽑힌 비율(시드의 %). 약한 것부터 강한 것까지이며, 신경망은 1층부터 6층까지이다. 시드 하나로 고르면 우연을 고르는 셈이다.")[
                        language],
                controls: [labels]
            ) { choice in
                let share = Self.shares[choice[0]]
                let tuned = Remedy.allCases.filter { $0.strengths.count > 1 }
                return HeatMap(
                    "",
                    values: tuned.map { remedy in
                        let chosen = results[Self.id(remedy, share)].numbers("strength")
                        return remedy.strengths.map { strength in
                            100 * Double(chosen.count { $0 == strength }) / Double(max(1, chosen.count))
                        }
                    }, rowLabels: tuned.map { $0.title[language] }, columnLabels: ["1", "2", "3"],
                    columnTitle: Words("Strength", "세기")[language], range: 0...100)
            },
        ]
    }
}
