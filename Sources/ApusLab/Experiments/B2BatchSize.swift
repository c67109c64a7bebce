import Apus
import ApusCharts
import ApusTraining
import Foundation

/// B2: batches of one, some and all images, at one rate and at a rate that grows with the batch.
struct BatchSize: LabExperiment {
    /// A network 784-64-10 on images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var batch = 1
        var rate = 0.01
        var images: Int
        var epochs: Int
        /// The test accuracy whose time counts.
        var target: Double
        /// The batches of each size that the noise is measured with.
        var draws: Int
        /// Whether updates are timed. Else one takes as long as 16 images do, besides its own, of 1 µs each: the same on every machine.
        var isTimed: Bool
    }

    enum Kind: String, Codable {
        /// A training.
        case training
        /// How far the gradients of batches of many sizes are from their mean.
        case noise
    }

    /// A batch size by its name in arms.
    enum Place: String, CaseIterable {
        case one, small, medium, large, all

        func batch(_ size: LabSize) -> Int {
            let place = Place.allCases.firstIndex(of: self)!
            return size.of([1, 32, 128, 1024, 10_000], quick: [1, 32, 128, 512, 2000], trial: [1, 4, 16, 64, 200])[
                place]
        }
    }

    enum Rule: String, CaseIterable {
        case fixed, scaled
        /// Scaled from a rate so small that a batch of 1024 stays below the edge.
        case gentle

        var title: Words {
            switch self {
            case .fixed: Words("rate 0.01", "학습률 0.01")
            case .scaled: Words("rate 0.001 × batch", "학습률 0.001 × 배치")
            case .gentle: Words("rate 0.0003 × batch", "학습률 0.0003 × 배치")
            }
        }

        func rate(_ batch: Int) -> Double {
            switch self {
            case .fixed: 0.01
            case .scaled: 0.001 * Double(batch)
            case .gentle: 0.0003 * Double(batch)
            }
        }

        var places: [Place] { self == .gentle ? [.small, .medium, .large] : Place.allCases }
    }

    static let net = DenseNet(hidden: [64]).model

    let about = LabAbout(
        "batch-size", number: "B2", part: .descent, title: Words("One, some, all", "배치, 확률적, 미니배치"),
        question: Words(
            "Is it better to step after every image, after some, or after all?",
            "이미지 하나마다, 몇 장마다, 전부 본 뒤 중 언제 걸음을 떼는 것이 좋은가?"),
        taught: [
            .init(
                Words(
                    "Stochastic descent progresses most per epoch but loses the speed of vectorized computation; descent on all images steps too rarely. Mini-batches are the best of both.",
                    "확률적 경사하강은 에포크당 가장 많이 나아가지만 벡터화의 속도를 잃고, 배치 경사하강은 걸음이 너무 드물다. 미니배치가 두 장점을 모은다."),
                source:
                    "Dive into Deep Learning, minibatch stochastic gradient descent; deeplearning.ai, Improving Deep Neural Networks, week 2"
            )
        ],
        setup: Words(
            "784-64-10 with ReLU on 10,000 images of Fashion-MNIST that the seed draws, five epochs, batches of 1, 32, 128, 1024 and all. The rate is 0.01 for all, or 0.001 or 0.0003 times the batch size. The loss is that of all training images at the end. Seconds are updates times the seconds of an update (the lower quartile over the training, for other work on a machine only adds); they are the one number here that differs from run to run. The noise of the gradient is measured after 300 updates: the spread of up to 64 batches of each size.",
            "시드가 뽑은 Fashion-MNIST 1만 장으로 ReLU 784-64-10을 다섯 에포크 학습한다. 배치는 1, 32, 128, 1024, 전부이고, 학습률은 모두 0.01이거나, 배치 크기의 0.001배 또는 0.0003배이다. 손실은 마지막에 전체 훈련 이미지에서 잰다. 시간은 갱신 횟수에 갱신 한 번의 시간(훈련 중의 하위 사분위수. 다른 작업은 시간을 늘리기만 하므로)을 곱한 것으로, 이 실험에서 실행마다 달라지는 유일한 수이다. 기울기의 잡음은 300번 갱신한 뒤 크기마다 최대 64개 배치의 흩어짐으로 잰다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: batch-size
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.8333}}   # 10,000 images to train on
                model:
                  - flatten
                  - dense: {units: 64, activation: relu, kernelInitializer: heNormal}
                  - dense: 10
                optimizer: {sgd: {learningRate: 0.032}}
                schedule: constant
                batchSize: 32
                epochs: 5
                """)
        ],
        lesson: Words(
            "Held: per epoch the smallest batch learns most, per second a mini-batch wins by far, and the noise of the gradient falls with the root of the batch size.",
            "성립한다. 에포크당으로는 가장 작은 배치가 가장 많이 배우고, 시간당으로는 미니배치가 크게 앞서며, 기울기의 잡음은 배치 크기의 제곱근에 반비례한다."),
        surprise: Words(
            "A rate in proportion to the batch narrows the gap and does not close it: at one rate 1024 ends with 2.2 times the loss of 32, with 0.0003 times the batch with 1.4 times. With 0.001 times the batch its rate of 1 is beyond the edge, and it ends with five times the loss; all images at a rate of 10 diverge. And a step on one image is worth little: at the rate 0.01 it takes 19 times as many of them to 80 % as of batches of 32.",
            "배치에 비례하는 학습률은 차이를 줄이지만 없애지는 못한다. 학습률이 같으면 1024의 손실은 32의 2.2배이고, 배치의 0.0003배이면 1.4배이다. 배치의 0.001배이면 1024의 학습률 1이 낭떠러지를 넘어 손실이 다섯 배가 되고, 전체 배치는 학습률 10에서 발산한다. 그리고 이미지 한 장의 걸음은 값어치가 작다. 학습률 0.01에서 80 %까지 배치 32의 19배를 걸어야 한다."
        ),
        next: [
            .init(
                Words("See which rates a network can stand.", "신경망이 견디는 학습률을 알아보자."), .shell, "apus lab run rate")
        ], seeds: 5, seconds: 20)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        var base = Setting(
            kind: .training, images: size.of(10_000, quick: 2000, trial: 200), epochs: size.of(5, trial: 2),
            target: size.of(0.8, trial: 0.3), draws: size.of(64, trial: 8), isTimed: size != .trial)
        var arms: [LabArm<Setting>] = []
        for rule in Rule.allCases {
            for place in rule.places {
                base.batch = place.batch(size)
                base.rate = rule.rate(base.batch)
                let batch = place == .all ? Words("all", "전부") : Words("\(base.batch)")
                arms.append(
                    LabArm(
                        BatchSize.id(place, rule),
                        Words(
                            "batch \(batch.english), \(rule.title.english)", "배치 \(batch.korean), \(rule.title.korean)"),
                        base))
            }
        }
        base.kind = .noise
        base.batch = 32
        base.rate = 0.01
        return arms + [LabArm("noise", Words("noise of the gradient", "기울기의 잡음"), base)]
    }

    private static func id(_ place: Place, _ rule: Rule) -> String { "\(rule.rawValue)-\(place.rawValue)" }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: 1000, seed: seed)
        switch setting.kind {
        case .training: return try training(setting, data.training, data.test, seed: seed)
        case .noise: return try noise(setting, data.training, seed: seed)
        }
    }

    private func training(
        _ setting: Setting, _ training: Dataset, _ test: Dataset, seed: UInt64
    ) throws -> LabMeasurement {
        let perEpoch = (setting.images + setting.batch - 1) / setting.batch
        let steps = LabSteps(
            net: BatchSize.net, optimizer: .sgd(learningRate: setting.rate), batch: setting.batch,
            steps: perEpoch * setting.epochs, seed: seed, every: max(1, perEpoch / 20))
        var judge = Trainer(BatchSize.net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        var (updates, reached): ([Double], Double) = ([], .infinity)
        var seconds: [Double] = []
        var start = ContinuousClock.now
        let result = try steps.run(on: training) { look in
            let done = Double(look.state.step)
            if done > 0 {
                seconds.append((ContinuousClock.now - start) / .seconds(1) / (done - (updates.last ?? 0)))
                updates.append(done)
            }
            if reached == .infinity {
                judge.load(look.state.variables)
                if try judge.evaluate(test)[.accuracy] ?? 0 >= setting.target { reached = done }
            }
            start = .now
        }
        let update =
            setting.isTimed ? seconds.sorted()[seconds.count / 4] : 1e-6 * (16 + Double(setting.batch))
        let end = try LabData.measured(BatchSize.net, result.state.variables, on: training)
        return LabMeasurement(
            [
                "batch": Double(setting.batch), "loss": end.loss.isFinite ? end.loss : log(10),
                "diverged": result.hasDiverged ? 1 : 0, "updates": reached, "update": update,
                "seconds": reached * update, "perEpoch": Double(perEpoch),
            ], series: ["updates": updates, "loss": result.losses])
    }

    private func noise(_ setting: Setting, _ training: Dataset, seed: UInt64) throws -> LabMeasurement {
        let optimizer = Optimizer.sgd(learningRate: setting.rate)
        var state = try LabSteps(
            net: BatchSize.net, optimizer: optimizer, batch: setting.batch, steps: min(300, setting.images), seed: seed
        ).run(on: training).state
        let step = try TrainingStep(BatchSize.net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        let sizes = (0..<10).map { 1 << $0 }.filter { $0 * 4 <= setting.images }
        let spreads = try sizes.map { size in
            var (sums, squares, count): ([Tensor], Double, Double) = ([], 0, 0)
            for batch in training.batches(of: size, epoch: 0, seed: seed, dropsRemainder: true) {
                let gradients = try step.gradients(&state, batch).values.map(\.value)
                sums = sums.isEmpty ? gradients : zip(sums, gradients).map { $0 + $1 }
                let lengths = gradients.map { ($0 * $0).sum() }
                try evaluate(sums + lengths)
                squares += lengths.reduce(0) { $0 + Double($1.item()) }
                count += 1
                if count == Double(setting.draws) { break }
            }
            let mean = sums.reduce(0) { $0 + Double(($1 * $1).sum().item()) } / count
            return ((squares - mean) / (count - 1)).squareRoot()
        }
        return LabMeasurement(
            ["slope": BatchSize.slope(sizes.map { log(Double($0)) }, spreads.map { log($0) })],
            series: ["batches": sizes.map(Double.init), "noise": spreads])
    }

    /// The slope of the line of least squares.
    private static func slope(_ x: [Double], _ y: [Double]) -> Double {
        let (meanX, meanY) = (x.mean, y.mean)
        let products = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
        return products / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    }

    // MARK: Claims

    var claims: [Claim] {
        func gain(_ rule: Rule) -> @Sendable (LabResults) -> Evidence {
            { results in
                let (small, medium) = (BatchSize.id(.small, rule), BatchSize.id(.medium, rule))
                let better = zip(results[small].numbers("seconds"), results[medium].numbers("seconds")).map {
                    min($0, $1)
                }
                return .mean(zip(results[BatchSize.id(.one, rule)].numbers("seconds"), better).map { $0 / $1 })
            }
        }
        func gap(_ id: String, _ rule: Rule, _ statement: Words) -> Claim {
            Claim(
                id, statement, statistic: Words("training loss, batch 1024 ÷ 32", "훈련 손실, 배치 1024 ÷ 32"), .atMost(1.1),
                basis: .predicted,
                evidence: Evidence.ratio(of: "loss", BatchSize.id(.large, rule), over: BatchSize.id(.small, rule)))
        }
        let seconds = Words(
            "seconds to 80 % test accuracy, batch 1 ÷ the better of 32 and 128",
            "테스트 정확도 80 %까지의 시간, 배치 1 ÷ 32와 128 중 빠른 쪽")
        return [
            Claim(
                "order",
                Words(
                    "At one rate, after as many epochs, the loss is the lower the smaller the batch.",
                    "학습률이 같으면, 같은 에포크 뒤의 손실은 배치가 작을수록 낮다."),
                statistic: Words("rank correlation of batch size and training loss", "배치 크기와 훈련 손실의 순위 상관"),
                .atLeast(0.99), basis: .predicted, isTaught: true
            ) { results in
                let arms = Place.allCases.map { results[BatchSize.id($0, .fixed)] }
                return .mean(
                    results.seeds.indices.map { seed in
                        Rank.correlation(
                            arms.map { $0.numbers("batch")[seed] }, arms.map { $0.numbers("loss")[seed] })
                    })
            },
            Claim(
                "seconds-fixed",
                Words(
                    "At one rate, a mini-batch reaches 80 % in at most a third of the seconds of batch 1.",
                    "학습률이 같을 때 미니배치는 배치 1의 3분의 1 이하의 시간에 80 %에 이른다."),
                statistic: seconds, .atLeast(3), basis: .predicted, isTaught: true, evidence: gain(.fixed)),
            Claim(
                "seconds-scaled",
                Words(
                    "With a rate that grows with the batch, a mini-batch reaches 80 % in at most a third of the seconds of batch 1.",
                    "학습률이 배치에 비례할 때 미니배치는 배치 1의 3분의 1 이하의 시간에 80 %에 이른다."),
                statistic: seconds, .atLeast(3), basis: .predicted, isTaught: true, evidence: gain(.scaled)),
            Claim(
                "noise",
                Words(
                    "The noise of the gradient falls with the root of the batch size.", "기울기의 잡음은 배치 크기의 제곱근에 반비례한다."),
                statistic: Words("slope of log noise over log batch size", "log 배치 크기에 대한 log 잡음의 기울기"),
                .within(-0.55 ... -0.45), basis: .theory, isTaught: true,
                evidence: Evidence.mean(of: "slope", in: "noise")),
            gap(
                "gap-closes", .gentle,
                Words(
                    "With a rate of 0.0003 times the batch, 1024 ends within 10 % of the loss of 32 after as many epochs.",
                    "학습률이 배치의 0.0003배이면, 같은 에포크 뒤 배치 1024의 손실은 배치 32보다 많아야 10 % 높다.")),
            gap(
                "gap-closes-faster", .scaled,
                Words(
                    "With a rate of 0.001 times the batch, too.", "학습률이 배치의 0.001배일 때도 그렇다.")),
        ]
    }

    // MARK: Pictures

    /// The places at the end of a whole interval: the last one may be shorter than the others, and its mean loss rough.
    private static func whole(_ updates: [Double]) -> [Double] {
        guard let first = updates.first, let last = updates.last, updates.count > 2 else { return updates }
        return last - updates[updates.count - 2] < first ? updates.dropLast() : updates
    }

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let rules = LabFigure.Control(
            Words("Rate", "학습률")[language], .choice, options: Rule.allCases.map { $0.title[language] })
        let axes = LabFigure.Control(
            Words("Counted in", "단위")[language], .choice,
            options: [Words("epochs", "에포크"), Words("updates", "갱신"), Words("seconds", "초")].map { $0[language] })
        let size = ChartSize(width: 720, height: 400)
        func name(_ arm: LabResults.Arm) -> String {
            String(arm.title[language].prefix { $0 != "," })
        }
        func arms(_ rule: Rule) -> [LabResults.Arm] { rule.places.map { results[BatchSize.id($0, rule)] } }
        return [
            LabFigure(
                "loss",
                caption: Words(
                    "The training loss against what was spent. At the rate 0.01 batch 1 wins by epochs and loses by updates; by seconds it loses to 32 and 128, not to 1024 and all.",
                    "들인 것에 따른 훈련 손실. 학습률 0.01에서 배치 1은 에포크로는 이기고 갱신 횟수로는 진다. 시간으로는 32와 128에만 지고 1024와 전부보다는 빠르다.")[
                        language],
                controls: [rules, axes]
            ) { choice in
                Sized(
                    LineChart(
                        "", x: Axis(axes.options[choice[1]], scale: choice[1] == 0 ? .linear : .logarithmic),
                        y: Axis(Words("Training loss", "훈련 손실")[language], range: 0...2.5),
                        series: arms(Rule.allCases[choice[0]]).map { arm in
                            let (updates, loss) = (BatchSize.whole(arm.band("updates").mean), arm.band("loss"))
                            let unit = [1 / arm.mean("perEpoch"), 1, arm.mean("update")][choice[1]]
                            return .init(
                                name(arm), x: updates.map { $0 * unit }, y: loss.mean, lower: loss.lower,
                                upper: loss.upper)
                        }), size)
            },
            LabFigure(
                "seconds",
                caption: Words(
                    "Seconds until 80 % of the test images are right. Where a bar is missing, five epochs were not enough in some seed.",
                    "테스트 이미지의 80 %를 맞힐 때까지의 시간. 막대가 없으면 다섯 에포크로 부족한 시드가 있는 것이다.")[language],
                chart: BarChart(
                    "", axis: Axis(Words("Time to 80 %", "80 %까지의 시간")[language], unit: Words("s", "초")[language]),
                    labels: arms(.fixed).map(name),
                    series: [Rule.fixed, .scaled].map { rule in
                        .init(rule.title[language], arms(rule).map { $0.mean("seconds") })
                    })),
            LabFigure(
                "noise",
                caption: Words(
                    "How far the gradient of a batch is from that of all images. Four times as large a batch halves it: the dashed line.",
                    "배치의 기울기가 전체의 기울기에서 벗어난 정도. 배치를 네 배로 키우면 절반이 된다(점선).")[language],
                chart: {
                    let (sizes, noise) = (
                        results["noise"].series("batches").first ?? [], results["noise"].band("noise")
                    )
                    let batch = Axis(Words("Batch size", "배치 크기")[language], scale: .logarithmic)
                    return Sized(
                        LineChart(
                            "", x: batch,
                            y: Axis(Words("Noise of the gradient", "기울기의 잡음")[language], scale: .logarithmic),
                            series: [
                                .init(
                                    Words("measured", "측정")[language], x: sizes, y: noise.mean, lower: noise.lower,
                                    upper: noise.upper),
                                .init(
                                    "1/√B", x: sizes, y: sizes.map { (noise.mean.first ?? 1) / $0.squareRoot() },
                                    style: .dashed, paint: .mutedInk),
                            ]), size)
                }()),
        ]
    }
}
