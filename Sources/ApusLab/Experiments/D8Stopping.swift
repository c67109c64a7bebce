import Apus
import ApusCharts
import ApusTraining
import Foundation

/// D8: when to stop, what to keep, and whether a training that was killed goes on as if nothing had happened.
struct Stopping: LabExperiment {
    /// A network 784-6×100-10 on 300 images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        /// The share of wrong labels.
        var flipped: Double
        var epochs: Int
        var patience: Int
        var images: Int
        var others: Int
    }

    enum Kind: String, Codable, CaseIterable {
        /// All epochs.
        case never
        /// Until the validation loss has not improved for some epochs; the best weights are restored.
        case loss
        /// The same with the validation accuracy.
        case accuracy
        /// Stopped at a random step, and continued from a checkpoint.
        case resumed

        var title: Words {
            switch self {
            case .never: Words("never stopped", "멈추지 않음")
            case .loss: Words("stopped by loss", "손실로 멈춤")
            case .accuracy: Words("stopped by accuracy", "정확도로 멈춤")
            case .resumed: Words("killed and resumed", "중단 후 재개")
            }
        }
    }

    static let shares = [0, 0.2]

    let about = LabAbout(
        "stopping", number: "D8", part: .overfitting, title: Words("Stop, save, go on", "조기 종료와 체크포인트"),
        question: Words(
            "Does stopping early help, by which value, and does a resumed training end at the same weights?",
            "일찍 멈추면 좋은가? 어떤 값으로 멈출 것인가? 재개한 학습은 같은 가중치에 이르는가?"),
        taught: [
            .init(
                Words(
                    "Stop when the validation loss has not improved for some epochs, and keep the best weights.",
                    "검증 손실이 몇 에포크 동안 나아지지 않으면 멈추고 가장 좋은 가중치를 남긴다."),
                source: "course notes on early stopping; Keras guide"),
            .init(
                Words(
                    "Early stopping prevents overfitting, so the test accuracy is better.",
                    "조기 종료는 과적합을 막아 테스트 정확도를 높인다."),
                source: "course notes on early stopping"),
        ],
        setup: Words(
            "784-6×100-10, ReLU, He, on 300 images of Fashion-MNIST, which the seed draws; Adam 0.001, batches of 100, at most 200 epochs; 1000 further images for validation, 2000 for the test. Training labels are right, or 20 % of them wrong. Early stopping has a patience of 10 epochs and restores the best weights. In the arms that are killed a training of 30 epochs with a checkpoint every few steps ends with an error at a random step, and another one resumes it from the folder.",
            "시드가 뽑은 Fashion-MNIST 300장으로 784-6×100-10 신경망(ReLU, He)을 Adam 0.001, 배치 100으로 최대 200에포크 학습한다. 검증에는 다른 1000장, 테스트에는 2000장을 쓴다. 훈련 레이블은 모두 옳거나 20 %가 틀리다. 조기 종료는 10에포크를 기다리고 가장 좋은 가중치를 되돌린다. 중단하는 설정에서는 몇 걸음마다 체크포인트를 쓰는 30에포크 학습이 무작위 걸음에서 오류로 끝나고, 다른 학습이 그 폴더에서 이어 간다."
        ),
        recipes: [
            .init(
                Words("Stopped by loss, in Swift", "Swift로 쓴 손실로 멈추기"), .swift,
                """
                import Apus

                let (all, test) = try FashionMNIST.load()
                let net = Sequential {
                    Flatten()
                    for _ in 0..<6 { Dense(100, activation: .relu, kernelInitializer: .heNormal) }
                    Dense(10)
                }
                var trainer = Trainer(
                    net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.001), metrics: [.accuracy], seed: 1)
                try trainer.fit(
                    all.prefix(300), validation: test.prefix(1000), epochs: 200, batchSize: 100,
                    callbacks: [.earlyStopping(patience: 10), .checkpoint("checkpoints")], resuming: "checkpoints")
                """)
        ],
        lesson: Words(
            "Stopped by loss, the test loss is half of that after all epochs (0.51), but with right labels the test accuracy is 2.0 points lower; with 20 % wrong labels it is 1.9 points higher. Who wants accuracy should watch it. And resuming is exact: 20 of 20 trainings that were killed ended at the same weights, bit for bit.",
            "손실로 멈추면 테스트 손실은 모든 에포크 뒤의 절반(0.51)이지만, 레이블이 옳으면 테스트 정확도는 2.0 %포인트 낮고, 20 %가 틀리면 1.9 %포인트 높다. 정확도를 원하면 정확도를 보아야 한다. 그리고 재개는 정확하다. 중단된 학습 20번이 모두 비트까지 같은 가중치로 끝났다."
        ),
        surprise: Words(
            "With right labels the loss is least after about 10 epochs, when the accuracy still rises: watching accuracy stops after 31 epochs, and not stopping at all is at least as accurate, 0.744 against 0.739 and 0.724 (by loss).",
            "레이블이 옳으면 손실은 10에포크쯤에서 가장 작은데 정확도는 그 뒤에도 오른다. 정확도를 보면 31에포크쯤에 멈추고, 아예 멈추지 않아도 그보다 못하지 않다. 0.744이고, 정확도로 멈추면 0.739, 손실로 멈추면 0.724이다."
        ),
        next: [
            .init(Words("See why the loss rises.", "손실이 왜 커지는지 보자."), .shell, "apus lab run overfit")
        ], seeds: 10, seconds: 22)

    static func id(_ kind: Kind, _ flipped: Double) -> String { "\(kind.rawValue)-\(flipped)" }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Self.shares.flatMap { flipped in
            Kind.allCases.map { kind in
                let epochs =
                    kind == .resumed
                    ? size.of(30, quick: 10, trial: 2) : size.of(200, quick: 60, trial: 15)
                let labels = flipped > 0 ? Words("20 % wrong labels", "틀린 레이블 20 %") : Words("right labels", "옳은 레이블")
                return LabArm(
                    Self.id(kind, flipped),
                    Words(
                        "\(kind.title.english), \(labels.english)", "\(kind.title.korean), \(labels.korean)"),
                    Setting(
                        kind: kind, flipped: flipped, epochs: epochs, patience: size.of(10, trial: 1),
                        images: size.of(300, trial: 200),
                        others: size.of(1000, quick: 500, trial: 100)))
            }
        }
    }

    // MARK: Measuring

    private func trainer(seed: UInt64) -> Trainer {
        Trainer(
            DenseNet(hidden: Array(repeating: 100, count: 6)).model, loss: .softmaxCrossEntropy,
            optimizer: .adam(learningRate: 0.001), metrics: [.accuracy], seed: seed)
    }

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(
            training: setting.images, validation: setting.others, test: 2 * setting.others, flipped: setting.flipped,
            seed: seed)
        if setting.kind == .resumed { return try resumed(setting, on: data.training, seed: seed) }
        var callbacks: [Callback] = []
        if setting.kind != .never {
            callbacks = [.earlyStopping(monitor: "validation.\(setting.kind.rawValue)", patience: setting.patience)]
        }
        var trainer = trainer(seed: seed)
        let history = try trainer.fit(
            data.training, validation: data.validation, epochs: setting.epochs, batchSize: 100, callbacks: callbacks)
        var measurement = LabMeasurement(["epochs": Double(history.epochs.count)])
        for name in ["training.loss", "training.accuracy", "validation.loss", "validation.accuracy"] {
            measurement.series[name] = history[name]
        }
        let losses = history["validation.loss"]
        measurement["bestEpoch"] = losses.indices.min { losses[$0] < losses[$1] }.map { Double($0 + 1) }
        if let validation = data.validation { measurement["restored"] = try trainer.evaluate(validation).loss }
        let found = try trainer.evaluate(data.test)
        measurement["test.loss"] = found.loss
        measurement["test.accuracy"] = found[.accuracy]
        return measurement
    }

    private struct Killed: Error {}

    /// Whether a training that ends with an error somewhere and goes on comes to the weights of one that was left alone.
    private func resumed(_ setting: Setting, on samples: Dataset, seed: UInt64) throws -> LabMeasurement {
        var alone = trainer(seed: seed)
        try alone.fit(samples, epochs: setting.epochs, batchSize: 100)
        let draws = Tensor.uniform([2], key: RandomKey(seed: seed).child("kill \(setting.flipped)")).scalars.map(
            Double.init)
        let steps = setting.epochs * ((samples.count + 99) / 100)
        let stop = 1 + Int(draws[0] * Double(steps - 1))
        let every = 1 + Int(draws[1] * 7)
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-lab-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let callbacks: [Callback] = [.checkpoint(folder, everyEpochs: 0, everySteps: every)]
        var first = trainer(seed: seed)
        do {
            _ = try first.fit(samples, epochs: setting.epochs, batchSize: 100, callbacks: callbacks) {
                event, training in
                if case .stepEnded = event, training.state.step == stop { throw Killed() }
            }
        } catch is Killed {}
        var second = trainer(seed: seed)
        var start = -1
        _ = try second.fit(
            samples, epochs: setting.epochs, batchSize: 100, callbacks: callbacks, resuming: folder
        ) { event, training in
            if start < 0, case .stepEnded = event { start = training.state.step - 1 }
        }
        let equal = alone.state?.evaluatedVariables.fingerprint == second.state?.evaluatedVariables.fingerprint
        return LabMeasurement(["identical": equal ? 1 : 0, "killed": Double(stop), "resumedFrom": Double(start)])
    }

    // MARK: Claims

    var claims: [Claim] {
        let (clean, noisy) = (Self.shares[0], Self.shares[1])
        let gain = Words("test accuracy stopped by loss − never stopped", "테스트 정확도, 손실로 멈춤 − 멈추지 않음")
        return [
            Claim(
                "stops-in-time",
                Words(
                    "With a patience of 10 it stops at most 30 epochs after the minimum of the whole curve.",
                    "10에포크를 기다리면 전체 곡선의 최저점에서 30에포크 안에 멈춘다."),
                statistic: Words("epoch of the stop − epoch of the minimum", "멈춘 에포크 − 최저점의 에포크"), .within(0...30),
                basis: .predicted
            ) { results in
                .mean(
                    zip(
                        results[Self.id(.loss, clean)].numbers("epochs"),
                        results[Self.id(.never, clean)].numbers("bestEpoch")
                    ).map { $0 - $1 })
            },
            Claim(
                "best-restored",
                Words(
                    "The weights that are restored have the least validation loss until the stop.",
                    "되돌린 가중치의 검증 손실은 멈출 때까지의 최솟값이다."),
                statistic: Words(
                    "restored validation loss ÷ minimum of the curve until then", "되돌린 검증 손실 ÷ 그때까지 곡선의 최솟값"),
                .within(1 - 1e-6...1 + 1e-6), basis: .theory, isTaught: true
            ) { results in
                let stopped = results[Self.id(.loss, clean)]
                let curves = results[Self.id(.never, clean)].series("validation.loss")
                let ends = stopped.series("validation.loss").map(\.count)
                return .mean(
                    zip(zip(curves, ends), stopped.numbers("restored")).map { curve, restored in
                        restored / (curve.0.prefix(curve.1).min() ?? .nan)
                    })
            },
            Claim(
                "loss-better",
                Words(
                    "The test loss is at most 0.9 of that after all epochs.", "테스트 손실은 모든 에포크 뒤의 0.9배 이하이다."),
                statistic: Words("test loss stopped by loss ÷ never stopped", "테스트 손실, 손실로 멈춤 ÷ 멈추지 않음"), .atMost(0.9),
                basis: .predicted, isTaught: true,
                evidence: Evidence.ratio(of: "test.loss", Self.id(.loss, clean), over: Self.id(.never, clean))),
            Claim(
                "accuracy-better",
                Words(
                    "The test accuracy is better, too: by half a point.", "테스트 정확도도 0.5 %포인트 이상 높다."),
                statistic: gain, .atLeast(0.005), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(
                    of: "test.accuracy", Self.id(.loss, clean), minus: Self.id(.never, clean))),
            Claim(
                "accuracy-better-noisy",
                Words(
                    "With 20 % wrong labels it is better by half a point.", "틀린 레이블이 20 %이면 0.5 %포인트 이상 높다."),
                statistic: gain, .atLeast(0.005), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(
                    of: "test.accuracy", Self.id(.loss, noisy), minus: Self.id(.never, noisy))),
            Claim(
                "monitor-matters",
                Words(
                    "Who wants accuracy should watch it: stopping by accuracy gives half a point more than by loss.",
                    "정확도를 원하면 정확도를 보아야 한다. 정확도로 멈추면 손실로 멈출 때보다 0.5 %포인트 이상 높다."),
                statistic: Words("test accuracy stopped by accuracy − by loss", "테스트 정확도, 정확도로 멈춤 − 손실로 멈춤"),
                .atLeast(0.005), basis: .predicted,
                evidence: Evidence.difference(
                    of: "test.accuracy", Self.id(.accuracy, clean), minus: Self.id(.loss, clean))),
            Claim(
                "resume-exact",
                Words(
                    "Killed at a random step and resumed, every training ends at the same weights, bit for bit.",
                    "무작위 걸음에서 중단했다가 재개해도 모든 학습이 비트까지 같은 가중치로 끝난다."),
                statistic: Words("share of seeds whose trainings have equal weights", "모든 학습의 가중치가 같은 시드의 비율"),
                .equal(to: 1),
                basis: .theory,
                isTaught: true
            ) { results in
                .mean(
                    results.seeds.indices.map { seed in
                        Self.shares.map { results[Self.id(.resumed, $0)].numbers("identical")[seed] }.min() ?? .nan
                    })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let labels = LabFigure.Control(
            Words("Labels", "레이블")[language], .choice,
            options: [Words("all right", "모두 옳음")[language], Words("20 % wrong", "20 % 틀림")[language]])
        let shown = LabFigure.Control(
            Words("Shown", "값")[language], .choice,
            options: [Words("loss", "손실")[language], Words("accuracy", "정확도")[language]])
        let seed = LabFigure.Control(
            Words("Seed", "시드")[language], .slider, options: results.seeds.prefix(5).map { "\($0)" })
        return [
            LabFigure(
                "curves",
                caption: Words(
                    "One training without a stop, and where stopping by each value would have ended it. The two monitors disagree.",
                    "멈추지 않은 한 학습과, 두 값이 각각 멈추었을 곳. 두 감시값은 서로 다르다.")[language],
                controls: [labels, shown, seed]
            ) { choice in
                let share = Self.shares[choice[0]]
                let name = choice[1] == 0 ? "loss" : "accuracy"
                let whole = results[Self.id(.never, share)]
                func curve(_ part: String) -> [Double] {
                    let all = whole.series("\(part).\(name)")
                    return choice[2] < all.count ? all[choice[2]] : []
                }
                func marker(_ kind: Kind, _ title: Words) -> [LineChart.Marker] {
                    let epochs = results[Self.id(kind, share)].numbers("epochs")
                    guard choice[2] < epochs.count, epochs[choice[2]].isFinite else { return [] }
                    return [.init(at: epochs[choice[2]], title[language])]
                }
                return LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language], scale: .logarithmic),
                    y: Axis(shown.options[choice[1]], range: choice[1] == 0 ? 0...4 : 0...1),
                    series: [
                        .init(Words("training", "훈련")[language], y: curve("training")),
                        .init(Words("validation", "검증")[language], y: curve("validation")),
                    ],
                    markers: marker(.loss, Words("stop by loss", "손실로 멈춤"))
                        + marker(.accuracy, Words("stop by accuracy", "정확도로 멈춤")))
            },
            LabFigure(
                "test",
                caption: Words(
                    "What the test says of the three ways, mean over the seeds.", "세 방법의 테스트 결과, 시드의 평균.")[language],
                controls: [shown]
            ) { choice in
                let name = choice[0] == 0 ? "test.loss" : "test.accuracy"
                return BarChart(
                    "", axis: Axis(shown.options[choice[0]]), labels: labels.options,
                    series: [Kind.never, .loss, .accuracy].map { kind in
                        .init(kind.title[language], Self.shares.map { results[Self.id(kind, $0)].mean(name) })
                    })
            },
            LabFigure(
                "resumed",
                caption: Words(
                    "Where each training was killed, and the checkpoint from which it went on. The claim below is that all of them ended at the same weights as one that was left alone.",
                    "학습마다 중단된 걸음과 이어 간 체크포인트. 모두 내버려 둔 학습과 같은 가중치로 끝났는지는 아래의 판정이 말한다.")[language],
                chart: ScatterChart(
                    "", x: Axis(Words("Killed at step", "중단된 걸음")[language]),
                    y: Axis(Words("Resumed from step", "재개한 걸음")[language]),
                    groups: Self.shares.enumerated().map { place, share in
                        let arm = results[Self.id(.resumed, share)]
                        return ScatterChart.Group(
                            labels.options[place], x: arm.numbers("killed"), y: arm.numbers("resumedFrom"))
                    }, hasDiagonal: true)),
        ]
    }
}
