import Apus
import ApusCharts
import ApusTraining
import Foundation

/// B7: learning rates that fall, beside one that does not.
struct RateSchedule: LabExperiment {
    /// LeNet-5 on images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var plan: Plan
        /// The first rates that the best is chosen from, for the constant rate.
        var exponents: [Double]
        var images: Int
        var held: Int
        var test: Int
        var epochs: Int

        var steps: Int { max(1, images / RateSchedule.batch) * epochs }
    }

    enum Plan: String, Codable, CaseIterable {
        case constant, step, exponential, polynomial, inverse, cosine
        case oneCycle = "one-cycle"
        case plateau, restarts
        case warmUp = "warm-up"
        case average
        case adam
        case adamCosine = "adam-cosine"

        var title: Words {
            switch self {
            case .constant: Words("constant", "고정")
            case .step: Words("step", "계단")
            case .exponential: Words("exponential", "지수")
            case .polynomial: Words("linear", "선형")
            case .inverse: Words("1/t", "1/t")
            case .cosine: Words("cosine", "코사인")
            case .oneCycle: Words("one cycle", "원사이클")
            case .plateau: Words("on plateau", "정체 시 감소")
            case .restarts: Words("cosine, restarts", "코사인 재시작")
            case .warmUp: Words("constant, warm-up", "고정, 워밍업")
            case .average: Words("constant, averaged weights", "고정, 가중치 평균")
            case .adam: Words("Adam, constant", "Adam, 고정")
            case .adamCosine: Words("Adam, cosine", "Adam, 코사인")
            }
        }

        var isAdam: Bool { self == .adam || self == .adamCosine }

        func schedule(_ steps: Int, epochs: Int) -> Schedule {
            switch self {
            case .constant, .plateau, .average, .adam: .constant
            case .step: .multiStep(milestones: [steps / 2, steps * 3 / 4], factor: 0.1)
            case .exponential: .exponential(steps: steps, factor: 0.01)
            case .polynomial: .polynomial()
            case .inverse: .inverseTime(steps: max(1, steps / epochs), rate: 1)
            case .cosine, .adamCosine: .cosine()
            case .oneCycle: .oneCycle()
            case .restarts: .cosineRestarts(firstPeriod: (steps + 6) / 7)
            case .warmUp: .constant(warmupSteps: max(1, steps / 15))
            }
        }
    }

    static let batch = 100

    let about = LabAbout(
        "schedule", number: "B7", part: .descent, title: Words("Slow down at the end", "학습률 감소"),
        question: Words(
            "Does a learning rate that falls end better than one that stays?", "점점 줄어드는 학습률은 고정된 학습률보다 나은 곳에서 끝나는가?"),
        taught: [
            .init(
                Words(
                    "Large steps at first, small ones at the end: a rate that decays lets the network settle where a constant one keeps jumping about the minimum.",
                    "처음에는 크게, 나중에는 작게. 학습률을 줄이면 최소점 둘레를 맴돌지 않고 가라앉는다."),
                source:
                    "deeplearning.ai, Improving Deep Neural Networks, week 2; Dive into Deep Learning, learning rate scheduling"
            )
        ],
        setup: Words(
            "LeNet-5 on 10,000 images of Fashion-MNIST that the seed draws, batches of 100, 15 epochs of plain SGD. The first rate is the same for all: the one of 10^−1.5, 10^−1 and 10^−0.5 that is best for a constant rate on 3000 other images, on a seed apart; for Adam of 10^−3.5, 10^−3 and 10^−2.5. Step: a tenth at half and at three quarters. Exponential: down to a hundredth. 1/t: divided by one plus the number of epochs. On plateau: a fifth after an epoch without lower validation loss. Restarts: three cosines, each twice as long. One cycle: up to that rate in 30 % of the steps, then down. Warm-up: one epoch. Averaged weights: moving average with decay 0.99 of the constant rate's.",
            "시드가 뽑은 Fashion-MNIST 1만 장으로 LeNet-5를 배치 100, 평범한 SGD로 15에포크 학습한다. 첫 학습률은 모두 같다. 10^−1.5, 10^−1, 10^−0.5 중에서 고정 학습률일 때 다른 이미지 3000장에서 가장 좋은 값을 따로 둔 시드로 고른다(Adam은 10^−3.5, 10^−3, 10^−2.5). 계단은 절반과 4분의 3에서 10분의 1로, 지수는 100분의 1까지, 1/t는 1 더하기 에포크 수로 나눈다. 정체 시 감소는 검증 손실이 한 에포크 줄지 않으면 5분의 1로 줄인다. 재시작은 두 배씩 길어지는 코사인 셋, 원사이클은 걸음의 30 % 동안 그 학습률까지 올렸다가 내린다. 워밍업은 한 에포크이고, 가중치 평균은 고정 학습률의 가중치를 감쇠 0.99로 이동평균한다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: schedule
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.8333}}   # 10,000 images to train on
                model: lenet5
                optimizer: {sgd: {learningRate: 0.1}}
                schedule: cosine
                batchSize: 100
                epochs: 15
                """)
        ],
        lesson: Words(
            "Held for the cosine, which ends 1.0 points above the constant rate; the step gains 0.8; whether it is more than 0.3, ten seeds do not settle. Not every decay helps: 1/t and exponential end below the constant rate, for they fall before the network has learned. A rate should stay large for long and be small at the end.",
            "코사인에서는 성립한다. 고정 학습률보다 1.0 %포인트 높게 끝난다. 계단은 0.8 %포인트를 얻는다. 0.3 %포인트를 넘는지는 열 시드로 판정되지 않는다. 모든 감소가 돕는 것은 아니다. 1/t와 지수 감소는 배우기도 전에 학습률이 줄어 고정 학습률보다 낮게 끝난다. 학습률은 오래 크게 두었다가 끝에서 작게 해야 한다."
        ),
        surprise: Words(
            "The best network never slowed down: a constant rate with averaged weights ends 1.6 points above the constant rate alone, and above the cosine. Adam gains nothing from the cosine. And the training loss of the constant rate is the lower one at the end, so what a falling rate improves is not the descent but the test.",
            "가장 좋은 신경망은 속도를 줄인 적이 없다. 고정 학습률에 가중치 평균을 더하면 고정 학습률만 쓸 때보다 1.6 %포인트 높고 코사인보다도 높다. Adam은 코사인에서 얻는 것이 없다. 그리고 마지막 훈련 손실은 고정 학습률 쪽이 더 낮다. 학습률 감소가 좋게 하는 것은 하강이 아니라 테스트이다."
        ),
        next: [
            .init(
                Words("See how the first rate is found.", "첫 학습률을 찾는 법을 살펴보자."), .shell, "apus lab run rate")
        ], seeds: 10, seconds: 160)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let plans = size.of(
            Plan.allCases, quick: [.constant, .step, .inverse, .cosine, .warmUp, .average, .adam, .adamCosine])
        return plans.map { plan in
            LabArm(
                plan.rawValue, plan.title,
                Setting(
                    plan: plan,
                    exponents: size.of(
                        plan.isAdam ? [-3.5, -3, -2.5] : [-1.5, -1, -0.5], trial: plan.isAdam ? [-3] : [-1]),
                    images: size.of(10_000, quick: 1000, trial: 500), held: size.of(3000, quick: 500, trial: 100),
                    test: size.of(10_000, quick: 2000, trial: 500), epochs: size.of(15, quick: 5, trial: 6)))
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let rate = try bestRate(setting)
        let data = try LabData.fashion(
            training: setting.images, validation: setting.held, test: setting.test, seed: seed)
        var training = training(setting, rate: rate, seed: seed)
        training.schedule = setting.plan.schedule(setting.steps, epochs: setting.epochs)
        if setting.plan == .average { training.optimizer = training.optimizer.averagingWeights(decay: 0.99) }
        if setting.plan == .plateau { training.callbacks = [.reduceOnPlateau(factor: 0.2, patience: 1)] }
        var (measurement, trained) = try training.measure(on: (data.training, data.validation, data.test))
        measurement["rate"] = rate
        measurement.series["rates"] = trained.epochs.map(\.learningRate)
        return measurement
    }

    /// The rate with which a constant one ends best, the same for all seeds.
    private func bestRate(_ setting: Setting) throws -> Double {
        let name =
            "schedule \(setting.plan.isAdam) \(setting.exponents) \(setting.images) \(setting.held) \(setting.epochs)"
        let rates = setting.exponents.map { pow(10, $0) }
        guard rates.count > 1 else { return rates[0] }
        let scores = try Sweep.numbers(name) {
            let data = try LabData.fashion(
                training: setting.images, validation: setting.held, test: 1, seed: Sweep.seed)
            return try rates.map { rate in
                let trained = try training(setting, rate: rate, seed: Sweep.seed).run(on: data.training)
                return try trained.trainer.evaluate(data.validation ?? data.test)[.accuracy] ?? 0
            }
        }
        return rates[rates.indices.max { scores[$0] < scores[$1] } ?? 0]
    }

    private func training(_ setting: Setting, rate: Double, seed: UInt64) -> LabTraining {
        LabTraining(
            net: .lenet5(), optimizer: setting.plan.isAdam ? .adam(learningRate: rate) : .sgd(learningRate: rate),
            epochs: setting.epochs, batch: RateSchedule.batch, seed: seed)
    }

    // MARK: Claims

    var claims: [Claim] {
        let constant = Plan.constant.rawValue
        func gain(_ plan: Plan, over other: Plan = .constant) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(of: "test.accuracy", plan.rawValue, minus: other.rawValue)
        }
        func statistic(_ plan: Plan) -> Words {
            Words(
                "test accuracy, \(plan.title.english) − constant", "테스트 정확도, \(plan.title.korean) − 고정")
        }
        let falling: [Plan] = [.step, .cosine, .inverse]
        return falling.map { plan in
            Claim(
                "\(plan.rawValue)-better",
                Words(
                    "Decay (\(plan.title.english)) ends at least 0.3 points above the constant rate.",
                    "감소(\(plan.title.korean))는 고정 학습률보다 0.3 %포인트 이상 높은 정확도로 끝난다."),
                statistic: statistic(plan), .atLeast(0.003), basis: .predicted, isTaught: true, evidence: gain(plan))
        } + [
            Claim(
                "warm-up",
                Words(
                    "A warm-up changes the accuracy of LeNet by less than 0.3 points.",
                    "워밍업은 LeNet의 정확도를 0.3 %포인트도 바꾸지 않는다."),
                statistic: statistic(.warmUp), .within(-0.003...0.003), basis: .predicted, evidence: gain(.warmUp)),
            Claim(
                "adam-gains-less",
                Words("Adam gains less from the cosine than SGD does.", "Adam은 코사인에서 SGD보다 적게 얻는다."),
                statistic: Words(
                    "gain in test accuracy by the cosine, SGD − Adam", "코사인으로 오른 테스트 정확도, SGD − Adam"), .atLeast(0),
                basis: .predicted
            ) { results in
                let sgd = results.differences("test.accuracy", Plan.cosine.rawValue, minus: constant)
                let adam = results.differences(
                    "test.accuracy", Plan.adamCosine.rawValue, minus: Plan.adam.rawValue)
                return .mean(zip(sgd, adam).map { $0 - $1 })
            },
            Claim(
                "average-as-good",
                Words(
                    "A constant rate with averaged weights ends at most 0.3 points below the cosine.",
                    "고정 학습률에 가중치 평균을 더하면 코사인보다 많아야 0.3 %포인트 낮다."),
                statistic: Words(
                    "test accuracy, averaged weights − cosine", "테스트 정확도, 가중치 평균 − 코사인"), .atLeast(-0.003),
                basis: .predicted, evidence: gain(.average, over: .cosine)),
            Claim(
                "loss-lower",
                Words(
                    "With the cosine the training loss ends at least 10 % below that of the constant rate.",
                    "코사인의 마지막 훈련 손실은 고정 학습률보다 10 % 이상 낮다."),
                statistic: Words("training loss at the end, cosine ÷ constant", "마지막 훈련 손실, 코사인 ÷ 고정"),
                .atMost(0.9), basis: .predicted,
                evidence: Evidence.ratio(of: "training.loss", Plan.cosine.rawValue, over: constant)),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let epoch = Axis(Words("Epoch", "에포크")[language])
        let groups: [(Words, [Plan])] = [
            (Words("falling", "감소"), [.constant, .step, .exponential, .polynomial, .inverse, .cosine]),
            (Words("others", "그 밖"), [.constant, .oneCycle, .plateau, .restarts, .warmUp, .average]),
            (Words("Adam", "Adam"), [.constant, .cosine, .adam, .adamCosine]),
        ].map { title, plans in (title, plans.filter { !results[$0.rawValue].measurements.isEmpty }) }
        let schedules = LabFigure.Control(
            Words("Schedules", "일정")[language], .choice, options: groups.map { $0.0[language] })
        let measures = LabFigure.Control(
            Words("Measure", "지표")[language], .choice,
            options: [
                Words("Validation accuracy", "검증 정확도"), Words("Training loss", "훈련 손실"), Words("Learning rate", "학습률"),
            ].map { $0[language] })
        let gained = Plan.allCases.filter { $0 != .constant && !results[$0.rawValue].measurements.isEmpty }
            .map { plan in
                let other = plan == .adamCosine ? Plan.adam : .constant
                let gains = results.differences("test.accuracy", plan.rawValue, minus: other.rawValue)
                return IntervalChart.Row(plan.title[language], Estimate(.mean(gains.map { 100 * $0 })))
            }.sorted { $0.value > $1.value }
        return [
            LabFigure(
                "epochs",
                caption: Words(
                    "The validation accuracy after each epoch, its training loss, and the rate at its end. Where the rate of the step falls to a tenth, its accuracy leaps.",
                    "에포크 뒤의 검증 정확도, 그 에포크의 훈련 손실, 에포크 끝의 학습률. 계단의 학습률이 10분의 1로 떨어지는 곳에서 정확도가 뛰어오른다.")[language],
                controls: [measures, schedules]
            ) { choice in
                let (name, axis) = (
                    ["validation.accuracy", "training.loss", "rates"][choice[0]],
                    [
                        Axis(measures.options[0], range: 0.7...0.9), Axis(measures.options[1], range: 0.1...1),
                        Axis(measures.options[2], scale: .logarithmic, range: 1e-4...0.2),
                    ][choice[0]]
                )
                return Sized(
                    LineChart(
                        "", x: epoch, y: axis,
                        series: results.lines(name, arms: groups[choice[1]].1.map(\.rawValue), in: language, from: 1)),
                    ChartSize(width: 720, height: 400))
            },
            LabFigure(
                "gain",
                caption: Words(
                    "What each schedule adds to the test accuracy of the constant rate, in points, seed by seed; the mean and its 95 % interval. Adam's cosine is compared with Adam's constant rate.",
                    "일정마다 고정 학습률의 테스트 정확도에 더하는 점수(시드마다 뺀 값의 평균과 95 % 구간). Adam의 코사인은 Adam의 고정 학습률과 비교한다.")[
                        language],
                chart: IntervalChart(
                    "", axis: Axis(Words("Gain in points", "높아진 점수")[language]), reference: 0, rows: gained)),
        ]
    }
}
