import Apus
import ApusCharts
import Foundation

/// G4: what weights from another task are worth, with few labels and with many, near and far.
struct Transfer: LabExperiment {
    /// Where the weights come from, and what is learned with them.
    enum Pair: String, Codable, CaseIterable {
        /// Small digits to those of MNIST; five classes of clothes to the five others; clothes to digits; small digits, those of the test among
        /// them, to MNIST.
        case digits, clothes, far, leaky

        var title: Words {
            switch self {
            case .digits: Words("small digits → MNIST", "작은 숫자 → MNIST")
            case .clothes: Words("five classes of clothes → the others", "옷 다섯 클래스 → 나머지 다섯")
            case .far: Words("clothes → MNIST", "옷 → MNIST")
            case .leaky: Words("the test's digits, too → MNIST", "테스트 숫자까지 → MNIST")
            }
        }

        var classes: Int { self == .clothes ? 5 : 10 }
    }

    /// How the target is learned.
    enum Method: String, Codable, CaseIterable {
        /// Drawn weights; all but the head frozen; all trained; the body at a tenth of the rate; layer after layer; all at ten times the rate.
        case scratch, frozen, fine, groups, gradual, large

        var title: Words {
            switch self {
            case .scratch: Words("from scratch", "처음부터 학습")
            case .frozen: Words("frozen, new head", "고정, 새 출력층만 학습")
            case .fine: Words("fine-tuned", "미세 조정")
            case .groups: Words("fine-tuned, body at a tenth of the rate", "미세 조정, 몸통은 학습률 1/10")
            case .gradual: Words("unfrozen layer by layer", "한 층씩 풀기")
            case .large: Words("fine-tuned at ten times the rate", "미세 조정, 학습률 10배")
            }
        }

        /// A linear head alone bears ten times the rate; it would not be finished otherwise.
        func optimizer(epochs: Int) -> Optimizer {
            switch self {
            case .scratch, .fine: .adam(learningRate: 0.001)
            case .frozen: .adam(learningRate: 0.01).freezing("?.conv2D/*").freezing("5.dense/*").freezing("6.dense/*")
            case .groups: .adam(learningRate: 0.0001).group("7.dense/*", learningRate: 0.001)
            case .gradual: .adam(learningRate: 0.001).unfreezingGradually(every: max(1, epochs / 10))
            case .large: .adam(learningRate: 0.01)
            }
        }
    }

    /// So many labels of each class.
    struct Level: Codable, Hashable, Sendable {
        var name: String
        var perClass: Int
        var batch: Int
        var epochs: Int
    }

    struct Setting: Codable, Hashable, Sendable {
        var pair: Pair
        var levels: [Level]
        var methods: [Method]
        /// Images of each class that the weights come from.
        var source: Int
        var sourceEpochs: Int
        /// Test images of each class.
        var test: Int
        /// Whether images of Fashion-MNIST stand for digits, so that no file is needed.
        var standsIn = false
    }

    /// The level of curves.
    static let few = "10"
    static let all = "all"
    static let counts = [5, 10, 20, 50, 100]

