import Apus
import ApusCharts
import ApusSearch
import Foundation

/// F2: what a score of cross-validation says of other data, once it has been used to choose.
struct CrossValidated: LabExperiment {
    /// How many images there are to choose with.
    struct Setting: Codable, Hashable, Sendable {
        var images: Int
        var folds: Int
        var epochs: Int
        var test: Int
        /// Every so many of the configurations are tried.
        var stride = 1
    }

    /// A network 784-units-10 and how it is regularized.
    struct Choice: Hashable, Sendable {
        var units: Int
        var dropout: Double
        var decay: Double

        /// The course's: 64 units, dropout 0.5, L2 0.01.
        static let course = Choice(units: 64, dropout: 0.5, decay: 0.01)

        /// All that are tried; the first is the course's.
        static let all: [Choice] =
            [course]
            + [16, 64, 256].flatMap { units in
                [0, 0.5].flatMap { dropout in
                    [0, 1e-3, 1e-2].map { Choice(units: units, dropout: dropout, decay: $0) }
                }
            }.filter { $0 != course }
            + [8, 512].map { Choice(units: $0, dropout: 0, decay: 0) }

        var title: String {
            "\(units), \(NumberFormat.short(dropout)), \(NumberFormat.short(decay))"
        }
    }

    let about = LabAbout(
        "cross-validation", number: "F2", part: .choosing, title: Words("Trust the number?", "교차 검증"),
        question: Words(
            "Cross-validation has chosen the best of twenty networks. Is its score what other images will give?",
            "교차 검증으로 스무 개 신경망 가운데 하나를 골랐다. 그 점수는 새 이미지에서도 나오는가?"),
        taught: [
            .init(
                Words(
                    "With few data, choose hyperparameters such as the dropout rate by k-fold cross-validation; the mean over the folds tells how well the network will do.",
                    "데이터가 적으면 드롭아웃 비율 같은 하이퍼파라미터를 k겹 교차 검증으로 고른다. 폴드 평균이 신경망의 성능을 말해 준다."),
                source:
                    "Codestates, Regularization; Hastie, Tibshirani and Friedman, Elements of Statistical Learning, 7.10"
            )
        ],
        setup: Words(
            "100 or 300 images of Fashion-MNIST, other ones for each seed, and twenty networks 784-units-10: 8 to 512 units, dropout 0 or 0.5, L2 0, 0.001 or 0.01; Adam 0.001, 20 epochs, batches of 20. Four folds. Each network of a fold is also measured on 1000 test images, so that score and truth belong to the same weights. For nested cross-validation all pairs of folds are left out, too.",
            "Fashion-MNIST 이미지 100장 또는 300장(시드마다 다름)과 신경망 784-유닛-10 스무 개(유닛 8~512, 드롭아웃 0·0.5, L2 0·0.001·0.01). Adam 0.001, 20에포크, 배치 20, 폴드 넷. 폴드마다 학습한 신경망을 테스트 이미지 1000장으로도 재므로, 점수와 참값이 같은 가중치의 것이다. 중첩 교차 검증을 위해 폴드를 두 개씩 뺀 학습도 한다."
        ),
        recipes: [
            .init(
                Words("Four folds of the course's network, on all images", "강의의 신경망으로 하는 네 겹 교차 검증(이미지 전부)"), .yaml,
                """
                name: folds
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - flatten
                  - dense: {units: 64, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.01}}
                  - dropout: 0.5
                  - dense: 10
                optimizer: {adam: {learningRate: 0.001}}
                schedule: constant
                batchSize: 20
                epochs: 20
                """),
            .init(Words("Run them", "실행"), .shell, "apus cross-validate folds.yaml --folds 4"),
        ],
        lesson: Words(
            "Held: the score that chose a network is too good for that network: by 1.3 points with 300 images and 1.5 with 100, and by 1.8 and 2.8 beside the scores of all twenty, which here are a little too low. Nested cross-validation, which scores the choosing too, is right. What was chosen is better than the course's defaults, but by half a point only.",
            "성립한다. 신경망을 고르는 데 쓴 점수는 그 신경망에게 후하다. 300장이면 1.3 %포인트, 100장이면 1.5 %포인트이고, 여기서 조금 낮게 나온 스무 개 전체의 점수에 견주면 1.8과 2.8 %포인트이다. 고르는 일까지 평가하는 중첩 교차 검증은 맞다. 고른 설정은 강의의 기본값보다 낫지만 0.5 %포인트뿐이다."
        ),
        surprise: Words(
            "The choice itself hardly repeats: other 300 images choose another network. One sample's best dropout rate says little about the next sample's.",
            "고른 결과는 거의 되풀이되지 않는다. 다른 300장은 다른 신경망을 고른다. 한 표본에서 가장 좋은 드롭아웃 비율은 다음 표본에 대해 거의 말해 주지 않는다."),
        next: [
            .init(
                Words("See how a search of hyperparameters goes about it.", "하이퍼파라미터 탐색은 어떻게 하는지 보자."), .shell,
                "apus lab run search")
        ], seeds: 20, seconds: 140)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        [100, 300].map { images in
            LabArm(
                "images-\(images)", Words("\(images) images", "\(images)장"),
                Setting(
                    images: size.of(images, trial: images / 5), folds: size.of(4, trial: 3),
                    epochs: size.of(20, quick: 5, trial: 1), test: size.of(1000, trial: 50),
                    stride: size.of(1, quick: 4, trial: 7)))
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        let choices = Swift.stride(from: 0, to: Choice.all.count, by: setting.stride).map { Choice.all[$0] }
        let folds = Folds(count: setting.folds, samples: setting.images)
        // Of each choice: the score of each fold, the test accuracy of the same networks, and the scores of networks without two folds,
        // [other fold left out][fold of the score].
        var (scores, tests, pairs): ([[Double]], [[Double]], [[[Double]]]) = ([], [], [])
        for choice in choices {
            func trained(without left: [Int]) throws -> Trainer {
                try train(choice, setting, on: data.training.subset(folds.rest(of: left)), seed: seed)
            }
            func score(_ trainer: Trainer, fold: Int) throws -> Double {
                try trainer.evaluate(data.training.subset(folds.members(of: fold)))[.accuracy] ?? .nan
            }
            var (own, other) = ([Double](), [Double]())
            var table = [[Double]](repeating: [], count: setting.folds)
            for fold in 0..<setting.folds {
                let trainer = try trained(without: [fold])
                own.append(try score(trainer, fold: fold))
                other.append(try trainer.evaluate(data.test)[.accuracy] ?? .nan)
                for second in 0..<fold {
                    let trainer = try trained(without: [fold, second])
                    table[fold].append(try score(trainer, fold: second))
                    table[second].append(try score(trainer, fold: fold))
                }
            }
            scores.append(own)
            tests.append(other)
            pairs.append(table)
        }
        let (means, truths) = (scores.map(\.mean), tests.map(\.mean))
        let winner = best(means)
        // Nested: each fold is predicted by what the others choose without it.
        let nested = (0..<setting.folds).map { fold in (fold, best(pairs.map { $0[fold].mean })) }
        let nestedScore = nested.map { scores[$1][$0] }.mean
        let typical = means.mean - truths.mean
        return LabMeasurement(
            [
                "score": means[winner], "test": truths[winner], "typical": typical,
                "curse": means[winner] - truths[winner] - typical,
                "nestedCurse": nestedScore - nested.map { tests[$1][$0] }.mean - typical,
                "gainOverCourse": truths[winner] - truths[0], "winner": Double(winner * setting.stride),
            ],
            series: [
                "scores": means, "tests": truths, "spread": scores.map { ScoreSummary($0)?.standardDeviation ?? .nan },
            ])
    }

