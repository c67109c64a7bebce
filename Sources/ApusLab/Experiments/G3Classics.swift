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
            "큰 그림을 위한 스무 해의 신경망은 얼마나 비싸고, 작은 그림에서는 얼마나 값을 하는가?"),
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
            "Parameters and operations are those of the published networks. Trained are their forms for small images, in full width: Fashion-MNIST in grey, 28 × 28 for LeNet-5, with zeros around to 32 × 32 for the others; ten classes; dense layers of 4096 units fall away. Adam 0.001 (VGG-16 0.0003), batches of 50. Memorizing: 64 images in one batch, at most 150 steps, and every five it is measured whether all are right. Learning: three epochs of 3000 images, 1000 test images; LeNet-5 once more with 30 epochs. Plain and residual: a convolution of stride 2, then 3 or 14 blocks of two 3 × 3 convolutions of 16 channels, and a dense layer, 8 or 30 layers with weights; the loss is that of the last 30 of 180 steps. Seconds are the lower quartile of those of a step, times the steps; they are the only numbers here that differ from run to run.",
            "매개변수와 연산 수는 발표된 신경망의 것이다. 학습하는 것은 작은 그림을 위한 형태이며 너비는 그대로이다. 회색조 Fashion-MNIST를 LeNet-5는 28 × 28로, 나머지는 가장자리에 0을 채운 32 × 32로 받고, 클래스는 열 개이며, 4096유닛 밀집층은 없다. Adam 0.001(VGG-16은 0.0003), 배치 50. 암기: 64장을 한 배치로 최대 150걸음, 다섯 걸음마다 모두 맞는지 잰다. 학습: 3000장으로 세 에폭, 테스트 1000장. LeNet-5는 30에폭도 학습한다. 평범한 것과 잔차: 스트라이드 2 합성곱, 16채널 3 × 3 합성곱 두 개짜리 블록 3개 또는 14개, 밀집층으로, 가중치 있는 층이 8개 또는 30개이다. 손실은 180걸음 중 마지막 30걸음의 값이다. 시간은 한 걸음 시간의 하위 사분위수에 걸음 수를 곱한 것으로, 실행마다 달라지는 유일한 수이다."
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
            "Held: all five have the published number of parameters, memorize 64 images and get more than 70 % right after 180 steps; and of 30 layers the residual network trains better than the plain one. Refuted: that LeNet-5 is a hundred times as fast as AlexNet. It is about 37 times, and 318 times as fast as VGG-16. That depth alone harms a plain network three seeds leave open, though it did in each of them.",
            "성립한다. 다섯 모두 매개변수가 발표된 수와 같고, 64장을 외우며, 180걸음 뒤에 70 % 넘게 맞힌다. 30층에서는 잔차 신경망이 평범한 것보다 잘 학습된다. LeNet-5가 AlexNet보다 백 배 빠르다는 것은 반증된다. 37배쯤이고, VGG-16보다는 318배 빠르다. 깊이만으로 평범한 신경망이 나빠지는지는 시드 셋으로 판정되지 않지만, 세 시드 모두에서 나빠졌다."
        ),
        surprise: Words(
            "On small images with little time the oldest wins: thirty epochs of LeNet-5 take about a second and reach 86 %, four points more than the best other reaches in three epochs, which take it at least four times as long. GoogLeNet has by far the fewest parameters of the published large ones, yet here it is among the slowest. And shortcuts alone do not save depth: without batch normalization the residual network of 30 layers ends with a higher loss (1.98) than the plain one (1.43).",
            "작은 그림을 짧은 시간에 배울 때는 가장 오래된 것이 이긴다. LeNet-5의 서른 에폭은 1초쯤 걸리고 86 %에 이르러, 네 배 이상 걸리는 나머지 중 최고의 세 에폭보다 4점 높다. 발표된 큰 신경망 중 GoogLeNet의 매개변수가 가장 적지만 여기서는 가장 느린 축에 든다. 그리고 지름길만으로는 깊이를 구하지 못한다. 배치 정규화가 없으면 30층 잔차 신경망의 손실(1.98)은 평범한 것(1.43)보다 높다."
        ),
        next: [
            .init(
                Words("See how fast they run on your machine.", "내 컴퓨터에서 얼마나 빠른지 재 보자."), .shell,
                "apus bench resnet18 --input 32,32,1 --batch-size 50")
        ], seeds: 3, seconds: 830)

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

    private static func id(_ isResidual: Bool, isDeep: Bool, _ isNormalized: Bool) -> String {
        (isResidual ? "residual" : "plain") + (isDeep ? "-deep" : "-shallow") + (isNormalized ? "" : "-bare")
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        switch setting.kind {
        case .facts: try facts()
        case .memorize: try memorize(setting, seed: seed)
        case .learn: try learn(setting, seed: seed)
        case .depth: try depth(setting, seed: seed)
        }
    }

    private func facts() throws -> LabMeasurement {
        var measurement = LabMeasurement()
        for network in Network.allCases {
            let published = network.zoo.published
            let model = network.zoo.model(classes: published.classes, images: published.images)
            let summary = try model.summary(input: published.input)
            let name = network.rawValue
            measurement["parameters.\(name)"] = Double(summary.trainableCount)
            measurement["flops.\(name)"] = Double(summary.flops)
            let boxes = try NetworkBox.boxes(of: model, input: published.input)
            for (key, path) in [
                ("kinds", \NetworkBox.kind.rawValue), ("sides", \.side), ("channels", \.channels),
                ("parameters", \.parameters), ("flops", \.flops),
            ] {
                measurement.series["\(name).\(key)"] = boxes.map { Double($0[keyPath: path]) }
            }
        }
        return measurement
    }

    private func memorize(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (net, optimizer) = (
            setting.network.net(dividedBy: setting.divisor), Optimizer.adam(learningRate: setting.network.rate)
        )
        let data = try LabData.fashion(training: setting.images, test: 1, seed: seed).training
        var judge = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        var state = try TrainingState(net, optimizer: optimizer, input: data.sampleShape, seed: seed)
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var accuracies: [Double] = []
        while state.step < setting.epochs, accuracies.last != 1 {
            for batch in data.batches(of: setting.batch, epoch: state.epoch, seed: seed) {
                guard try step(&state, batch).loss.isFinite else {
                    return LabMeasurement(["accuracy": accuracies.last ?? 0, "steps": .infinity])
                }
            }
            state.epoch += 1
            guard state.step % 5 == 0 else { continue }
            judge.load(state.evaluatedVariables)
            accuracies.append(try judge.evaluate(data)[.accuracy] ?? .nan)
        }
        let accuracy = accuracies.last ?? .nan
        return LabMeasurement(
            ["accuracy": accuracy, "steps": accuracy == 1 ? Double(state.step) : .infinity],
            series: ["accuracy": accuracies])
    }

    private func learn(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let net = setting.network.net(dividedBy: setting.divisor)
        let data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        let perEpoch = (setting.images + setting.batch - 1) / setting.batch
        let training = LabSteps(
            net: net, optimizer: .adam(learningRate: setting.network.rate), batch: setting.batch,
            steps: setting.epochs * perEpoch, seed: seed, every: max(1, perEpoch / 6))
        let epochs = Set([1, 2, 3, 5, 10, 20, 30])
        var judge = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        var (seconds, steps, accuracies): ([Double], [Double], [Double]) = ([], [], [])
        var (start, before) = (ContinuousClock.now, 0)
        let result = try training.run(on: data.training) { look in
            let step = look.state.step
            if step > before {
                seconds.append((ContinuousClock.now - start) / .seconds(1) / Double(step - before))
            }
            if step == training.every || (step > 0 && step % perEpoch == 0 && epochs.contains(step / perEpoch)) {
                judge.load(look.state.evaluatedVariables)
                accuracies.append(try judge.evaluate(data.test)[.accuracy] ?? .nan)
                steps.append(Double(step))
            }
            (start, before) = (.now, step)
        }
        let summary = try net.summary(input: data.training.sampleShape)
        let perStep =
            setting.isTimed
            ? seconds.sorted()[seconds.count / 4] : 3 * Double(summary.flops * setting.batch) / 1e11
        return LabMeasurement(
            [
                "accuracy": accuracies.last ?? .nan, "diverged": result.hasDiverged ? 1 : 0,
                "parameters": Double(summary.trainableCount), "flops": Double(summary.flops),
                "rate": Double(setting.batch) / perStep, "seconds": perStep * Double(training.steps),
            ],
            series: ["accuracy": accuracies, "seconds": steps.map { $0 * perStep }, "loss": result.losses])
    }

    private func depth(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        func convolution(strides: Size2D = 1) -> [any Layer] {
            let convolution = Conv2D(
                filters: 16, kernelSize: 3, strides: strides, padding: .same, useBias: !setting.isNormalized,
                kernelInitializer: .heNormal)
            return setting.isNormalized ? [convolution, BatchNorm(momentum: 0.9)] : [convolution]
        }
        let relu = ActivationLayer(.relu)
        let blocks = (0..<setting.blocks).map { _ -> any Layer in
            let body = Sequential(convolution() + [relu] + convolution())
            return setting.isResidual ? Residual(body: body, activation: .relu) : Sequential(body.layers + [relu])
        }
        let net = Sequential(convolution(strides: 2) + [relu] + blocks + [GlobalAveragePool(), Dense(10)])
        let data = try LabData.fashion(training: setting.images, test: 1, seed: seed).training
        let perEpoch = (setting.images + setting.batch - 1) / setting.batch
        let result = try LabSteps(
            net: net, optimizer: .adam(learningRate: 1e-3), batch: setting.batch, steps: setting.epochs * perEpoch,
            seed: seed, every: max(1, perEpoch / 6)
        ).run(on: data)
        return LabMeasurement(
            ["loss": Array(result.losses.suffix(3)).mean, "diverged": result.hasDiverged ? 1 : 0],
            series: ["loss": result.losses])
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
                    Words("\(network.title) memorizes 64 images.", "\(network.title)은 그림 64장을 외운다."),
                    Words("training accuracy", "훈련 정확도")),
                reaches(
                    0.7, .learn, network,
                    Words(
                        "\(network.title) gets 70 % of the test images right after three epochs of 3000 images.",
                        "\(network.title)은 3000장으로 세 에폭 뒤에 테스트 그림의 70 % 이상을 맞힌다."),
                    Words("test accuracy", "테스트 정확도")),
            ]
        }
        func faster(_ other: Network) -> Claim {
            Claim(
                "speed-\(other.rawValue)",
                Words(
                    "LeNet-5 learns at least a hundred times as many images a second as \(other.title).",
                    "LeNet-5는 초당 \(other.title)의 백 배 이상 많은 그림을 학습한다."),
                statistic: Words(
                    "images a second, LeNet-5 ÷ \(other.title)", "초당 그림 수, LeNet-5 ÷ \(other.title)"), .atLeast(100),
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
                    "LeNet-5의 서른 에폭은 가장 좋은 다른 신경망의 세 에폭보다 나쁘지 않다."),
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

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        let networks = LabFigure.Control(
            text("Network", "신경망"), .choice, options: Network.allCases.map(\.title), first: 2)
        let kinds = [
            text("input", "입력"), text("convolution", "합성곱"), text("block", "블록"), text("pooling", "풀링"),
            text("dense", "밀집층"),
        ]
        func facts(_ network: Network, _ key: String) -> [Double] {
            results["facts"].series("\(network.rawValue).\(key)").first ?? []
        }
        /// The kinds of the boxes of a network with numbers behind them.
        func names(_ network: Network) -> [String] {
            var counts = [Int](repeating: 0, count: kinds.count)
            return facts(network, "kinds").map { kind in
                let place = min(max(0, Int(kind)), kinds.count - 1)
                counts[place] += 1
                return place == 0 ? kinds[0] : "\(kinds[place]) \(counts[place])"
            }
        }
        let wide = ChartSize(width: 720, height: 400)
        let costs = LabFigure.Control(
            text("Against", "가로축"), .choice,
            options: [
                text("parameters", "매개변수"), text("operations", "연산"), text("seconds", "시간(초)"),
            ], first: 2)
        return [
            LabFigure(
                "strip",
                caption: text(
                    "The published networks from the image to the classes: each box as high as the root of its side in pixels and as wide as the root of its channels. All turn few large pictures into many small ones.",
                    "발표된 신경망을 그림에서 클래스까지 늘어놓은 것. 상자의 높이는 변(픽셀)의 제곱근, 너비는 채널 수의 제곱근이다. 모두 적고 큰 그림을 많고 작은 그림으로 바꾼다."),
                controls: [networks]
            ) { choice in
                let network = Network.allCases[choice[0]]
                let (sides, channels) = (facts(network, "sides"), facts(network, "channels"))
                return BoxStrip(
                    "", height: text("side", "변"), width: text("channels", "채널"), groups: kinds,
                    boxes: zip(names(network), zip(facts(network, "kinds"), zip(sides, channels))).map { name, box in
                        .init(name, group: Int(box.0), height: box.1.0, width: box.1.1)
                    })
            },
            LabFigure(
                "shares",
                caption: text(
                    "Where the parameters are, and where the operations: the share of each part in percent. AlexNet and VGG-16 have most parameters in the first dense layer and most operations in the convolutions.",
                    "매개변수가 있는 곳과 연산이 드는 곳: 부분마다의 비율(%). AlexNet과 VGG-16의 매개변수는 대부분 첫 밀집층에, 연산은 대부분 합성곱에 있다."),
                controls: [networks]
            ) { choice in
                let network = Network.allCases[choice[0]]
                let (parameters, flops) = (facts(network, "parameters"), facts(network, "flops"))
                let shown = parameters.indices.filter { parameters[$0] > 0 }
                func shares(_ numbers: [Double]) -> [Double] {
                    let sum = numbers.reduce(0, +)
                    return shown.map { 100 * numbers[$0] / sum }
                }
                let labels = names(network)
                return BarChart(
                    "", axis: Axis(text("Share", "비율"), unit: "%"), labels: shown.map { labels[$0] },
                    series: [
                        .init(text("parameters", "매개변수"), shares(parameters)),
                        .init(text("operations", "연산"), shares(flops)),
                    ])
            },
            LabFigure(
                "years",
                caption: text(
                    "The year of each network, and its size: more parameters until 2014, then fewer with more layers.",
                    "신경망의 연도와 크기: 2014년까지 매개변수가 늘다가, 그 뒤로는 층이 늘고 매개변수가 줄었다."),
                controls: [
                    .init(
                        text("Size", "크기"), .choice,
                        options: [text("parameters", "매개변수"), text("operations", "연산")])
                ]
            ) { choice in
                let key = ["parameters", "flops"][choice[0]]
                return Sized(
                    ScatterChart(
                        "", x: Axis(text("Year", "연도"), range: 1996...2017),
                        y: Axis(
                            choice[0] == 0 ? text("Parameters", "매개변수") : text("Operations", "연산"),
                            scale: .logarithmic),
                        groups: Network.allCases.map { network in
                            .init(
                                network.title, x: [network.facts.year],
                                y: [results["facts"].mean("\(key).\(network.rawValue)")])
                        }), ChartSize(width: 720, height: 340))
            },
            LabFigure(
                "accuracy",
                caption: text(
                    "Test accuracy after three epochs of 3000 small images against what the network costs: parameters, operations of one image forward, or seconds of the training. A dot is the mean over the seeds.",
                    "작은 그림 3000장으로 세 에폭 뒤의 테스트 정확도와 신경망의 비용: 매개변수, 그림 한 장의 순방향 연산, 훈련 시간(초). 점은 시드들의 평균이다."),
                controls: [costs]
            ) { choice in
                let key = ["parameters", "flops", "seconds"][choice[0]]
                let arms =
                    Network.allCases.map { ("learn-\($0.rawValue)", $0.title) }
                    + [("learn-long", text("LeNet-5, 30 epochs", "LeNet-5, 30에폭"))]
                return Sized(
                    ScatterChart(
                        "", x: Axis(costs.options[choice[0]], scale: .logarithmic),
                        y: Axis(text("Test accuracy", "테스트 정확도")),
                        groups: arms.map { arm, title in
                            .init(title, x: [results[arm].mean(key)], y: [results[arm].mean("accuracy")])
                        }), wide)
            },
            LabFigure(
                "time",
                caption: text(
                    "Test accuracy against the seconds of training, on the machine that ran this, with bands from the least seed to the greatest. LeNet-5 has ended thirty epochs before any other has ended one.",
                    "이 실험을 돌린 컴퓨터에서 훈련 시간(초)에 따른 테스트 정확도. 띠는 시드의 최소에서 최대까지이다. LeNet-5는 다른 것이 한 에폭을 마치기 전에 서른 에폭을 마친다."),
                chart: Sized(
                    LineChart(
                        "", x: Axis(text("Training time", "훈련 시간"), unit: text("s", "초"), scale: .logarithmic),
                        y: Axis(text("Test accuracy", "테스트 정확도"), range: 0...1),
                        series: Network.allCases.map { network in
                            let arm = results[network == .lenet ? "learn-long" : "learn-\(network.rawValue)"]
                            let accuracy = arm.band("accuracy")
                            return .init(
                                network.title, x: arm.band("seconds").mean, y: accuracy.mean, lower: accuracy.lower,
                                upper: accuracy.upper)
                        }), wide)),
            LabFigure(
                "depth",
                caption: text(
                    "Plain and residual networks of 8 and 30 layers: the training loss over the epochs, with bands from the least seed to the greatest.",
                    "8층과 30층의 평범한 신경망과 잔차 신경망: 에폭에 따른 훈련 손실. 띠는 시드의 최소에서 최대까지이다."),
                controls: [
                    .init(
                        text("Batch normalization", "배치 정규화"), .choice,
                        options: [text("with", "있음"), text("without", "없음")]
                    )
                ]
            ) { choice in
                let ids = [false, true].flatMap { isResidual in
                    [false, true].map { Classics.id(isResidual, isDeep: $0, choice[0] == 0) }
                }
                // Three epochs, in equal parts.
                let part = 3 / Double(max(1, results[ids[0]].band("loss").mean.count))
                return Sized(
                    LineChart(
                        "", x: Axis(text("Epoch", "에폭")),
                        y: Axis(text("Training loss", "훈련 손실"), range: 0...2.5),
                        series: results.lines("loss", arms: ids, in: language, from: part, by: part)), wide)
            },
        ]
    }
}