    let about = LabAbout(
        "transfer", number: "G4", part: .convolution, title: Words("Standing on shoulders", "전이학습"),
        question: Words(
            "When do weights from another task help: with how many labels, from how near a task, frozen or trained on?",
            "다른 과제에서 배운 가중치는 언제 도움이 되는가? 레이블이 몇 개일 때, 얼마나 가까운 과제일 때, 고정할 때인가 더 학습할 때인가?"),
        taught: [
            .init(
                Words(
                    "Transfer learning is faster and more accurate than training from scratch, most of all with few labels. With very few, freeze all but the last layer; with more, train all of them.",
                    "전이학습은 처음부터 학습하는 것보다 빠르고 정확하며, 레이블이 적을 때 가장 좋다. 아주 적으면 마지막 층만 빼고 고정하고, 더 많으면 모든 층을 학습한다."),
                source: "deeplearning.ai, Structuring Machine Learning Projects, week 2"),
            .init(
                Words(
                    "The weights that were taken over learn at a small rate, the new head at ten times that rate.",
                    "물려받은 가중치는 작은 학습률로, 새 출력층은 그 열 배로 학습한다."),
                source: "Dive into Deep Learning, fine-tuning"),
        ],
        setup: Words(
            "LeNet-5 with ReLU and max pooling. The same task: OpenCV's small digits → digits of MNIST (2000 → up to 200 of each class). A neighbouring task: five classes of Fashion-MNIST, which the seed draws → the other five (10,000 images → up to 1200 of each class). A far task: 10,000 images of all Fashion-MNIST → MNIST. The source is learned with Adam 0.001, the target with 5 to 100 labels of each class and with all of them, in batches of 20: from scratch and fine-tuned (Adam 0.001), with the body at a tenth of this rate, unfrozen layer by layer, and with all but a new head frozen (the head at 0.01). 300 steps or 15 epochs, whichever is more; 10 epochs with all labels; 1000 test images. OpenCV's sheet has the very digits of MNIST 5k in the same order, only smaller: so those of the source, of the target and of the test are kept apart by their places, and one arm shows what happens where they are not.",
            "ReLU와 최대 풀링을 쓴 LeNet-5. 같은 과제: OpenCV의 작은 숫자 → MNIST 숫자(2000장 → 클래스마다 200장까지). 이웃 과제: 시드가 뽑은 Fashion-MNIST 다섯 클래스 → 나머지 다섯(1만 장 → 클래스마다 1200장까지). 먼 과제: Fashion-MNIST 전체의 1만 장 → MNIST. 원천은 Adam 0.001로 배우고, 목표는 클래스마다 레이블 5~100개와 전부로, 배치 20으로 배운다. 처음부터 학습과 미세 조정(Adam 0.001), 몸통만 학습률 1/10, 한 층씩 풀기, 새 출력층만 빼고 고정(출력층 0.01)을 견준다. 300걸음과 15에포크 가운데 많은 쪽, 전부일 때는 10에포크, 테스트 1000장. OpenCV의 숫자판은 MNIST 5k와 같은 숫자를 같은 순서로 줄여 놓은 것이다. 그래서 원천, 목표, 테스트의 숫자를 자리로 갈라 겹치지 않게 하고, 겹치면 어떻게 되는지는 따로 한 설정으로 보인다."
        ),
        recipes: [
            .init(
                Words("Frozen and fine-tuned in Swift", "Swift로 쓴 고정과 미세 조정"), .swift,
                """
                import Apus

                let (clothes, others) = try FashionMNIST.load()
                let names = ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
                let first = try clothes.filter(labels: 0..<5).relabelled(Array(clothes.classNames.prefix(5))) { $0 % 5 }
                let second = try clothes.filter(labels: 5..<10).relabelled(names) { $0 % 5 }
                let test = try others.filter(labels: 5..<10).relabelled(names) { $0 % 5 }
                let net = Sequential {
                    Conv2D(filters: 16, kernelSize: 3, activation: .relu); MaxPool2D(2); Flatten()
                    Dense(64, activation: .relu); Dense(5)
                }
                var source = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(), seed: 1)
                try source.fit(first.prefix(10_000), epochs: 3, batchSize: 100)

                // A new head on what was learned: 4.dense keeps the values that it draws.
                var weights = try net.initialized(input: first.sampleShape, seed: 2)
                for path in weights.paths where !path.hasPrefix("4.dense") {
                    try weights.setValue(path, source.state!.variables[path]!)
                }
                let frozen = Optimizer.adam(learningRate: 0.01).freezing("0.conv2D/*").freezing("3.dense/*")
                for optimizer in [frozen, .adam(), .adam().unfreezingGradually(every: 6)] {
                    var target = Trainer(net, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy])
                    target.load(weights)
                    // Frozen layers are computed once, not in every epoch.
                    if optimizer == frozen { target.featureCache = FeatureCache() }
                    try target.fit(second.prefix(50), epochs: 60, batchSize: 20)
                    print(try target.evaluate(test))
                }
                """)
        ],
        lesson: Words(
            "It depends on how near the tasks are. From small digits to MNIST, the same ten classes, fine-tuning gains 7.6 points with 10 labels of each class (89.7 against 82.1 %) and needs 8.5 steps to 90 % of its final accuracy in place of 37.5. From five classes of clothes to the five others it gains nothing (0.0 points), and starts more slowly. With all labels the gains are 0.6 and 0.1 points.",
            "과제가 얼마나 가까운가에 달렸다. 열 클래스가 같은 작은 숫자 → MNIST에서는 클래스마다 레이블 10개일 때 미세 조정이 7.6 %포인트 낫고(89.7 % 대 82.1 %), 마지막 정확도의 90 %까지 37.5걸음 대신 8.5걸음이면 된다. 옷 다섯 클래스에서 나머지 다섯으로는 얻는 것이 없고(0.0 %포인트) 시작도 더 느리다. 레이블을 모두 쓰면 이득은 0.6과 0.1 %포인트이다."
        ),
        surprise: Words(
            "Frozen layers never beat fine-tuning, not even with 5 labels of each class, where they lose 3.4 points on digits, 5.9 on clothes. A tenth of the rate for the body loses 2.8 points after 300 steps, and with all labels still 2.0 on digits after 1000 and 1.1 on clothes after 3000. Ten times the rate does not destroy the gain, but leaves 2.3 of its 7.6 points. From clothes to digits fine-tuning loses 1.6 points. And the sheet of small digits, which looks like a second data set, is MNIST 5k made smaller, digit for digit: whoever learns on one and tests on the other tests on what was learned. Here that is worth 0.5 points with 10 labels and 0.7 with all.",
            "고정한 층은 미세 조정을 한 번도 이기지 못한다. 클래스마다 레이블이 5개일 때조차 숫자에서는 3.4, 옷에서는 5.9 %포인트 낮다. 몸통의 학습률을 1/10로 하면 300걸음 뒤에 2.8 %포인트 낮고, 레이블을 모두 써도 숫자는 1000걸음 뒤에 2.0, 옷은 3000걸음 뒤에 1.1 %포인트 낮다. 학습률을 열 배로 해도 이득이 사라지지는 않지만 7.6 %포인트 가운데 2.3만 남는다. 옷에서 숫자로 옮기면 미세 조정은 1.6 %포인트 손해이다. 그리고 또 하나의 데이터처럼 보이는 작은 숫자판은 MNIST 5k의 숫자를 하나하나 줄인 것이다. 하나로 배우고 다른 하나로 시험하면 배운 것을 시험하는 셈이다. 여기서 그 값어치는 레이블 10개일 때 0.5, 전부일 때 0.7 %포인트이다."
        ),
        next: [
            .init(
                Words("See other ways to fool oneself with a split.", "데이터 분리에서 스스로 속는 다른 길을 보자."), .shell,
                "apus lab run splits")
        ], seeds: 10, seconds: 215)

