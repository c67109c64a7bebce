import Apus
import ApusCharts
import Foundation

/// B5: optimizers on the course's network, at the rates of the book and at the best rate of each.
struct Race: LabExperiment {
    /// The network 784-4×100-10 on Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var method: Method
        /// The rate; `nil` is the best of `rates`.
        var rate: Double?
        var rates: [Double]
        var images: Int
        var test: Int
        var steps: Int
        /// The steps of each training that the best rate is chosen from.
        var tuningSteps: Int

        var id: String { rate.map { "\(method.rawValue)-\(NumberFormat.short($0))" } ?? "\(method.rawValue)-tuned" }
    }

    enum Method: String, Codable, CaseIterable {
        case sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamw, adamax, nadam, radam, lion, lamb

        var title: String {
            switch self {
            case .sgd: "SGD"
            case .momentum: "Momentum"
            case .nesterov: "Nesterov"
            case .adagrad: "AdaGrad"
            case .adadelta: "Adadelta"
            case .rmsprop: "RMSprop"
            case .adam: "Adam"
            case .adamw: "AdamW"
            case .adamax: "Adamax"
            case .nadam: "Nadam"
            case .radam: "RAdam"
            case .lion: "Lion"
            case .lamb: "LAMB"
            }
        }

        func optimizer(_ rate: Double) -> Optimizer {
            switch self {
            case .sgd: .sgd(learningRate: rate)
            case .momentum: .sgd(learningRate: rate, momentum: 0.9)
            case .nesterov: .sgd(learningRate: rate, momentum: 0.9, nesterov: true)
            case .adagrad: .adagrad(learningRate: rate, initialAccumulator: 0)
            case .adadelta: .adadelta(learningRate: rate)
            case .rmsprop: .rmsprop(learningRate: rate)
            case .adam: .adam(learningRate: rate)
            case .adamw: .adamW(learningRate: rate)
            case .adamax: .adamax(learningRate: rate)
            case .nadam: .nadam(learningRate: rate)
            case .radam: .rAdam(learningRate: rate)
            case .lion: .lion(learningRate: rate)
            case .lamb: .lamb(learningRate: rate)
            }
        }

        /// Those between which the courses see great differences.
        static let rivals: [Method] = [.momentum, .nesterov, .rmsprop, .adam, .adamw]
        static let classics: [Method] = [.sgd, .momentum, .nesterov, .adagrad, .adadelta, .rmsprop]
    }

    static let every = 50
    static let batch = 128
    /// What a network loses that knows nothing: ln 10.
    static let guessing = log(10.0)
    /// The rates of the book, and one for SGD.
    static let textbook: [(Method, Double)] = [
        (.sgd, 0.01), (.momentum, 0.01), (.adagrad, 0.01), (.adam, 0.001), (.sgd, 0.1),
    ]

    let about = LabAbout(
        "race", number: "B5", part: .descent, title: Words("Which optimizer?", "옵티마이저 비교"),
        question: Words(
            "Does the optimizer decide how well a network learns, or its learning rate?",
            "신경망이 얼마나 잘 배우는지를 정하는 것은 옵티마이저인가, 학습률인가?"),
        taught: [
            .init(
                Words(
                    "Momentum, AdaGrad and Adam learn faster than SGD, AdaGrad a little faster than the others.",
                    "모멘텀, AdaGrad, Adam은 SGD보다 빠르게 배우며 그중 AdaGrad가 조금 더 빠르다."),
                source: "Deep Learning from Scratch, chapter 6, optimizer_compare_mnist")
        ],
        setup: Words(
            "784-100-100-100-100-10 with ReLU and He on Fashion-MNIST, batches of 128, 2000 steps. First at the rates of the book: SGD, momentum and AdaGrad 0.01, Adam 0.001; and SGD at 0.1. Then 13 optimizers, each at the best of nine rates from 0.0001 to 1, which is chosen by the loss of the last 100 of 500 steps on a seed apart: the same budget for all. The loss is the mean of the last 200 steps; the test has 10,000 images.",
            "ReLU와 He를 쓴 784-100-100-100-100-10 신경망을 Fashion-MNIST에서 배치 128로 2000걸음 학습한다. 먼저 책의 학습률(SGD, 모멘텀, AdaGrad 0.01, Adam 0.001)과 SGD 0.1을 잰다. 그다음 옵티마이저 13종을 각자 0.0001부터 1까지 아홉 학습률 중 가장 좋은 것으로 잰다. 그 값은 따로 둔 시드에서 500걸음 학습의 마지막 100걸음 손실로 고르며, 예산은 모두 같다. 손실은 마지막 200걸음의 평균이고, 테스트 이미지는 1만 장이다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: race
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - flatten
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 10, kernelInitializer: heNormal}
                optimizer: {sgd: {learningRate: 0.01, momentum: 0.9}}
                schedule: constant
                batchSize: 128
                epochs: 4
                """)
        ],
        lesson: Words(
            "As taught at the rates of the book: momentum, AdaGrad and Adam end more than 20 % below SGD. But SGD with ten times the rate closes nine tenths of the gap, and at its best rate it ends 5 % above Adam: the book's figure compares rates more than methods.",
            "책의 학습률에서는 배운 대로이다. 모멘텀, AdaGrad, Adam은 SGD보다 20 % 넘게 낮은 손실로 끝난다. 그러나 SGD의 학습률을 열 배로 하면 차이의 10분의 9가 사라지고, 가장 좋은 학습률에서는 Adam보다 5 % 높을 뿐이다. 책의 그림은 방법보다 학습률을 비교하고 있다."
        ),
        surprise: Words(
            "AdaGrad, seldom used today, is within 2 % of Adam at 2000 steps. Of the thirteen Lion and Nadam end with the lowest training loss. And Adam forgives no more than momentum: its range of good rates is one step of the sweep wider than that of SGD, and as wide as that of momentum.",
            "요즘 잘 쓰이지 않는 AdaGrad가 2000걸음에서는 Adam과의 차이가 2 % 이내이다. 열셋 가운데 훈련 손실이 가장 낮은 것은 Lion과 Nadam이다. 그리고 Adam이 모멘텀보다 더 너그럽지는 않다. 좋은 학습률의 범위는 SGD보다 한 칸 넓고 모멘텀과는 같다."
        ),
        next: [
            .init(
                Words("See the same optimizers on two weights.", "같은 옵티마이저를 두 가중치에서 살펴보자."), .shell,
                "apus lab run paths")
        ], seeds: 10, seconds: 120)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let rates: [Double] = size.of(
            (0..<9).map { pow(10, -4 + Double($0) / 2) }, quick: [1e-3, 1e-2, 1e-1], trial: [1e-3, 1e-2])
        func setting(_ method: Method, _ rate: Double?) -> Setting {
            Setting(
                method: method, rate: rate, rates: rates, images: size.of(60_000, trial: 200),
                test: size.of(10_000, quick: 2000, trial: 200), steps: size.of(2000, quick: 300, trial: 12),
                tuningSteps: size.of(500, quick: 50, trial: 3))
        }
        let methods = size.of(
            Method.allCases, quick: [.sgd, .momentum, .nesterov, .adagrad, .rmsprop, .adam, .adamw],
            trial: [.sgd, .momentum, .adam])
        let settings = Race.textbook.map { setting($0, $1) } + methods.map { setting($0, nil) }
        return settings.map { setting in
            let name = setting.method.title
            let title =
                setting.rate.map { Words("\(name) \(NumberFormat.short($0))") }
                ?? Words("\(name), best rate", "\(name), 최적 학습률")
            return LabArm(setting.id, title, setting)
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var measurement = LabMeasurement()
        var rate = setting.rate ?? .nan
        if setting.rate == nil {
            let losses = try sweep(setting)
            let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
            rate = setting.rates[best]
            measurement["width"] = Double(losses.count { $0 <= 1.1 * losses[best] }) / 2
            measurement.series["rates"] = setting.rates
            measurement.series["sweep"] = losses
        }
        let data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        let training = steps(setting, rate: rate, setting.steps, seed: seed)
        let result = try training.run(on: data.training)
        let last = result.losses.suffix(max(1, 200 / Race.every))
        measurement["rate"] = rate
        measurement["loss"] =
            result.hasDiverged ? Race.guessing : last.mean
        measurement["accuracy"] = try LabData.accuracy(training.net, result.state.variables, on: data.test)
        measurement.series["loss"] = result.losses
        return measurement
    }

    /// The loss at the end of a short training at each rate, the same for all seeds.
    private func sweep(_ setting: Setting) throws -> [Double] {
        let name = "race \(setting.method) \(setting.rates) \(setting.images) \(setting.tuningSteps)"
        return try Sweep.numbers(name) {
            let data = try LabData.fashion(training: setting.images, test: 1, seed: Sweep.seed)
            return try setting.rates.map { rate in
                let result = try steps(setting, rate: rate, setting.tuningSteps, seed: Sweep.seed).run(
                    on: data.training)
                let last = result.losses.suffix(2)
                let loss = last.mean
                return result.hasDiverged || !loss.isFinite ? Race.guessing : min(loss, Race.guessing)
            }
        }
    }

    private func steps(_ setting: Setting, rate: Double, _ count: Int, seed: UInt64) -> LabSteps {
        LabSteps(
            net: DenseNet.book.model, optimizer: setting.method.optimizer(rate), batch: Race.batch, steps: count,
            seed: seed, every: Race.every)
    }

    // MARK: Claims

    var claims: [Claim] {
        let titles: [(Method, String)] = [
            (.momentum, "momentum-0.01"), (.adagrad, "adagrad-0.01"), (.adam, "adam-0.001"),
        ]
        /// The least and the greatest of a number of the tuned rivals, seed by seed.
        @Sendable func spread(
            _ results: LabResults, _ number: String, _ value: (_ least: Double, _ greatest: Double) -> Double
        ) -> Evidence {
            .mean(
                results.seeds.indices.map { seed in
                    let arms = Method.rivals.map { results["\($0.rawValue)-tuned"] }.filter { !$0.measurements.isEmpty }
                    let values = arms.map { $0.numbers(number)[seed] }
                    return value(values.min() ?? .nan, values.max() ?? .nan)
                })
        }
        return titles.map { method, arm in
            Claim(
                "textbook-\(method.rawValue)",
                Words(
                    "At the rates of the book \(method.title) ends at least 20 % below SGD.",
                    "책의 학습률로 \(method.title)의 마지막 손실은 SGD보다 20 % 이상 낮다."),
                statistic: Words("training loss, \(method.title) ÷ SGD", "훈련 손실, \(method.title) ÷ SGD"),
                .atMost(0.8), basis: .predicted, isTaught: true,
                evidence: Evidence.ratio(of: "loss", arm, over: "sgd-0.01"))
        } + [
            Claim(
                "sgd-ten-times",
                Words(
                    "SGD at 0.1 closes at least 70 % of the gap between SGD at 0.01 and momentum at 0.01.",
                    "SGD의 학습률을 0.1로 하면 학습률 0.01인 SGD와 모멘텀의 차이가 70 % 이상 사라진다."),
                statistic: Words("share of the gap in training loss", "훈련 손실 차이 중 사라진 비율"), .atLeast(0.7),
                basis: .predicted
            ) { results in
                let slow = results["sgd-0.01"].numbers("loss")
                let gained = zip(slow, results["sgd-0.1"].numbers("loss")).map { $0 - $1 }
                let gap = zip(slow, results["momentum-0.01"].numbers("loss")).map { $0 - $1 }
                return .mean(zip(gained, gap).map { $0 / $1 })
            },
            Claim(
                "tuned-loss",
                Words(
                    "Each at its best rate, momentum, Nesterov, RMSprop, Adam and AdamW differ by at most 15 % in loss.",
                    "각자 가장 좋은 학습률이면 모멘텀, Nesterov, RMSprop, Adam, AdamW의 손실 차이는 15 % 이하이다."),
                statistic: Words(
                    "training loss, worst ÷ best of the five, minus 1", "훈련 손실, 다섯 중 최악 ÷ 최선 − 1"), .atMost(0.15),
                basis: .predicted
            ) { results in spread(results, "loss") { $1 / $0 - 1 } },
            Claim(
                "tuned-accuracy",
                Words(
                    "Each at its best rate, the five differ by at most 0.7 points in test accuracy.",
                    "각자 가장 좋은 학습률이면 다섯의 테스트 정확도 차이는 0.7 %포인트 이하이다."),
                statistic: Words("test accuracy, best − worst of the five", "테스트 정확도, 다섯 중 최선 − 최악"),
                .atMost(0.007), basis: .predicted
            ) { results in spread(results, "accuracy") { $1 - $0 } },
            Claim(
                "tuned-sgd",
                Words(
                    "Each at its best rate, plain SGD ends at most 15 % above Adam.",
                    "각자 가장 좋은 학습률이면 평범한 SGD의 손실은 Adam보다 많아야 15 % 높다."),
                statistic: Words("training loss, SGD ÷ Adam", "훈련 손실, SGD ÷ Adam"), .atMost(1.15), basis: .predicted,
                evidence: Evidence.ratio(of: "loss", "sgd-tuned", over: "adam-tuned")),
            Claim(
                "adam-wide",
                Words(
                    "Adam forgives more: its range of good rates is at least half a power of ten wider than that of SGD.",
                    "Adam은 더 너그럽다. 좋은 학습률의 범위가 SGD보다 10의 거듭제곱의 절반 이상 넓다."),
                statistic: Words(
                    "powers of ten within 10 % of the best loss, Adam − SGD, on the seed of the tuning",
                    "최선의 손실에서 10 % 이내인 10의 거듭제곱 수, Adam − SGD(튜닝 시드)"), .atLeast(0.5), basis: .predicted
            ) { results in .exact(results.differences("width", "adam-tuned", minus: "sgd-tuned").first ?? .nan) },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let size = ChartSize(width: 720, height: 400)
        let loss = Words("Training loss", "훈련 손실")[language]
        let tuned = Method.allCases.map { ($0, results["\($0.rawValue)-tuned"]) }.filter { !$0.1.measurements.isEmpty }
        let groups = LabFigure.Control(
            Words("Optimizers", "옵티마이저")[language], .choice,
            options: [Words("SGD to RMSprop", "SGD–RMSprop"), Words("Adam and after", "Adam 이후")].map { $0[language] })
        let measures = LabFigure.Control(
            Words("Measure", "지표")[language], .choice, options: [loss, Words("Test error", "테스트 오류율")[language]])
        return [
            LabFigure(
                "textbook",
                caption: Words(
                    "The figure of the book with bands over the seeds, and SGD with a rate ten times as large.",
                    "책의 그림에 시드에 걸친 띠를 더하고, 학습률이 열 배인 SGD를 함께 그렸다.")[language],
                chart: Sized(
                    LineChart(
                        "", x: Axis(Words("Step", "걸음")[language]), y: Axis(loss, range: 0.2...1),
                        series: results.lines(
                            "loss", arms: Race.textbook.map { "\($0.rawValue)-\(NumberFormat.short($1))" },
                            in: language,
                            from: Double(Race.every), by: Double(Race.every))), size)),
            LabFigure(
                "rates",
                caption: Words(
                    "The loss after a short training at each of the rates: how deep an optimizer's valley is, and how wide.",
                    "학습률마다 짧게 학습한 뒤의 손실. 옵티마이저마다 골의 깊이와 너비가 다르다.")[language],
                controls: [groups]
            ) { choice in
                Sized(
                    LineChart(
                        "", x: Axis(Words("Learning rate", "학습률")[language], scale: .logarithmic),
                        y: Axis(loss, range: 0.3...2.4),
                        series: tuned.filter { Method.classics.contains($0.0) == (choice[0] == 0) }.map {
                            .init($0.title, x: $1.series("rates").first ?? [], y: $1.series("sweep").first ?? [])
                        }), size)
            },
            LabFigure(
                "ranking",
                caption: Words(
                    "Each optimizer at its best rate, which stands beside its name; the mean over the seeds and its 95 % interval, the best on top.",
                    "각자 가장 좋은 학습률(이름 옆)에서의 결과. 시드의 평균과 95 % 구간이며, 위가 가장 좋다.")[language],
                controls: [measures]
            ) { choice in
                let ranked = tuned.map { method, arm in
                    let numbers = choice[0] == 0 ? arm.numbers("loss") : arm.numbers("accuracy").map { 1 - $0 }
                    return IntervalChart.Row(
                        "\(method.title) \(NumberFormat.short(arm.mean("rate"), digits: 2))", Estimate(.mean(numbers)),
                        group: Method.classics.contains(method) ? 0 : 1)
                }
                return IntervalChart(
                    "", axis: Axis(measures.options[choice[0]]), groups: groups.options,
                    rows: ranked.sorted { $0.value < $1.value })
            },
        ]
    }
}
