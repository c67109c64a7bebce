import Apus
import ApusCharts
import ApusSearch
import ApusTraining
import Foundation

/// F1: four ways to choose a learning rate and a weight penalty.
struct HyperparameterSearch: LabExperiment {
    /// A network of dense layers on 400 images.
    struct Setting: Codable, Hashable, Sendable {
        var method: Method
        /// The grid has so many points a side, and every other method as many trials as the grid.
        var points: Int
        var epochs: Int
        var images = 400
        var held: Int
        var test: Int
        /// The hidden layers of 100 units; six unless given.
        var layers: Int?

        var trials: Int { points * points }
    }

    enum Method: String, Codable, CaseIterable {
        case book, grid, random, tpe, hyperband

        var title: Words {
            switch self {
            case .book: Words("random, ranges of the book", "무작위, 책의 범위")
            case .grid: Words("grid", "격자")
            case .random: Words("random", "무작위")
            case .tpe: Words("Bayes (TPE)", "베이즈(TPE)")
            case .hyperband: Words("Hyperband", "하이퍼밴드")
            }
        }

        func strategy(_ setting: Setting) -> Strategy {
            switch self {
            case .grid: .grid(points: setting.points)
            case .book, .random: .random
            case .tpe: .tpe
            case .hyperband: .hyperband(Hyperband(maximumBudget: setting.epochs))
            }
        }

        var space: SearchSpace {
            self == .book
                ? ["lambda": .log(1e-8...1e-4), "rate": .log(1e-6...1e-2)]
                : ["lambda": .log(1e-6...1e-1), "rate": .log(1e-4...pow(10, 0.5))]
        }

        /// Those that search the same ranges.
        static let rivals: [Method] = [.grid, .random, .tpe, .hyperband]
    }

    static let batch = 100
    static let chance = 0.1