    /// 61,706 parameters with ten classes. The head is `7.dense`.
    static func net(classes: Int) -> Sequential {
        Sequential {
            Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu, kernelInitializer: .heNormal)
            MaxPool2D(2)
            Conv2D(filters: 16, kernelSize: 5, activation: .relu, kernelInitializer: .heNormal)
            MaxPool2D(2)
            Flatten()
            Dense(120, activation: .relu, kernelInitializer: .heNormal)
            Dense(84, activation: .relu, kernelInitializer: .heNormal)
            Dense(classes)
        }
    }

    func files(_ size: LabSize) -> [LabFile] { size == .trial ? [] : [.mnist, .digits] }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Pair.allCases.map { pair in
            LabArm(
                pair.rawValue, pair.title,
                Setting(
                    pair: pair, levels: levels(pair, size),
                    methods: pair == .leaky ? [.fine] : Method.allCases,
                    source: size.of(pair == .clothes ? 2000 : pair == .far ? 1000 : 200, quick: 200, trial: 2),
                    sourceEpochs: size.of(pair == .digits || pair == .leaky ? 20 : 4, quick: 8, trial: 1),
                    test: size.of(1000 / pair.classes, quick: 500 / pair.classes, trial: 2),
                    standsIn: size == .trial))
        }
    }

    private func levels(_ pair: Pair, _ size: LabSize) -> [Level] {
        let counts = size == .whole ? Transfer.counts : [5, 10, 100]
        let few = counts.map { count in
            let steps = (count * pair.classes + 19) / 20
            return Level(
                name: "\(count)", perClass: size.of(count, quick: min(count, 60), trial: 1 + count / 50), batch: 20,
                epochs: size.of(max(15, (300 + steps - 1) / steps), quick: max(5, 60 / steps), trial: 2))
        }
        return few + [
            Level(
                name: Transfer.all, perClass: size.of(pair == .clothes ? 1200 : 200, quick: 120, trial: 4), batch: 20,
                epochs: size.of(10, quick: 4, trial: 2))
        ]
    }

    // MARK: Claims

    /// A number of one way to learn minus that of another, in the same arm.
    private static func differences(_ results: LabResults, _ pair: Pair, _ first: String, _ second: String) -> [Double]
    {
        zip(results[pair.rawValue].numbers(first), results[pair.rawValue].numbers(second)).map { $0 - $1 }
    }

    private static func difference(
        _ pair: Pair, _ first: Method, minus second: Method, _ level: String
    ) -> @Sendable (LabResults) -> Evidence {
        { .mean(differences($0, pair, "\(first.rawValue)-\(level)", "\(second.rawValue)-\(level)")) }
    }

    /// The claims of a near pair.
    private func claims(_ pair: Pair) -> [Claim] {
        let title = pair.title
        func words(_ english: String, _ korean: String) -> Words {
            Words("\(title.english): \(english)", "\(title.korean): \(korean)")
        }
        func statistic(_ first: Method, _ second: Method, _ english: String, _ korean: String) -> Words {
            words(
                "accuracy \(first.title.english) − \(second.title.english), \(english)",
                "정확도, \(first.title.korean) − \(second.title.korean), \(korean)")
        }
        return [
            Claim(
                "gain-\(pair.rawValue)",
                words(
                    "with 10 labels of each class fine-tuning is at least five points better.",
                    "클래스마다 레이블 10개이면 미세 조정이 5 %포인트 이상 낫다."),
                statistic: statistic(.fine, .scratch, "10 labels", "레이블 10개"), .atLeast(0.05), basis: .predicted,
                isTaught: true, evidence: Self.difference(pair, .fine, minus: .scratch, Self.few)),
            Claim(
                "frozen-few-\(pair.rawValue)",
                words(
                    "with 5 labels frozen layers are at least as good as trained ones.",
                    "레이블이 5개이면 고정한 층이 학습한 층보다 못하지 않다."),
                statistic: statistic(.frozen, .fine, "5 labels", "레이블 5개"), .atLeast(0), basis: .predicted,
                isTaught: true, evidence: Self.difference(pair, .frozen, minus: .fine, "5")),
            Claim(
                "fine-many-\(pair.rawValue)",
                words(
                    "with 100 labels trained layers are at least as good as frozen ones.",
                    "레이블이 100개이면 학습한 층이 고정한 층보다 못하지 않다."),
                statistic: statistic(.fine, .frozen, "100 labels", "레이블 100개"), .atLeast(0), basis: .predicted,
                isTaught: true, evidence: Self.difference(pair, .fine, minus: .frozen, "100")),
            Claim(
                "groups-\(pair.rawValue)",
                words(
                    "with 10 labels a tenth of the rate for the body gains at least a point.",
                    "레이블이 10개일 때 몸통의 학습률을 1/10로 하면 1 %포인트 이상 낫다."),
                statistic: statistic(.groups, .fine, "10 labels", "레이블 10개"), .atLeast(0.01), basis: .predicted,
                isTaught: true, evidence: Self.difference(pair, .groups, minus: .fine, Self.few)),
            Claim(
                "faster-\(pair.rawValue)",
                words(
                    "fine-tuning needs at most half the steps to 90 % of its final accuracy.",
                    "미세 조정은 마지막 정확도의 90 %까지 절반 이하의 스텝이면 된다."),
                statistic: words(
                    "steps to 90 % of the final accuracy, fine-tuned − half of those from scratch, 10 labels",
                    "마지막 정확도의 90 %까지의 스텝, 미세 조정 − 처음부터 학습의 절반, 레이블 10개"),
                .atMost(0), basis: .predicted, isTaught: true
            ) { results in
                let arm = results[pair.rawValue]
                return .mean(zip(arm.numbers("fine-steps"), arm.numbers("scratch-steps")).map { $0 - $1 / 2 })
            },
            Claim(
                "all-\(pair.rawValue)",
                words("with all labels the difference is below a point.", "레이블을 모두 쓰면 차이가 1 %포인트 미만이다."),
                statistic: statistic(.fine, .scratch, "all labels", "레이블 전부"), .within(-0.01...0.01),
                basis: .predicted, evidence: Self.difference(pair, .fine, minus: .scratch, Self.all)),
        ]
    }

    var claims: [Claim] {
        claims(.digits) + claims(.clothes) + [
            Claim(
                "far-half",
                Words(
                    "From clothes to digits the gain is at most half of that from digits to digits.",
                    "옷에서 숫자로 옮길 때의 이득은 숫자에서 숫자로 옮길 때의 절반 이하이다."),
                statistic: Words(
                    "far gain − half the near gain (fine-tuned − from scratch, 10 labels)",
                    "먼 이득 − 가까운 이득의 절반(미세 조정 − 처음부터 학습, 레이블 10개)"),
                .atMost(0), basis: .predicted, isTaught: true
            ) { results in
                let names = ("fine-\(Self.few)", "scratch-\(Self.few)")
                return .mean(
                    zip(
                        Self.differences(results, .far, names.0, names.1),
                        Self.differences(results, .digits, names.0, names.1)
                    ).map { $0 - $1 / 2 })
            },
            Claim(
                "far-frozen",
                Words(
                    "Frozen layers from clothes are worse on 100 digits of each class than a network from scratch.",
                    "옷에서 배워 고정한 층은 클래스마다 숫자 100장에서 처음부터 학습한 신경망보다 못하다."),
                statistic: Words(
                    "clothes → MNIST: accuracy frozen − from scratch, 100 labels",
                    "옷 → MNIST: 정확도, 고정 − 처음부터 학습, 레이블 100개"),
                .atMost(0), basis: .predicted, evidence: Self.difference(.far, .frozen, minus: .scratch, "100")),
            Claim(
                "large-rate",
                Words(
                    "Ten times the rate destroys what was taken over: no better than from scratch.",
                    "학습률이 열 배이면 물려받은 것이 사라져, 처음부터 학습한 것보다 낫지 않다."),
                statistic: Words(
                    "small digits → MNIST: accuracy at ten times the rate − from scratch, 10 labels",
                    "작은 숫자 → MNIST: 정확도, 학습률 10배 − 처음부터 학습, 레이블 10개"),
                .atMost(0), basis: .predicted, evidence: Self.difference(.digits, .large, minus: .scratch, Self.few)),
            Claim(
                "twins",
                Words(
                    "Every digit of OpenCV's sheet is the digit in the same place of MNIST 5k, made smaller.",
                    "OpenCV 숫자판의 모든 숫자는 MNIST 5k의 같은 자리에 있는 숫자를 줄인 것이다."),
                statistic: Words(
                    "least correlation of both, that of MNIST made smaller, over 1000 digits",
                    "숫자 1000개에서 둘의 상관(MNIST 쪽을 줄여서)의 최솟값"),
                .atLeast(0.99), basis: .measured, evidence: Evidence.mean(of: "twins", in: "digits")),
            Claim(
                "leak",
                Words(
                    "If the digits of the test are among those that the weights come from, accuracy rises by at least a point.",
                    "가중치를 배운 숫자에 테스트의 숫자가 들어 있으면 정확도가 1 %포인트 이상 오른다."),
                statistic: Words(
                    "accuracy fine-tuned from digits with those of the test − from others, 10 labels",
                    "미세 조정 정확도, 테스트 숫자가 든 원천 − 다른 원천, 레이블 10개"),
                .atLeast(0.01), basis: .predicted,
                evidence: Evidence.difference(of: "fine-\(Self.few)", "leaky", minus: "digits")),
        ]
    }
}
