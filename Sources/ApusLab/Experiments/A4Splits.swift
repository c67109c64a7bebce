import Apus
import ApusCharts
import ApusSearch
import Foundation

/// A4: what looks like a test and is none, and what leaks nothing.
struct Splits: LabExperiment {
    /// One way to divide data.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        /// How many random features there are to choose from.
        var features = 0
        /// How often it is repeated with other draws for one seed.
        var repeats = 1
        var epochs = 0
    }

    enum Kind: String, Codable {
        /// Features are chosen on all rows, and on the training rows only.
        case choice
        case irisOrdered, irisShuffled
        case foldsPlain, foldsStratified
        case copiesMixed, copiesGrouped
        case scaledByAll, scaledByTraining
    }

    static let featureCounts = [50, 200, 500, 2000, 5000]
    /// The rows of a random problem, and the features that are picked.
    static let (rows, picked) = (50, 50)
    static let folds = 5

    let about = LabAbout(
        "splits", number: "A4", part: .foundations, title: Words("How to fool yourself", "데이터 분리와 누수"),
        question: Words(
            "Which mistakes in dividing data make a bad model look good?",
            "데이터를 나눌 때의 어떤 실수가 나쁜 모델을 좋아 보이게 하는가?"),
        taught: [
            .init(
                Words(
                    "Choosing features on all data before cross-validation is wrong: 50 samples, 5000 random features, estimated error 3 %, true error 50 %.",
                    "교차 검증 전에 모든 데이터로 특성을 고르면 안 된다. 표본 50개, 무작위 특성 5000개에서 추정 오류는 3 %, 참 오류는 50 %이다."),
                source: "The Elements of Statistical Learning, 7.10.2"),
            .init(
                Words(
                    "Shuffle before splitting, split stratified, and learn the scaling on the training part only.",
                    "나누기 전에 섞고, 층화해서 나누고, 스케일은 훈련 부분에서만 배운다."),
                source: "scikit-learn, User Guide, Common pitfalls"),
        ],
        setup: Words(
            "Five experiments. Features: 50 samples with coin tosses as labels, 50 features picked by correlation out of up to 5000 random ones, one nearest neighbour, five folds, ten draws a seed. Order: softmax regression on iris, two thirds for training, in the order of the file or shuffled. Folds: 60 tumours (20 malignant), five nearest neighbours, five folds, 50 divisions a seed. Copies: 200 images of Fashion-MNIST, ten copies of each shifted by up to two pixels; a fifth of the copies, or the copies of a fifth of the images, is the test. Scaling: the 60 tumours, standardized over all rows or over the training rows.",
            "실험은 다섯이다. 특성: 동전 던지기를 레이블로 하는 표본 50개, 최대 5000개의 무작위 특성에서 상관으로 고른 50개, 최근접 이웃 하나, 5겹, 시드마다 10번. 순서: iris의 소프트맥스 회귀, 3분의 2를 훈련에, 파일 순서대로 또는 섞어서. 겹: 종양 60개(악성 20개), 최근접 이웃 다섯, 5겹, 시드마다 50가지 분할. 복사본: Fashion-MNIST 200장을 두 픽셀까지 옮긴 복사본 열 장씩, 복사본의 5분의 1 또는 원본 5분의 1의 복사본이 테스트이다. 스케일: 같은 종양 60개를 모든 행 또는 훈련 행으로 표준화한다."
        ),
        recipes: [
            .init(
                Words("Divisions that keep copies together, in Swift", "복사본을 한쪽에 두는 분할(Swift)"), .swift,
                """
                import Apus

                let images = try FashionMNIST.load().training.prefix(200)
                // Sample i is a copy of image i % 200: copies are on both sides, unless groups are kept.
                let copies = try images.appending(images).appending(images)
                let groups = (0..<copies.count).map { $0 % 200 }
                let leaky = try copies.split(validation: 0.2, seed: 1)
                let clean = try copies.split(validation: 0.2, groups: groups, seed: 1)
                print(leaky.validation.count, clean.validation.count)
                """)
        ],
        lesson: Words(
            "Held: features chosen on all rows predict coin tosses with 0.93, and copies on both sides add 19 points. Both are gone where all that learns, the choice of features included, sees training rows only, and where groups are kept together.",
            "성립한다. 모든 행에서 고른 특성은 동전 던지기를 0.93으로 맞히고, 양쪽에 있는 복사본은 19 %포인트를 보탠다. 특성 고르기를 포함해 배우는 모든 것이 훈련 행만 보고, 한 묶음을 한쪽에 두면 둘 다 사라진다."
        ),
        surprise: Words(
            "Not every leak matters: scaling by all rows changed the accuracy by less than a fifth of a point. And stratified folds, equal as they are, made the estimate hardly steadier: 20 seeds do not even decide whether they did.",
            "모든 누수가 중요한 것은 아니다. 모든 행으로 스케일을 정해도 정확도는 0.2 %포인트도 달라지지 않았다. 그리고 층화 겹은 비율이 똑같아도 추정을 거의 더 안정시키지 못했다. 시드 20개로는 안정시켰는지조차 판정되지 않는다."
        ),
        next: [
            .init(
                Words("Check data and model before a long training.", "긴 학습 전에 데이터와 모델을 점검해 보자."), .shell,
                "apus lab run sanity")
        ], seeds: 20, seconds: 10)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let epochs = size.of(20, quick: 10, trial: 1)
        func repeated(_ kind: Kind) -> Setting { Setting(kind: kind, repeats: size.of(50, quick: 20, trial: 8)) }
        return Splits.featureCounts.map { count in
            LabArm(
                "choice-\(count)", Words("50 of \(count) features", "특성 \(count)개 중 50개"),
                Setting(kind: .choice, features: count, repeats: size.of(10, quick: 5, trial: 1)))
        } + [
            LabArm(
                "iris-ordered", Words("in the order of the file", "파일 순서대로"), Setting(kind: .irisOrdered, epochs: 50)),
            LabArm("iris-shuffled", Words("shuffled", "섞어서"), Setting(kind: .irisShuffled, epochs: 50)),
            LabArm("folds-plain", Words("random folds", "무작위 겹"), repeated(.foldsPlain)),
            LabArm("folds-stratified", Words("stratified folds", "층화 겹"), repeated(.foldsStratified)),
            LabArm(
                "copies-mixed", Words("copies on both sides", "복사본이 양쪽에"), Setting(kind: .copiesMixed, epochs: epochs)),
            LabArm(
                "copies-grouped", Words("copies kept together", "복사본을 한쪽에"),
                Setting(kind: .copiesGrouped, epochs: epochs)),
            LabArm("scaled-all", Words("scaled by all rows", "모든 행으로 스케일"), repeated(.scaledByAll)),
            LabArm("scaled-training", Words("scaled by training rows", "훈련 행으로 스케일"), repeated(.scaledByTraining)),
        ]
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var key = RandomKey(seed: seed).child("splits")
        switch setting.kind {
        case .choice:
            let draws = (0..<setting.repeats).map { _ in
                RandomProblem(features: setting.features, &key)
            }
            return LabMeasurement([
                "leaky": ScoreSummary(draws.map { $0.accuracy(choosingOnAll: true) })?.mean ?? .nan,
                "clean": ScoreSummary(draws.map { $0.accuracy(choosingOnAll: false) })?.mean ?? .nan,
            ])
        case .irisOrdered, .irisShuffled:
            return try iris(isShuffled: setting.kind == .irisShuffled, epochs: setting.epochs, seed: seed, key.next())
        case .foldsPlain, .foldsStratified:
            return try divisions(
                isStratified: setting.kind == .foldsStratified, repeats: setting.repeats, seed: seed, key.next())
        case .copiesMixed, .copiesGrouped:
            return try copies(isGrouped: setting.kind == .copiesGrouped, epochs: setting.epochs, seed: seed, key.next())
        case .scaledByAll, .scaledByTraining:
            return try scaled(byAll: setting.kind == .scaledByAll, repeats: setting.repeats, seed: seed, key.next())
        }
    }

    /// Samples whose features say nothing of their labels.
    private struct RandomProblem {
        let features: [[Double]]
        let labels: [Int]
        let order: [Int]

        init(features count: Int, _ key: inout RandomKey) {
            let numbers = Tensor.normal([Splits.rows, count], key: key.next()).scalars.map(Double.init)
            features = (0..<Splits.rows).map { Array(numbers[($0 * count)..<(($0 + 1) * count)]) }
            labels = Tensor.uniform([Splits.rows], key: key.next()).scalars.map { $0 < 0.5 ? 0 : 1 }
            order = LabData.permutation(of: Splits.rows, key.next())
        }

        /// The features that go with the labels of some rows best.
        private func best(_ rows: [Int]) -> [Int] {
            let mean = Double(rows.reduce(0) { $0 + labels[$1] }) / Double(rows.count)
            let scores = features[0].indices.map { feature in
                var (sum, squares, product) = (0.0, 0.0, 0.0)
                for row in rows {
                    let value = features[row][feature]
                    sum += value
                    squares += value * value
                    product += value * (Double(labels[row]) - mean)
                }
                return abs(product) / max(squares - sum * sum / Double(rows.count), 1e-12).squareRoot()
            }
            return Array(scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(Splits.picked))
        }

        /// What cross-validation finds.
        func accuracy(choosingOnAll: Bool) -> Double {
            let chosenOnAll = choosingOnAll ? best(order) : []
            let right = (0..<Splits.folds).map { fold in
                let test = order.indices.filter { $0 % Splits.folds == fold }.map { order[$0] }
                let training = order.indices.filter { $0 % Splits.folds != fold }.map { order[$0] }
                let chosen = choosingOnAll ? chosenOnAll : best(training)
                func rows(_ rows: [Int]) -> [[Double]] { rows.map { row in chosen.map { features[row][$0] } } }
                let classifier = NearestNeighbors(rows(training), training.map { labels[$0] })
                return classifier.accuracy(rows(test), test.map { labels[$0] }) * Double(test.count)
            }
            return right.reduce(0, +) / Double(order.count)
        }
    }

    private func iris(isShuffled: Bool, epochs: Int, seed: UInt64, _ key: RandomKey) throws -> LabMeasurement {
        let table = LabTable.iris
        let order = isShuffled ? LabData.permutation(of: table.rows.count, key) : Array(table.rows.indices)
        let (first, last) = (Array(order.prefix(100)), Array(order.dropFirst(100)))
        let training = try table.dataset(rows: first, scaledBy: first)
        let test = try table.dataset(rows: last, scaledBy: first)
        let run = LabTraining(
            net: DenseNet(hidden: [], classes: 3).model, optimizer: .adam(learningRate: 0.05), epochs: epochs,
            batch: 10,
            seed: seed)
        let (found, trained) = try run.measure(on: (training, nil, test))
        let (inputs, labels) = try LabData.arrays(test)
        let predicted = try trained.trainer.predict(inputs).argmax().scalars(as: Int.self)
        var counts = [Double](repeating: 0, count: 9)
        for (label, prediction) in zip(labels, predicted) { counts[label * 3 + prediction] += 1 }
        return LabMeasurement(found.numbers, series: ["counts": counts])
    }

    /// 20 malignant tumours and 40 benign ones that the seed draws.
    private func tumours(_ key: RandomKey) -> [Int] {
        let table = LabTable.breastCancer
        let order = LabData.permutation(of: table.rows.count, key)
        return Array(
            order.filter { table.labels[$0] == 0 }.prefix(20) + order.filter { table.labels[$0] == 1 }.prefix(40))
    }

    private func divisions(isStratified: Bool, repeats: Int, seed: UInt64, _ key: RandomKey) throws -> LabMeasurement {
        let rows = tumours(key)
        let data = try LabTable.breastCancer.dataset(rows: rows, scaledBy: rows)
        var (shares, estimates, spreads): ([[Double]], [Double], [Double]) = ([], [], [])
        for place in 0..<repeats {
            let folds = try data.folds(Splits.folds, stratified: isStratified, seed: seed * 1000 + UInt64(place))
            shares.append(folds.map { Double($0.validation.classCounts[0]) / Double($0.validation.count) })
            let scores = try folds.map { try NearestNeighbors($0.training, k: 5).accuracy($0.validation) }
            estimates.append(scores.mean)
            spreads.append(ScoreSummary(scores)?.standardDeviation ?? .nan)
        }
        return LabMeasurement(
            [
                "shareSpread": shares.compactMap { ScoreSummary($0)?.standardDeviation }.reduce(0, +) / Double(repeats),
                "accuracy": estimates.reduce(0, +) / Double(repeats),
                "estimateSpread": ScoreSummary(estimates)?.standardDeviation ?? .nan,
                "foldSpread": spreads.reduce(0, +) / Double(repeats),
            ], series: ["shares": shares[0]])
    }

    private func scaled(byAll: Bool, repeats: Int, seed: UInt64, _ key: RandomKey) throws -> LabMeasurement {
        let (table, rows) = (LabTable.breastCancer, tumours(key))
        var scores: [Double] = []
        for place in 0..<repeats {
            let order = LabData.permutation(of: rows.count, RandomKey(seed: seed).child(UInt64(place)))
            for fold in 0..<Splits.folds {
                let test = order.indices.filter { $0 % Splits.folds == fold }.map { rows[order[$0]] }
                let training = order.indices.filter { $0 % Splits.folds != fold }.map { rows[order[$0]] }
                let scale = byAll ? rows : training
                let classifier = try NearestNeighbors(table.dataset(rows: training, scaledBy: scale), k: 5)
                scores.append(try classifier.accuracy(table.dataset(rows: test, scaledBy: scale)))
            }
        }
        return LabMeasurement(["accuracy": scores.mean])
    }

    private func copies(isGrouped: Bool, epochs: Int, seed: UInt64, _ key: RandomKey) throws -> LabMeasurement {
        let (count, copies) = (200, 10)
        let parts = try LabData.fashion(training: count, test: 2000, seed: seed)
        let groups = (0..<(count * copies)).map { $0 / copies }
        let data = try Splits.shifted(parts.training, images: groups, key)
        let split =
            isGrouped
            ? try data.split(validation: 0.2, groups: groups, seed: seed) : try data.split(validation: 0.2, seed: seed)
        let new = try Splits.shifted(parts.test, images: Array(0..<parts.test.count), key.child("new"))
        let run = LabTraining(
            net: DenseNet(hidden: [100]).model, optimizer: .adam(learningRate: 0.001), epochs: epochs, seed: seed)
        return try run.measure(on: (split.training, split.validation, new)).measurement
    }

    /// Copies of some of the images, each moved by up to two pixels in each direction.
    private static func shifted(_ samples: Dataset, images: [Int], _ key: RandomKey) throws -> Dataset {
        let side = 28
        let (inputs, labels) = try LabData.arrays(samples)
        let pixels = inputs.scalars
        let ground = pixels.min() ?? 0
        let shifts = floor(Tensor.uniform([images.count, 2], key: key) * 5).scalars.map { Int($0) - 2 }
        var copies: [Float] = []
        copies.reserveCapacity(images.count * side * side)
        for (copy, image) in images.enumerated() {
            let (dx, dy) = (shifts[copy * 2], shifts[copy * 2 + 1])
            for y in 0..<side {
                for x in 0..<side {
                    let isInside = (0..<side).contains(x - dx) && (0..<side).contains(y - dy)
                    copies.append(isInside ? pixels[(image * side + y - dy) * side + x - dx] : ground)
                }
            }
        }
        return try Dataset(
            inputs: Tensor(copies, shape: [images.count, side, side, 1]), labels: images.map { labels[$0] },
            classNames: samples.classNames)
    }

    // MARK: Claims

    var claims: [Claim] {
        let correct = Words("accuracy of cross-validation; by chance 0.5", "교차 검증의 정확도(우연은 0.5)")
        return [
            Claim(
                "choice-leaks",
                Words(
                    "50 of 2000 features, chosen before dividing: coin tosses are predicted.",
                    "나누기 전에 2000개 중 특성 50개를 고르면 동전 던지기도 맞힌다."),
                statistic: correct, .atLeast(0.8), basis: .measured, isTaught: true,
                evidence: Evidence.mean(of: "leaky", in: "choice-2000")),
            Claim(
                "choice-clean",
                Words("Chosen on the training rows of each fold: chance.", "겹마다 훈련 행에서만 고르면 우연 수준이다."),
                statistic: correct, .within(0.45...0.55), basis: .theory, isTaught: true,
                evidence: Evidence.mean(of: "clean", in: "choice-2000")),
            Claim(
                "order-fails",
                Words(
                    "Iris in the order of the file, two thirds for training: every test sample is of a class that was never seen.",
                    "iris를 파일 순서대로 3분의 2까지 훈련하면 테스트 표본은 모두 본 적 없는 클래스이다."),
                statistic: Words("test accuracy", "테스트 정확도"), .equal(to: 0), basis: .theory, isTaught: true,
                evidence: Evidence.mean(of: "test.accuracy", in: "iris-ordered")),
            Claim(
                "shuffling-helps",
                Words("Shuffled, the same model is right.", "섞으면 같은 모델이 맞힌다."),
                statistic: Words("test accuracy", "테스트 정확도"), .atLeast(0.9), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "test.accuracy", in: "iris-shuffled")),
            Claim(
                "stratified-shares",
                Words("Stratified folds all have the same share of each class.", "층화 겹은 클래스의 비율이 모두 같다."),
                statistic: Words(
                    "standard deviation of the malignant share over five folds, greatest of all seeds",
                    "다섯 겹에서 악성 비율의 표준편차, 모든 시드 중 최댓값"), .atMost(1e-9), basis: .theory, isTaught: true
            ) { results in
                let spreads = results["folds-stratified"].numbers("shareSpread")
                return .exact(spreads.contains(where: \.isNaN) ? .nan : spreads.max() ?? .nan)
            },
            Claim(
                "stratified-steadier",
                Words(
                    "Stratified folds make the estimate steadier: it changes less from one division to the next.",
                    "층화하면 추정이 안정된다. 나누는 방식에 따라 덜 변한다."),
                statistic: Words(
                    "standard deviation of the estimate over 50 divisions, stratified ÷ random",
                    "50가지 분할에서 추정의 표준편차, 층화 ÷ 무작위"), .atMost(1), basis: .predicted, isTaught: true,
                evidence: Evidence.ratio(of: "estimateSpread", "folds-stratified", over: "folds-plain")),
            Claim(
                "stratified-mean",
                Words("Stratified folds do not change the mean by a point.", "층화해도 평균은 1 %포인트도 변하지 않는다."),
                statistic: Words("accuracy, stratified − random", "정확도, 층화 − 무작위"), .within(-0.01...0.01),
                basis: .predicted,
                evidence: Evidence.difference(of: "accuracy", "folds-stratified", minus: "folds-plain")),
            Claim(
                "copies-leak",
                Words(
                    "Shifted copies of the same images on both sides raise the accuracy by five points.",
                    "같은 이미지의 옮긴 복사본이 양쪽에 있으면 정확도가 5 %포인트 올라간다."),
                statistic: Words(
                    "accuracy on held-out copies, copies on both sides − kept together",
                    "떼어 둔 복사본의 정확도, 양쪽에 − 한쪽에"), .atLeast(0.05), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "validation.accuracy", "copies-mixed", minus: "copies-grouped")),
            Claim(
                "scaling-leaks-little",
                Words(
                    "Standardizing over all rows leaks less than half a point.", "모든 행으로 표준화하는 누수는 0.5 %포인트보다 작다."),
                statistic: Words("accuracy, scaled by all rows − by training rows", "정확도, 모든 행 − 훈련 행"),
                .within(-0.005...0.005), basis: .predicted,
                evidence: Evidence.difference(of: "accuracy", "scaled-all", minus: "scaled-training")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        let points = Splits.featureCounts.map { (x: Double($0), arm: "choice-\($0)") }
        let accuracy = text("Accuracy", "정확도")
        return [
            LabFigure(
                "choice",
                caption: text(
                    "Coin tosses as labels: what cross-validation says of one nearest neighbour on the 50 features that go with the labels best. Chosen before dividing, it rises with the number of features to choose from; with 50 there is nothing to choose.",
                    "동전 던지기가 레이블이다. 레이블과 가장 잘 맞는 특성 50개를 쓰는 최근접 이웃에 대해 교차 검증이 말하는 것. 나누기 전에 고르면 고를 특성이 많을수록 올라간다. 50개에서는 고를 것이 없다."
                ),
                chart: LineChart(
                    "", x: Axis(text("Features to choose from", "고를 수 있는 특성의 수"), scale: .logarithmic),
                    y: Axis(accuracy, range: 0.3...1),
                    series: [
                        results.line(text("chosen on all rows", "모든 행에서 고름"), "leaky", over: points),
                        results.line(text("chosen on training rows", "훈련 행에서 고름"), "clean", over: points),
                    ])),
            LabFigure(
                "leaks",
                caption: text(
                    "How much better each mistake makes a model look, in points of accuracy. Not every leak matters.",
                    "실수마다 모델이 얼마나 더 좋아 보이는가(정확도, 점). 모든 누수가 중요한 것은 아니다."),
                chart: BarChart(
                    "", axis: Axis(text("Points of accuracy", "정확도(점)")),
                    labels: [
                        text("features chosen on all rows (2000)", "모든 행에서 특성 고르기(2000)"),
                        text("copies on both sides", "복사본이 양쪽에"),
                        text("scaled by all rows", "모든 행으로 스케일"), text("folds not stratified", "층화하지 않은 겹"),
                    ],
                    values: [
                        results["choice-2000"].mean("leaky") - results["choice-2000"].mean("clean"),
                        results["copies-mixed"].mean("validation.accuracy")
                            - results["copies-grouped"].mean("validation.accuracy"),
                        results["scaled-all"].mean("accuracy") - results["scaled-training"].mean("accuracy"),
                        results["folds-plain"].mean("accuracy") - results["folds-stratified"].mean("accuracy"),
                    ].map { $0 * 100 })),
            LabFigure(
                "copies",
                caption: text(
                    "200 images and ten shifted copies of each: what the held-out copies say, and 2000 images that are really new, shifted as well.",
                    "이미지 200장과 옮긴 복사본 열 장씩. 떼어 둔 복사본이 말하는 것과, 마찬가지로 옮긴 정말 새로운 2000장의 결과."),
                chart: BarChart(
                    "", axis: Axis(accuracy, range: 0...1),
                    labels: ["copies-mixed", "copies-grouped"].map { results[$0].title[language] },
                    series: [
                        .init(
                            text("held-out copies", "떼어 둔 복사본"),
                            ["copies-mixed", "copies-grouped"].map { results[$0].mean("validation.accuracy") }),
                        .init(
                            text("new images", "새 이미지"),
                            ["copies-mixed", "copies-grouped"].map { results[$0].mean("test.accuracy") }),
                    ])),
            LabFigure(
                "iris",
                caption: text(
                    "The 50 test flowers of all seeds together: true species as rows, predictions as columns. In the order of the file the test has only virginica, the training none.",
                    "모든 시드의 테스트 꽃 50송이씩: 행은 실제 품종, 열은 예측이다. 파일 순서대로면 테스트에는 virginica뿐이고 훈련에는 하나도 없다."),
                controls: [
                    .init(
                        text("Order", "순서"), .choice,
                        options: ["iris-ordered", "iris-shuffled"].map { results[$0].title[language] })
                ]
            ) { choice in
                let counts = results[["iris-ordered", "iris-shuffled"][choice[0]]].series("counts")
                let names = ["setosa", "versicolor", "virginica"]
                return HeatMap(
                    "",
                    values: (0..<3).map { row in
                        (0..<3).map { column in
                            counts.reduce(0) { $0 + ($1.count == 9 ? $1[row * 3 + column] : 0) }
                        }
                    }, rowLabels: names, columnLabels: names, rowTitle: text("Species", "품종"),
                    columnTitle: text("Predicted", "예측"))
            },
            LabFigure(
                "folds",
                caption: text(
                    "The share of malignant tumours in each of five folds, seed 1: a third in all of them where they are stratified.",
                    "다섯 겹 각각에서 악성 종양의 비율(시드 1). 층화하면 모두 3분의 1이다."),
                chart: BarChart(
                    "", axis: Axis(text("Malignant share", "악성의 비율"), range: 0...1),
                    labels: (1...Splits.folds).map { text("Fold \($0)", "겹 \($0)") },
                    series: ["folds-plain", "folds-stratified"].map {
                        .init(results[$0].title[language], results[$0].series("shares").first ?? [])
                    })),
        ]
    }
}