    let about = LabAbout(
        "search", number: "F1", part: .choosing, title: Words("Grid, random, Bayes, Hyperband", "하이퍼파라미터 탐색"),
        question: Words(
            "How are hyperparameters found with few trials?", "적은 시도로 하이퍼파라미터를 어떻게 찾는가?"),
        taught: [
            .init(
                Words(
                    "Draw at random rather than on a grid, on a logarithmic scale. A hundred trials show that rates of 0.001 to 0.01 and penalties of 10^−8 to 10^−6 learn well.",
                    "격자보다 무작위로, 로그 눈금에서 뽑는다. 백 번의 시도에서 학습률 0.001–0.01, 가중치 감소 계수 10^−8–10^−6이 잘 배운다."),
                source: "Deep Learning from Scratch, chapter 6; CS231n, Neural Networks part 3")
        ],
        setup: Words(
            "784-6×100-10 with ReLU and He, SGD with batches of 100 on 400 images of Fashion-MNIST that the seed draws; the score is the accuracy on 1000 others. In the ranges of the book, 25 random trials of 27 epochs: rate 10^−6 to 10^−2, λ 10^−8 to 10^−4. In ranges that have the best values inside (rate 10^−4 to 10^0.5, λ 10^−6 to 10^−1): a grid of 5 × 5, 25 random trials, 25 of a tree-structured Parzen estimator, and one round of Hyperband up to 27 epochs, which costs about half as many epochs. The penalty is λ Σw² of all kernels.",
            "시드가 뽑은 Fashion-MNIST 400장에서 ReLU와 He를 쓴 784-6×100-10 신경망을 배치 100의 SGD로 학습하고, 다른 1000장의 정확도를 점수로 삼는다. 책의 범위(학습률 10^−6–10^−2, λ 10^−8–10^−4)에서는 27에포크씩 무작위로 25번 시도한다. 가장 좋은 값이 안에 있는 범위(학습률 10^−4–10^0.5, λ 10^−6–10^−1)에서는 5 × 5 격자, 무작위 25번, TPE(트리 구조 파르젠 추정기) 25번, 그리고 에포크가 절반쯤 드는 최대 27에포크 하이퍼밴드 한 바퀴를 비교한다. 벌점은 모든 커널의 λ Σw²이다."
        ),
        recipes: [
            .init(
                Words("A search of one's own in Swift", "Swift로 쓴 탐색"), .swift,
                """
                import Apus
                import ApusSearch

                let search = Search(
                    space: ["rate": .log(1e-4...1), "lambda": .log(1e-6...1e-1)], strategy: .tpe, trials: 25,
                    objective: .maximize(metric: "accuracy"))
                let study = try Study("mine", search, in: TrialStore(path: "trials.sqlite"))
                let images = try FashionMNIST.load().training.prefix(2000)
                let (training, validation) = try images.split(validation: 0.8, seed: 1)
                try study.run { trial, _ in
                    let (rate, lambda) = (trial.assignment["rate"]!.number!, trial.assignment["lambda"]!.number!)
                    let net = Sequential {
                        Flatten()
                        Dense(100, activation: .relu, kernelRegularizer: .l2(lambda))
                        Dense(10)
                    }
                    var trainer = Trainer(
                        net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: rate), metrics: [.accuracy])
                    try trainer.fit(training, epochs: 27, batchSize: 100)
                    return try trainer.evaluate(validation)[.accuracy] ?? 0
                }
                """)
        ],
        lesson: Words(
            "Held in part: the rate orders the trials, and the penalties of the book are too small to matter. But the book's best rates crowd at the upper end of its range, which means that the range is wrong: the same 25 random trials in a range that reaches further find 75 % in place of 67 %.",
            "일부만 성립한다. 학습률이 순위를 정하고, 책의 가중치 감소 계수는 너무 작아 영향이 없다. 그런데 책의 범위에서 가장 좋은 학습률은 위쪽 끝에 몰려 있다. 범위가 잘못되었다는 뜻이다. 더 멀리까지 뻗은 범위에서 같은 무작위 25번은 67 %가 아니라 75 %를 찾는다."
        ),
        surprise: Words(
            "The choice of the range is worth eight points, the choice of the method little more than two: random is as good as the grid or better in 16 of 20 seeds, Bayes gains less than a point more, and Hyperband comes as far as random in half of the epochs. Twenty seeds are too few to settle these small differences. And the accuracy of the winner, on the images that chose it, is one point higher than on the test.",
            "범위의 선택은 8 %포인트, 방법의 선택은 2 %포인트 남짓이다. 무작위는 20시드 중 16에서 격자 못지않고, 베이즈는 거기서 1 %포인트도 더 얻지 못하며, 하이퍼밴드는 절반의 에포크로 무작위만큼 나아간다. 이 작은 차이를 가르기에 20시드는 부족하다. 그리고 뽑힌 시도의 정확도는 그것을 고른 이미지에서 테스트보다 1 %포인트 높다."
        ),
        next: [
            .init(
                Words("See how one rate is found in a single run.", "한 번의 실행으로 학습률을 찾는 법을 알아보자."), .shell,
                "apus lab run rate")
        ], seeds: 20, seconds: 105)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Method.allCases.map { method in
            LabArm(
                method.rawValue, method.title,
                Setting(
                    method: method, points: size.of(5, quick: 3, trial: 2), epochs: size.of(27, quick: 9, trial: 8),
                    held: size.of(1000, trial: 200),
                    test: size.of(2000, trial: 100), layers: size.of(nil, trial: 1)))
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(
            training: setting.images, validation: setting.held, test: setting.test, seed: seed)
        let (strategy, space) = (setting.method.strategy(setting).value, setting.method.space)
        let limit = setting.method == .hyperband ? strategy.total(in: space) ?? setting.trials : setting.trials
        var candidates: [Candidate] = []
        var (spent, best, chosen) = (0, 0.0, 0)
        // The best score so far whenever as many epochs were spent as a whole trial has.
        var curve: [Double] = []
        func note(_ epochs: Int, _ place: Int) {
            while (curve.count + 1) * setting.epochs < spent + epochs { curve.append(best) }
            spent += epochs
            if candidates[place].accuracy > best { (best, chosen) = (candidates[place].accuracy, place) }
        }
        searching: while true {
            let history = SearchHistory(
                space: space, seed: seed, limit: limit, observations: candidates.map(\.observation))
            switch strategy.proposal(history) {
            case .new(let assignment, let budget):
                guard candidates.count < limit else { break searching }
                let values = space.canonical(assignment) ?? assignment
                candidates.append(Candidate(values, layers: setting.layers ?? 6, seed: seed))
                let place = candidates.count - 1
                note(try candidates[place].train(to: budget ?? setting.epochs, data.training, data.validation!), place)
            case .promote(let place, let budget):
                note(try candidates[place].train(to: budget, data.training, data.validation!), place)
            case .wait, .finished: break searching
            }
        }
        while curve.count < setting.trials { curve.append(best) }
        let accuracies = candidates.map(\.accuracy)
        let (rates, lambdas) = (candidates.map(\.rate), candidates.map(\.lambda))
        return LabMeasurement(
            [
                "best": best, "half": curve[setting.trials / 2 - 1], "spent": Double(spent),
                "test": try candidates[chosen].trainer.evaluate(data.test)[.accuracy] ?? .nan,
                "rate": candidates[chosen].rate, "rankRate": Rank.correlation(rates, accuracies),
                "rankLambda": Rank.correlation(lambdas, accuracies),
            ], series: ["rates": rates, "lambdas": lambdas, "accuracies": accuracies, "curve": curve])
    }