    private func train(_ choice: Choice, _ setting: Setting, on samples: Dataset, seed: UInt64) throws -> Trainer {
        let net = DenseNet(
            hidden: [choice.units], dropout: choice.dropout, regularizer: choice.decay > 0 ? .l2(choice.decay) : nil)
        return try LabTraining(
            net: net.model, optimizer: .adam(learningRate: 0.001), epochs: setting.epochs, batch: 20, seed: seed
        ).run(on: samples).trainer
    }

    private func best(_ values: [Double]) -> Int { values.indices.max { values[$0] < values[$1] } ?? 0 }

    /// Parts of as many samples each as possible.
    private struct Folds {
        let count: Int
        let samples: Int

        func members(of fold: Int) -> [Int] { (0..<samples).filter { $0 % count == fold } }
        func rest(of left: [Int]) -> [Int] { (0..<samples).filter { !left.contains($0 % count) } }
    }

    // MARK: Claims

    var claims: [Claim] {
        [
            Claim(
                "beats-course",
                Words(
                    "What 300 images choose is at least a point better than the course's 64 units, dropout 0.5, L2 0.01.",
                    "300장으로 고른 설정은 강의의 설정(유닛 64, 드롭아웃 0.5, L2 0.01)보다 1 %포인트 이상 낫다."),
                statistic: Words(
                    "test accuracy of the chosen network minus that of the course's", "고른 신경망과 강의 신경망의 테스트 정확도 차이"),
                .atLeast(0.01), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "gainOverCourse", in: "images-300")),
            Claim(
                "winner-is-cursed",
                Words(
                    "The score of the chosen network is too good, by at least half a point more than the scores of all twenty.",
                    "고른 신경망의 점수는 부풀려져 있다. 스무 개 모두의 점수보다 0.5 %포인트 이상 더."),
                statistic: Words(
                    "score minus test accuracy of the chosen one, minus the same of all twenty",
                    "고른 것의 (점수 − 테스트 정확도) − 스무 개 평균의 같은 값"),
                .atLeast(0.005), basis: .predicted, evidence: Evidence.mean(of: "curse", in: "images-300")),
            Claim(
                "curse-with-100",
                Words("With 100 images it is at least a point.", "100장이면 1 %포인트 이상이다."),
                statistic: Words("the same, 100 images", "같은 값, 100장"), .atLeast(0.01), basis: .predicted,
                evidence: Evidence.mean(of: "curse", in: "images-100")),
            Claim(
                "nested-is-honest",
                Words(
                    "Nested cross-validation, which scores the choosing as well, is right within a point.",
                    "고르는 일까지 평가하는 중첩 교차 검증은 1 %포인트 안에서 맞다."),
                statistic: Words(
                    "nested score minus test accuracy of the same networks, minus the same of all twenty",
                    "(중첩 점수 − 같은 신경망의 테스트 정확도) − 스무 개 평균의 같은 값"), .within(-0.01...0.01), basis: .predicted,
                evidence: Evidence.mean(of: "nestedCurse", in: "images-300")),
            Claim(
                "one-winner",
                Words(
                    "Two samples of 300 images choose the same network in at least half of all cases.",
                    "300장의 두 표본은 절반 이상의 경우에 같은 신경망을 고른다."),
                statistic: Words("share of the other seeds that choose the same", "같은 설정을 고른 다른 시드의 비율"),
                .atLeast(0.5), basis: .predicted, isTaught: true
            ) { results in
                let winners = results["images-300"].numbers("winner")
                return .mean(
                    winners.map { winner in
                        Double(winners.count { $0 == winner } - 1) / Double(max(1, winners.count - 1))
                    })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let images = LabFigure.Control(
            Words("Images", "이미지 수")[language], .choice, options: ["100", "300"], first: 1)
        let (scored, truth) = (Words("score", "점수")[language], Words("test accuracy", "테스트 정확도")[language])
        return [
            LabFigure(
                "curse",
                caption: Words(
                    "The more networks one chooses from, the further the winner's score runs ahead of what it does on the test images. Means over seeds and over choices of so many of the twenty.",
                    "더 많은 신경망에서 고를수록 고른 것의 점수가 테스트 정확도를 앞질러 간다. 시드와, 스무 개 중 그만큼을 뽑는 방법들에 걸친 평균이다.")[
                        language],
                controls: [images]
            ) { choice in
                let arm = results.arms[choice[0]]
                let counts = [1, 2, 3, 5, 8, 12, 20]
                let values = counts.map { count in
                    zip(arm.series("scores"), arm.series("tests")).map {
                        CrossValidated.winner(of: count, scores: $0, tests: $1)
                    }
                }
                func line(_ title: String, _ number: ((score: Double, test: Double)) -> Double) -> LineChart.Series {
                    LineChart.Series(
                        title, x: counts.map(Double.init),
                        y: values.map { $0.map(number).mean })
                }
                return LineChart(
                    "", x: Axis(Words("Networks to choose from", "고를 수 있는 신경망 수")[language]),
                    y: Axis(Words("Accuracy of the winner", "고른 것의 정확도")[language]),
                    series: [line(scored) { $0.score }, line(truth) { $0.test }])
            },
            LabFigure(
                "choices",
                caption: Words(
                    "All twenty: score of cross-validation against test accuracy of the same networks, seed by seed. On the diagonal a score tells the truth.",
                    "스무 개 모두: 시드마다의 교차 검증 점수와 같은 신경망의 테스트 정확도. 대각선 위의 점수가 참이다.")[language],
                controls: [images]
            ) { choice in
                let arm = results.arms[choice[0]]
                let (scores, tests) = (arm.series("scores"), arm.series("tests"))
                let winners = zip(scores, tests).map { scores, tests in
                    CrossValidated.winner(of: scores.count, scores: scores, tests: tests)
                }
                return ScatterChart(
                    "", x: Axis(truth), y: Axis(scored),
                    groups: [
                        .init(Words("all", "모두")[language], x: tests.flatMap { $0 }, y: scores.flatMap { $0 }),
                        .init(Words("chosen", "고른 것")[language], x: winners.map(\.test), y: winners.map(\.score)),
                    ], hasDiagonal: true)
            },
            LabFigure(
                "winners",
                caption: Words(
                    "How often each network was chosen: units, dropout, L2. One sample's best dropout rate is that sample's.",
                    "신경망마다 뽑힌 횟수: 유닛, 드롭아웃, L2. 한 표본의 가장 좋은 드롭아웃 비율은 그 표본의 것일 뿐이다.")[language],
                controls: [images]
            ) { choice in
                let winners = results.arms[choice[0]].numbers("winner")
                let counts = Dictionary(winners.map { (Int($0), 1.0) }, uniquingKeysWith: +)
                    .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                return BarChart(
                    "", axis: Axis(Words("Seeds", "시드 수")[language]),
                    labels: counts.map { Choice.all.indices.contains($0.key) ? Choice.all[$0.key].title : "" },
                    values: counts.map(\.value))
            },
        ]
    }

    /// Score and test accuracy of the best of so many choices, over many draws of them.
    private static func winner(of count: Int, scores: [Double], tests: [Double]) -> (score: Double, test: Double) {
        guard !scores.isEmpty else { return (.nan, .nan) }
        let draws = count >= scores.count ? 1 : 200
        var sum = (score: 0.0, test: 0.0)
        for draw in 0..<draws {
            let drawn = LabData.permutation(of: scores.count, RandomKey(seed: UInt64(draw))).prefix(count)
            guard let best = drawn.max(by: { scores[$0] < scores[$1] }) else { continue }
            sum = (sum.score + scores[best], sum.test + tests[best])
        }
        return (sum.score / Double(draws), sum.test / Double(draws))
    }
}
