import Apus
import ApusCharts
import ApusTraining

/// G3: five classic networks, what they cost and what they are worth on small images, and what depth does without shortcuts.
struct Classics: LabExperiment {
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var network = Network.lenet
        /// What the channels of all networks but LeNet-5 are divided by.
        var divisor = 1
        var images = 0
        var batch = 50
        /// The epochs; of `memorize` the most steps.
        var epochs = 1
        var test = 0
        var blocks = 0
        var isResidual = false
        var isNormalized = false
        /// Whether seconds are measured; else they are what the operations would take.
        var isTimed = true
    }

    enum Kind: String, Codable {
        case facts, memorize, learn, depth
    }

    enum Network: String, Codable, CaseIterable {
        case lenet, alexnet, vgg, googlenet, resnet

        var title: String {
            switch self {
            case .lenet: "LeNet-5"
            case .alexnet: "AlexNet"
            case .vgg: "VGG-16"
            case .googlenet: "GoogLeNet"
            case .resnet: "ResNet-18"
            }
        }

        var zoo: Zoo {
            switch self {
            case .lenet: .lenet5
            case .alexnet: .alexnet
            case .vgg: .vgg16
            case .googlenet: .googlenet
            case .resnet: .resnet18
            }
        }

        /// The year of the paper or of the competition, and the parameters as published.
        var facts: (year: Double, parameters: Double) {
            switch self {
            case .lenet: (1998, 61_706)
            case .alexnet: (2012, 61_100_840)
            case .vgg: (2014, 138_357_544)
            case .googlenet: (2014, 6_624_904)
            case .resnet: (2015, 11_689_512)
            }
        }

        /// The form for small images on 28 × 28 pixels. Four of the five halve their pictures so often that they need 32 × 32: zeros
        /// at the edges.
        func net(dividedBy divisor: Int) -> Sequential {
            if self == .lenet { return zoo.model() }
            return Sequential([ZeroPadding2D(2)] + zoo.model().thinned(by: divisor).layers)
        }

        /// Adam's rate: with 0.001 VGG-16 needs three times as many steps to memorize on a pilot seed.
        var rate: Double { self == .vgg ? 3e-4 : 1e-3 }
    }

    static let blocks = [3, 14]

    let about = LabAbout(
        "classics", number: "G3", part: .convolution, title: Words("Five networks", "고전 신경망"),
        question: Words(
            "What do twenty years of networks for large images cost, and what are they worth on small ones?",
            "큰 이미지를 위한 스무 해의 신경망은 얼마나 비싸고, 작은 이미지에서는 얼마나 값을 하는가?"),
        taught: [
            .init(
                Words(
                    "Networks became deeper from LeNet-5 over AlexNet and VGG to GoogLeNet and ResNet, and better with it.",
                    "신경망은 LeNet-5에서 AlexNet, VGG를 거쳐 GoogLeNet과 ResNet까지 깊어졌고, 그만큼 좋아졌다."),
                source: "deeplearning.ai, Convolutional Neural Networks, week 2; Dive into Deep Learning, modern CNNs"),
            .init(
                Words(
                    "A plain network that is deeper trains worse from some depth on; with shortcuts it trains better.",
                    "평범한 신경망은 어느 깊이부터 깊을수록 훈련 손실이 나빠진다. 지름길이 있으면 나아진다."),
                source: "He et al. (2016); deeplearning.ai, Convolutional Neural Networks, week 2"),
        ],
        setup: Words(
            "Parameters and operations are those of torchvision's networks: AlexNet in one column (Krizhevsky, 2014), GoogLeNet with batch normalization. Trained are their forms for small images, in full width: Fashion-MNIST in grey, 28 × 28 for LeNet-5, with zeros around to 32 × 32 for the others; ten classes; dense layers of 4096 units fall away. Adam 0.001 (VGG-16 0.0003), batches of 50. Memorizing: 64 images in one batch, at most 150 steps, and every five it is measured whether all are right. Learning: three epochs of 3000 images, 1000 test images; LeNet-5 once more with 30 epochs. Plain and residual: a convolution of stride 2, then 3 or 14 blocks of two 3 × 3 convolutions of 16 channels, and a dense layer, 8 or 30 layers with weights; the loss is that of the last 30 of 180 steps. Seconds are the lower quartile of those of a step, times the steps; they are the only numbers here that differ from run to run.",
            "매개변수와 연산 수는 torchvision의 것이다. AlexNet은 한 갈래 형태(2014), GoogLeNet은 배치 정규화를 쓴 형태이다. 학습하는 것은 작은 이미지를 위한 형태이며 너비는 그대로이다. 회색조 Fashion-MNIST를 LeNet-5는 28 × 28로, 나머지는 가장자리에 0을 채운 32 × 32로 받고, 클래스는 열 개이며, 4096유닛 밀집층은 없다. Adam 0.001(VGG-16은 0.0003), 배치 50. 암기: 64장을 한 배치로 최대 150걸음, 다섯 걸음마다 모두 맞는지 잰다. 학습: 3000장으로 세 에포크, 테스트 1000장. LeNet-5는 30에포크도 학습한다. 평범한 것과 잔차: 스트라이드 2 합성곱, 16채널 3 × 3 합성곱 두 개짜리 블록 3개 또는 14개, 밀집층으로, 가중치 있는 층이 8개 또는 30개이다. 손실은 180걸음 중 마지막 30걸음의 값이다. 시간은 한 걸음 시간의 하위 사분위수에 걸음 수를 곱한 것으로, 실행마다 달라지는 유일한 수이다."
        ),
        recipes: [
            .init(Words("The published networks", "발표된 신경망"), .shell, "apus zoo\napus summary vgg16"),
            .init(
                Words("One of them learns, in Swift", "하나를 학습하기(Swift)"), .swift,
                """
                import Apus

                let data = try FashionMNIST.load()
                let net = Sequential([ZeroPadding2D(2)] + Zoo.resnet18.model().layers)
                var trainer = Trainer(
                    net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 1e-3), metrics: [.accuracy], seed: 1)
                try trainer.fit(data.training.prefix(3000), epochs: 3, batchSize: 50)
                print(try trainer.evaluate(data.test.prefix(1000)))
                """),
        ],
        lesson: Words(
            "Held: all five have the published number of parameters, memorize 64 images and get more than 70 % right after 180 steps; and of 30 layers the residual network trains better than the plain one. Refuted: that LeNet-5 is a hundred times as fast as AlexNet. It is about 33 times (31 to 35), and 296 times as fast as VGG-16. Depth alone harms a plain network, but little: with normalization the loss of 30 layers is 0.23 above that of 8.",
            "성립한다. 다섯 모두 매개변수가 발표된 수와 같고, 64장을 외우며, 180걸음 뒤에 70 % 넘게 맞힌다. 30층에서는 잔차 신경망이 평범한 것보다 잘 학습된다. LeNet-5가 AlexNet보다 백 배 빠르다는 것은 반증된다. 33배쯤이고(31~35배), VGG-16보다는 296배 빠르다. 깊이만으로도 평범한 신경망이 나빠지지만 조금이다. 정규화가 있을 때 30층의 손실은 8층보다 0.23 높다."
        ),
        surprise: Words(
            "On small images with little time the oldest wins: thirty epochs of LeNet-5 take 0.75 s and reach 86 %, four points more on average than the best other reaches in three epochs (three seeds do not settle that it is always more); three of AlexNet take three times as long, of VGG-16 26 times. GoogLeNet has by far the fewest parameters of the published large ones, yet here it is among the slowest. And shortcuts alone do not save depth: without batch normalization the residual network of 30 layers ends with a higher loss (1.98) than the plain one (1.44).",
            "작은 이미지를 짧은 시간에 배울 때는 가장 오래된 것이 이긴다. LeNet-5의 서른 에포크는 0.75초 걸리고 86 %에 이르러, 나머지 중 최고의 세 에포크보다 평균 4 %포인트 높다(늘 그런지는 시드 셋으로 판정되지 않는다). AlexNet의 세 에포크는 그 세 배, VGG-16은 26배 걸린다. 발표된 큰 신경망 중 GoogLeNet의 매개변수가 가장 적지만 여기서는 가장 느린 축에 든다. 그리고 지름길만으로는 깊이를 구하지 못한다. 배치 정규화가 없으면 30층 잔차 신경망의 손실(1.98)은 평범한 것(1.44)보다 높다."
        ),
        next: [
            .init(
                Words("See how fast they run on your machine.", "내 컴퓨터에서 얼마나 빠른지 재 보자."), .shell,
                "apus bench resnet18 --input 32,32,1 --batch-size 50")
        ], seeds: 3, seconds: 460)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        var base = Setting(kind: .facts, divisor: size.of(1, quick: 8, trial: 32), isTimed: size != .trial)
        var arms = [LabArm("facts", Words("published networks", "발표된 신경망"), base)]
        (base.kind, base.images, base.batch) = (.memorize, size.of(64, trial: 40), size.of(64, trial: 40))
        base.epochs = size.of(150, trial: 5)
        for network in Network.allCases {
            base.network = network
            arms.append(
                LabArm(
                    "memorize-\(network.rawValue)",
                    Words("\(network.title) memorizes", "\(network.title) 암기"), base))
        }
        (base.kind, base.images, base.batch) = (.learn, size.of(3000, quick: 400, trial: 10), size.of(50, trial: 10))
        base.test = size.of(1000, quick: 200, trial: 40)
        for network in Network.allCases {
            (base.network, base.epochs) = (network, size.of(3, trial: 1))
            arms.append(
                LabArm(
                    "learn-\(network.rawValue)", Words("\(network.title) learns", "\(network.title) 학습"), base))
        }
        (base.network, base.epochs) = (.lenet, size.of(30, trial: 3))
        arms.append(LabArm("learn-long", Words("LeNet-5, ten times as long", "LeNet-5, 열 배 오래"), base))
        (base.kind, base.epochs, base.divisor, base.test) = (.depth, size.of(3, trial: 1), 1, 0)
        for isNormalized in [true, false] {
            for isResidual in [false, true] {
                for blocks in size.of(Classics.blocks, trial: [1, 2]) {
                    (base.blocks, base.isResidual, base.isNormalized) = (blocks, isResidual, isNormalized)
                    let layers = 2 * blocks + 2
                    let kind = isResidual ? Words("residual", "잔차") : Words("plain", "평범")
                    let rest = isNormalized ? Words("") : Words(", no normalization", ", 정규화 없음")
                    let isDeep = blocks == size.of(Classics.blocks, trial: [1, 2])[1]
                    arms.append(
                        LabArm(
                            Classics.id(isResidual, isDeep: isDeep, isNormalized),
                            Words(
                                "\(kind.english), \(layers) layers\(rest.english)",
                                "\(kind.korean), \(layers)층\(rest.korean)"), base))
                }
            }
        }
        return arms
    }

    static func id(_ isResidual: Bool, isDeep: Bool, _ isNormalized: Bool) -> String {
        (isResidual ? "residual" : "plain") + (isDeep ? "-deep" : "-shallow") + (isNormalized ? "" : "-bare")
    }

    // MARK: Claims

    var claims: [Claim] {
        let counts = Network.allCases.map { network in
            let count = NumberFormat.grouped(network.facts.parameters)
            return Claim(
                "parameters-\(network.rawValue)",
                Words(
                    "\(network.title) has the published \(count) parameters.",
                    "\(network.title)의 매개변수는 발표된 \(count)개이다."),
                statistic: Words("parameters", "매개변수 수"), .equal(to: network.facts.parameters), basis: .measured,
                isTaught: true, evidence: Evidence.mean(of: "parameters.\(network.rawValue)", in: "facts"))
        }
        /// That a network gets a share of the images right, of which there is at most all.
        func reaches(_ share: Double, _ kind: Kind, _ network: Network, _ statement: Words, _ number: Words) -> Claim {
            let arm = "\(kind.rawValue)-\(network.rawValue)"
            return Claim(
                arm, statement, statistic: number, .atLeast(share), basis: .predicted, isTaught: true
            ) { .mean($0[arm].numbers("accuracy").map { min(1, $0) }) }
        }
        let reached = Network.allCases.flatMap { network in
            [
                reaches(
                    1, .memorize, network,
                    Words("\(network.title) memorizes 64 images.", "\(network.title)은 이미지 64장을 외운다."),
                    Words("training accuracy", "훈련 정확도")),
                reaches(
                    0.7, .learn, network,
                    Words(
                        "\(network.title) gets 70 % of the test images right after three epochs of 3000 images.",
                        "\(network.title)은 3000장으로 세 에포크 뒤에 테스트 이미지의 70 % 이상을 맞힌다."),
                    Words("test accuracy", "테스트 정확도")),
            ]
        }
        func faster(_ other: Network) -> Claim {
            Claim(
                "speed-\(other.rawValue)",
                Words(
                    "LeNet-5 learns at least a hundred times as many images a second as \(other.title).",
                    "LeNet-5는 초당 \(other.title)의 백 배 이상 많은 이미지를 학습한다."),
                statistic: Words(
                    "images a second, LeNet-5 ÷ \(other.title)", "초당 이미지 수, LeNet-5 ÷ \(other.title)"), .atLeast(100),
                basis: .predicted,
                evidence: Evidence.ratio(of: "rate", "learn-lenet", over: "learn-\(other.rawValue)"))
        }
        let loss = Words("training loss of 30 layers, plain minus residual", "30층의 훈련 손실, 평범 − 잔차")
        return counts + reached + [
            faster(.alexnet), faster(.vgg),
            Claim(
                "same-seconds",
                Words(
                    "Thirty epochs of LeNet-5 are at least as good as three of the best other network.",
                    "LeNet-5의 서른 에포크는 가장 좋은 다른 신경망의 세 에포크보다 나쁘지 않다."),
                statistic: Words("test accuracy, LeNet-5 minus the best other", "테스트 정확도, LeNet-5 − 나머지 중 최고"),
                .atLeast(0), basis: .predicted
            ) { results in
                let others = Network.allCases.filter { $0 != .lenet }.map {
                    results["learn-\($0.rawValue)"].numbers("accuracy")
                }
                return .mean(
                    results["learn-long"].numbers("accuracy").enumerated().map { seed, accuracy in
                        accuracy - (others.map { $0[seed] }.max() ?? .nan)
                    })
            },
            Claim(
                "residual",
                Words("Of 30 layers the residual network trains better.", "30층에서는 잔차 신경망이 더 잘 학습된다."),
                statistic: loss, .atLeast(0), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "loss", "plain-deep", minus: "residual-deep")),
            Claim(
                "degradation",
                Words(
                    "The plain network of 30 layers trains worse than that of 8, with batch normalization in both.",
                    "배치 정규화가 있어도 평범한 30층은 8층보다 학습이 나쁘다."),
                statistic: Words("training loss of plain networks, 30 minus 8 layers", "평범한 신경망의 훈련 손실, 30층 − 8층"),
                .atLeast(0), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "loss", "plain-deep", minus: "plain-shallow")),
            Claim(
                "deeper-residual",
                Words(
                    "The residual network of 30 layers trains better than that of 8.",
                    "잔차 신경망은 30층이 8층보다 잘 학습된다."),
                statistic: Words(
                    "training loss of residual networks, 8 minus 30 layers", "잔차 신경망의 훈련 손실, 8층 − 30층"), .atLeast(0),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "loss", "residual-shallow", minus: "residual-deep")),
            Claim(
                "depth-without-normalization",
                Words(
                    "Depth hurts a plain network more without batch normalization.",
                    "배치 정규화가 없으면 깊이는 평범한 신경망에 더 해롭다."),
                statistic: Words(
                    "training loss, 30 minus 8 layers, without minus with normalization",
                    "훈련 손실 30층 − 8층, 정규화 없음 − 있음"), .atLeast(0), basis: .predicted
            ) { results in
                let bare = results.differences("loss", "plain-deep-bare", minus: "plain-shallow-bare")
                let normalized = results.differences("loss", "plain-deep", minus: "plain-shallow")
                return .mean(zip(bare, normalized).map { $0 - $1 })
            },
        ]
    }
}
