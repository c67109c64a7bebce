import Apus
import ApusCharts
import Foundation

/// B6: one network at nine learning rates, and the range test that looks for a good one.
struct LearningRate: LabExperiment {
    /// LeNet-5 on images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        /// The rate is ten to this power; `nil` is the range test.
        var exponent: Double?
        var images: Int
        var epochs: Int
        var rangeSteps: Int

        var steps: Int { images / LearningRate.batch * epochs }
    }

    static let batch = 100
    static let range = "range"
    /// What a network loses that knows nothing: ln 10.
    static let guessing = log(10.0)

    let about = LabAbout(
        "rate", number: "B6", part: .descent, title: Words("Too small, good, too large", "학습률"),
        question: Words(
            "How wrong may a learning rate be, and how is a good one found?",
            "학습률은 얼마나 틀려도 되며, 좋은 값은 어떻게 찾는가?"),
        taught: [
            .init(
                Words(
                    "A rate that is too small learns too slowly; one that is too large makes the loss grow and the training diverge. Between both the loss falls fast.",
                    "학습률이 너무 작으면 학습이 느리고, 너무 크면 손실이 커져 발산한다. 그 사이에서 손실이 빠르게 줄어든다."),
                source: "CS231n, Neural Networks part 3; Deep Learning from Scratch, chapter 4"),
            .init(
                Words(
                    "Let the rate rise from step to step: where the loss falls fastest is a good one.",
                    "학습률을 걸음마다 키워 보자. 손실이 가장 빠르게 줄어드는 곳이 좋은 값이다."),
                source: "Smith, Cyclical Learning Rates for Training Neural Networks (2017)"),
        ],
        setup: Words(
            "LeNet-5 on 30,000 images of Fashion-MNIST that the seed draws, batches of 100, plain SGD, three epochs, at nine rates from 10^−3.5 to 10^0.5, each √10 times the one before. The loss that counts is that of 5000 test images; one above ln 10, which a guess has, counts as ln 10. The range test lets the rate rise from 10^−4 to 10 in 200 steps.",
            "시드가 뽑은 Fashion-MNIST 3만 장으로 LeNet-5를 배치 100, 평범한 SGD로 세 에포크 학습한다. 학습률은 10^−3.5부터 10^0.5까지 √10배씩 커지는 아홉 값이다. 테스트 이미지 5000장의 손실로 판정하며, 찍기의 손실 ln 10보다 큰 것은 ln 10으로 친다. 범위 검사는 200걸음 동안 학습률을 10^−4에서 10까지 키운다."
        ),
        recipes: [
            .init(
                Words("The range test in Swift", "Swift로 쓴 범위 검사"), .swift,
                """
                import Apus

                let data = try FashionMNIST.load()
                let trainer = Trainer(Sequential.lenet5(), loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
                let range = try trainer.learningRateRange(
                    data.training, from: 1e-4, to: 10, steps: 200, batchSize: 100)
                print(range.suggestion ?? "the loss never falls")
                """),
            .init(
                Words("One rate", "학습률 하나"), .yaml,
                """
                name: rate
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.5}}   # 30,000 images to train on
                model: lenet5
                optimizer: {sgd: {learningRate: 0.1}}
                schedule: constant
                batchSize: 100
                epochs: 3
                """),
        ],
        lesson: Words(
            "Held: the losses make a valley. The smallest rate ends with 5.6 times the best loss, the largest with 6.1 times. And the valley is lopsided: a rate ten times too small still learns to 80 %, one ten times too large learns nothing.",
            "성립한다. 손실은 골짜기를 이룬다. 가장 작은 학습률은 최선의 5.6배, 가장 큰 학습률은 6.1배의 손실로 끝난다. 그런데 이 골짜기는 비대칭이다. 열 배 작은 학습률은 그래도 80 %까지 배우지만, 열 배 큰 학습률은 아무것도 배우지 못한다."
        ),
        surprise: Words(
            "The best rate is next to the edge, and a range test of 200 steps finds it within a factor of ten. What lies beyond the edge is a matter of luck: of ten seeds at the largest rate, six overflow and four end as a flat line at ln 10 with a finite loss, which no check for NaN notices.",
            "가장 좋은 학습률은 낭떠러지 바로 앞에 있고, 200걸음의 범위 검사가 그것을 열 배 이내로 찾아낸다. 낭떠러지 너머는 운에 달렸다. 가장 큰 학습률에서 열 시드 중 여섯은 넘쳐서 발산하고, 넷은 유한한 손실로 ln 10에 평평하게 머문다. 이런 훈련은 NaN 검사에 걸리지 않는다."
        ),
        next: [
            .init(
                Words("See how a rate that falls compares.", "점점 줄어드는 학습률과 비교해 보자."), .shell, "apus lab run schedule")
        ], seeds: 10, seconds: 48)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let exponents: [Double] = size.of(
            [-3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5], quick: [-3.5, -2.5, -1.5, -0.5, 0.5],
            trial: [-3.5, -0.5, 0.5])
        func setting(_ exponent: Double?) -> Setting {
            Setting(
                exponent: exponent, images: size.of(30_000, quick: 6000, trial: 200),
                epochs: size.of(3, trial: 5), rangeSteps: size.of(200, quick: 100, trial: 10))
        }
        return exponents.map {
            let rate = NumberFormat.short(pow(10, $0), digits: 2)
            return LabArm("power\($0)", Words("rate \(rate)", "학습률 \(rate)"), setting($0))
        } + [LabArm(LearningRate.range, Words("range test", "범위 검사"), setting(nil))]
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: 5000, seed: seed)
        let net = Sequential.lenet5()
        guard let exponent = setting.exponent else {
            let trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: seed)
            let range = try trainer.learningRateRange(
                data.training, from: 1e-4, to: 10, steps: setting.rangeSteps, batchSize: LearningRate.batch)
            return LabMeasurement(
                ["exponent": log10(range.suggestion ?? .nan)],
                series: ["rates": range.points.map(\.learningRate), "loss": range.points.map(\.loss)])
        }
        let training = LabSteps(
            net: net, optimizer: .sgd(learningRate: pow(10, exponent)), batch: LearningRate.batch, steps: setting.steps,
            seed: seed, every: max(1, setting.steps / 30))
        let result = try training.run(on: data.training)
        let end = try LabData.measured(net, result.state.evaluatedVariables, on: data.test)
        let isFinite = !result.hasDiverged && end.loss.isFinite
        return LabMeasurement(
            [
                "exponent": exponent, "loss": isFinite ? min(end.loss, LearningRate.guessing) : LearningRate.guessing,
                "accuracy": end.accuracy, "diverged": isFinite ? 0 : 1,
                "plateau": isFinite && abs(end.loss / LearningRate.guessing - 1) <= 0.05 ? 1 : 0,
            ], series: ["loss": result.losses])
    }

    // MARK: Claims

    /// What one seed shows: the losses over rising rates.
    private struct Valley {
        let exponents: [Double]
        let losses: [Double]
        let best: Int

        init(_ results: LabResults, seed: Int) {
            let arms = LearningRate.rates(results)
            exponents = arms.map { $0.numbers("exponent")[seed] }
            let losses = arms.map { $0.numbers("loss")[seed] }
            self.losses = losses
            best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
        }

        /// The share of the steps from one rate to the next on which the loss falls, up to the best rate, or rises, from it on.
        var order: Double {
            let steps = losses.indices.dropLast()
            let ordered = steps.count { $0 < best ? losses[$0] >= losses[$0 + 1] : losses[$0] <= losses[$0 + 1] }
            return Double(ordered) / Double(steps.count)
        }

        /// The power of ten from the best rate to the first larger one that learns nothing; NaN if all learn.
        var margin: Double {
            let failing = losses.indices.first { $0 > best && losses[$0] > 0.95 * LearningRate.guessing }
            return failing.map { exponents[$0] - exponents[best] } ?? .nan
        }
    }

    private static func rates(_ results: LabResults) -> [LabResults.Arm] { results.arms.filter { $0.id != range } }

    var claims: [Claim] {
        func mean(_ value: @escaping @Sendable (Valley, Int, LabResults) -> Double)
            -> @Sendable (LabResults) -> Evidence
        {
            { results in
                .mean(results.seeds.indices.map { value(Valley(results, seed: $0), $0, results) })
            }
        }
        return [
            Claim(
                "valley",
                Words(
                    "The loss falls with the rate up to the best one and rises from there.",
                    "손실은 가장 좋은 학습률까지 줄어들고 그 뒤로 커진다."),
                statistic: Words(
                    "share of neighbouring rates in that order", "그 순서대로인 이웃 학습률의 비율"), .atLeast(0.95),
                basis: .predicted,
                isTaught: true, evidence: mean { valley, _, _ in valley.order }),
            Claim(
                "too-small",
                Words(
                    "The smallest rate ends with at least twice the best loss.",
                    "가장 작은 학습률의 마지막 손실은 가장 좋은 손실의 두 배 이상이다."),
                statistic: Words("loss, smallest ÷ best rate", "손실, 가장 작은 학습률 ÷ 가장 좋은 학습률"), .atLeast(2),
                basis: .predicted, isTaught: true,
                evidence: mean { valley, _, _ in valley.losses[0] / valley.losses[valley.best] }),
            Claim(
                "too-large",
                Words(
                    "The largest rate ends with at least twice the best loss.",
                    "가장 큰 학습률의 마지막 손실은 가장 좋은 손실의 두 배 이상이다."),
                statistic: Words("loss, largest ÷ best rate", "손실, 가장 큰 학습률 ÷ 가장 좋은 학습률"), .atLeast(2),
                basis: .predicted, isTaught: true,
                evidence: mean { valley, _, _ in valley.losses[valley.losses.count - 1] / valley.losses[valley.best] }),
            Claim(
                "range-test",
                Words(
                    "The range test's steepest point is within a factor of ten of the best rate.",
                    "범위 검사에서 가장 가파른 곳은 가장 좋은 학습률의 10배 이내에 있다."),
                statistic: Words(
                    "|log₁₀(steepest point ÷ best rate)|", "|log₁₀(가장 가파른 곳 ÷ 가장 좋은 학습률)|"), .atMost(1),
                basis: .predicted, isTaught: true,
                evidence: mean { valley, seed, results in
                    abs(results[LearningRate.range].numbers("exponent")[seed] - valley.exponents[valley.best])
                }),
            Claim(
                "edge",
                Words(
                    "The best rate lies just below the edge: a rate ten times as large learns nothing.",
                    "가장 좋은 학습률은 낭떠러지 바로 앞에 있다. 열 배 큰 학습률은 아무것도 배우지 못한다."),
                statistic: Words(
                    "powers of ten from the best rate to the first that learns nothing",
                    "가장 좋은 학습률에서 아무것도 못 배우는 첫 학습률까지 10의 거듭제곱"),
                .atMost(1), basis: .predicted, evidence: mean { valley, _, _ in valley.margin }),
            Claim(
                "plateau",
                Words(
                    "Too large shows as a flat line: the largest rate ends with a finite loss within 5 % of ln 10.",
                    "너무 큰 학습률은 평평한 선으로 나타난다. 가장 큰 학습률의 마지막 손실은 무한대가 아니라 ln 10의 5 % 이내이다."),
                statistic: Words("share of seeds", "시드의 비율"), .atLeast(0.9), basis: .predicted
            ) { results in .mean(LearningRate.rates(results).last?.numbers("plateau") ?? []) },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let arms = LearningRate.rates(results)
        let points = arms.map { (x: pow(10, $0.mean("exponent")), arm: $0.id) }
        let rate = Axis(Words("Learning rate", "학습률")[language], scale: .logarithmic)
        let loss = Words("Loss", "손실")[language]
        let size = ChartSize(width: 720, height: 400)
        let shown = arms.count > 5 ? [0, 3, 5, 6, 8].map { arms[$0].id } : arms.map(\.id)
        // What has overflowed has no curve to its end.
        var finite = results
        for index in finite.arms.indices {
            let longest = finite.arms[index].series("loss").map(\.count).max() ?? 0
            finite.arms[index].measurements.removeAll { ($0.series["loss"] ?? []).count < longest }
        }
        let seeds = LabFigure.Control(
            Words("Seed", "시드")[language], .choice, options: results.seeds.map { "\($0)" })
        let measures = LabFigure.Control(
            Words("Measure", "지표")[language], .choice,
            options: [Words("test loss", "테스트 손실")[language], Words("test accuracy", "테스트 정확도")[language]])
        return [
            LabFigure(
                "curves",
                caption: Words(
                    "The training loss at rates from too small to too large; the band is the range over the seeds, without those that overflowed. Dashed is ln 10, the loss of guessing.",
                    "너무 작은 학습률부터 너무 큰 학습률까지의 훈련 손실. 띠는 발산해 넘친 시드를 뺀 시드들의 범위이고, 점선은 찍기의 손실 ln 10이다.")[language],
                chart: Sized(
                    LineChart(
                        "", x: Axis(Words("Thirtieths of the training", "훈련의 30분의 1")[language]),
                        y: Axis(loss, range: 0...3),
                        series: finite.lines("loss", arms: shown, in: language, from: 1) + [
                            .init(
                                "ln 10", x: [1, 30], y: [LearningRate.guessing, LearningRate.guessing], style: .dashed,
                                paint: .mutedInk)
                        ]), size)),
            LabFigure(
                "valley",
                caption: Words(
                    "The end of the training against the rate. From the left the network improves slowly; right of the best rate the edge is near.",
                    "학습률에 따른 훈련의 끝. 왼쪽에서는 천천히 좋아지지만, 가장 좋은 학습률의 오른쪽은 곧 낭떠러지이다.")[language],
                controls: [measures]
            ) { choice in
                let name = ["loss", "accuracy"][choice[0]]
                return Sized(
                    LineChart(
                        "", x: rate, y: Axis(measures.options[choice[0]]),
                        series: [results.line(measures.options[choice[0]], name, over: points)]), size)
            },
            LabFigure(
                "range",
                caption: Words(
                    "The range test: the smoothed loss while the rate rises from step to step. Dashed lines are its steepest point and the best of the rates above.",
                    "범위 검사: 걸음마다 학습률을 키울 때의 평활한 손실. 세로 점선은 가장 가파른 곳과 위의 학습률 중 가장 좋은 값이다.")[language],
                controls: [seeds]
            ) { choice in
                let (seed, test) = (choice[0], results[LearningRate.range])
                let valley = Valley(results, seed: seed)
                return Sized(
                    LineChart(
                        "", x: rate, y: Axis(loss, range: 0...3),
                        series: [.init(loss, x: test.series("rates")[seed], y: test.series("loss")[seed])],
                        markers: [
                            .init(at: pow(10, test.numbers("exponent")[seed]), Words("steepest", "가장 가파름")[language]),
                            .init(at: pow(10, valley.exponents[valley.best]), Words("best rate", "최적 학습률")[language]),
                        ]), size)
            },
        ]
    }
}