    /// A trial: its values, and its training so far.
    private struct Candidate {
        let rate: Double
        let lambda: Double
        private(set) var trainer: Trainer
        private(set) var observation: Observation
        private var epochs = 0

        init(_ values: Assignment, layers: Int, seed: UInt64) {
            rate = values["rate"]?.number ?? 0
            lambda = values["lambda"]?.number ?? 0
            let net = DenseNet(hidden: Array(repeating: 100, count: layers), regularizer: .l2(lambda)).model
            trainer = Trainer(
                net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: rate), metrics: [.accuracy], seed: seed)
            observation = Observation(assignment: values, state: .running)
        }

        /// That of a guess if the training diverged.
        var accuracy: Double {
            observation.state == .complete ? -(observation.loss ?? 0) : HyperparameterSearch.chance
        }

        /// - Returns: The epochs that it took.
        mutating func train(to budget: Int, _ training: Dataset, _ validation: Dataset) throws -> Int {
            let missing = budget - epochs
            epochs = budget
            do {
                try trainer.fit(training, epochs: missing, batchSize: HyperparameterSearch.batch)
                let loss = -(try trainer.evaluate(validation)[.accuracy] ?? 0)
                observation.state = .complete
                observation.loss = loss
                observation.losses[budget] = loss
            } catch is DivergenceError {
                observation.state = .diverged
                observation.loss = .infinity
            }
            return missing
        }
    }

    // MARK: Claims

    var claims: [Claim] {
        [
            Claim(
                "rate-matters",
                Words(
                    "In the ranges of the book, the rate orders the trials.", "책의 범위에서는 학습률이 시도의 순위를 정한다."),
                statistic: Words("rank correlation of rate and accuracy", "학습률과 정확도의 순위 상관"), .atLeast(0.8),
                basis: .predicted, isTaught: true, evidence: Evidence.mean(of: "rankRate", in: "book")),
            Claim(
                "lambda-idle",
                Words(
                    "In the ranges of the book, the penalty has no influence on the order.", "책의 범위에서 벌점은 순위에 영향이 없다."),
                statistic: Words("rank correlation of λ and accuracy", "λ와 정확도의 순위 상관"), .within(-0.25...0.25),
                basis: .predicted, evidence: Evidence.mean(of: "rankLambda", in: "book")),
            Claim(
                "random-beats-grid",
                Words(
                    "The best of 25 random trials is at least as good as the best of a 5 × 5 grid in 70 % of repeats.",
                    "무작위 25번 중 최선은 반복의 70 % 이상에서 5 × 5 격자의 최선 못지않다."),
                statistic: Words("share of seeds", "시드의 비율"), .atLeast(0.7), basis: .predicted, isTaught: true,
                evidence: Evidence.rate { results, seed in
                    results["random"].numbers("best")[seed] >= results["grid"].numbers("best")[seed]
                }),
            Claim(
                "hyperband-half",
                Words(
                    "With half of the epochs Hyperband is as good as 25 random trials.",
                    "하이퍼밴드는 절반의 에포크로 무작위 25번 못지않다."),
                statistic: Words(
                    "validation accuracy, Hyperband at half − random at the end", "검증 정확도, 절반에서의 하이퍼밴드 − 끝에서의 무작위"),
                .atLeast(0), basis: .predicted
            ) { results in
                .mean(zip(results["hyperband"].numbers("half"), results["random"].numbers("best")).map { $0 - $1 })
            },
            Claim(
                "bayes-gains-little",
                Words(
                    "With 25 trials Bayes gains at most one point over random.",
                    "25번의 시도로 베이즈가 무작위보다 얻는 것은 1 %포인트 이하이다."),
                statistic: Words("validation accuracy of the best, Bayes − random", "최선의 검증 정확도, 베이즈 − 무작위"),
                .atMost(0.01), basis: .predicted, evidence: Evidence.difference(of: "best", "tpe", minus: "random")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let arms = results.arms
        let methods = LabFigure.Control(
            Words("Method", "방법")[language], .choice, options: arms.map { $0.title[language] })
        let axes = LabFigure.Control(
            Words("Axis", "축")[language], .choice, options: [Words("Learning rate", "학습률")[language], "λ"])
        let accuracy = Axis(Words("Validation accuracy", "검증 정확도")[language], range: 0...0.9)
        let seeds = results.seeds.indices.prefix(3)
        return [
            LabFigure(
                "axis",
                caption: Words(
                    "Each trial on one axis, the first three seeds. A grid has only five different rates; random trials have as many rates as trials.",
                    "처음 세 시드의 시도를 한 축에서 본 것. 격자에는 학습률이 다섯 가지뿐이지만 무작위에는 시도만큼 있다.")[language],
                controls: [axes, methods]
            ) { choice in
                let arm = arms[choice[1]]
                let name = ["rates", "lambdas"][choice[0]]
                return ScatterChart(
                    "", x: Axis(axes.options[choice[0]], scale: .logarithmic), y: accuracy,
                    groups: seeds.map {
                        .init(
                            Words("seed \(results.seeds[$0])", "시드 \(results.seeds[$0])")[language],
                            x: arm.series(name)[$0], y: arm.series("accuracies")[$0])
                    })
            },
            LabFigure(
                "where",
                caption: Words(
                    "Where each method looks (seed 1), and its best five trials.", "방법마다 살펴본 곳(시드 1)과 가장 좋은 다섯 시도.")[
                        language],
                controls: [
                    LabFigure.Control(methods.title, .choice, options: methods.options, first: min(2, arms.count - 1))
                ]
            ) { choice in
                let arm = arms[choice[0]]
                let (rates, lambdas) = (arm.series("rates").first ?? [], arm.series("lambdas").first ?? [])
                let scores = arm.series("accuracies").first ?? []
                let ranked = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
                func group(_ name: Words, _ places: ArraySlice<Int>) -> ScatterChart.Group {
                    .init(name[language], x: places.map { rates[$0] }, y: places.map { lambdas[$0] })
                }
                return ScatterChart(
                    "", x: Axis(axes.options[0], scale: .logarithmic), y: Axis("λ", scale: .logarithmic),
                    groups: [
                        group(Words("others", "나머지"), ranked.dropFirst(5)),
                        group(Words("best five", "최선의 다섯"), ranked.prefix(5)),
                    ])
            },
            LabFigure(
                "so-far",
                caption: Words(
                    "The best accuracy so far against the epochs spent, in units of a whole trial; the band is the range over the seeds. Hyperband ends after one round.",
                    "쓴 에포크(시도 하나 단위)에 따른 그때까지의 최고 정확도. 띠는 시드에 걸친 범위이다. 하이퍼밴드는 한 바퀴 뒤에 끝난다.")[language],
                chart: Sized(
                    LineChart(
                        "", x: Axis(Words("Epochs ÷ those of a trial", "에포크 ÷ 시도 하나의 에포크")[language]),
                        y: Axis(Words("Best so far", "그때까지의 최고")[language], range: 0.6...0.8),
                        series: results.lines("curve", arms: Method.rivals.map(\.rawValue), in: language, from: 1)),
                    ChartSize(width: 720, height: 400))),
        ]
    }
}
