import Apus
import ApusCharts
import Foundation

/// A5: what to look at before a network is trained in earnest.
struct Sanity: LabExperiment {
    /// A check of the network 784-256-128-10 on Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var images: Int
        var epochs: Int
    }

    enum Kind: String, Codable, CaseIterable {
        /// Start values alone: the first loss.
        case heSmallHead, glorot, normal, hundredth
        /// 32 images until they are known by heart.
        case few
        /// Images without content.
        case blank
        /// Labels that belong to other images.
        case shuffled

        var title: Words {
            switch self {
            case .heSmallHead: Words("He, small last layer", "He, 마지막 층 작게")
            case .glorot: Words("Glorot")
            case .normal: Words("N(0, 1)")
            case .hundredth: Words("N(0, 0.01²)")
            case .few: Words("32 images", "32장")
            case .blank: Words("blank images", "빈 이미지")
            case .shuffled: Words("shuffled labels", "섞은 레이블")
            }
        }
    }

    static let firstLosses: [Kind] = [.heSmallHead, .glorot, .normal, .hundredth]

    let about = LabAbout(
        "sanity", number: "A5", part: .foundations, title: Words("Before you train", "훈련 전 점검"),
        question: Words(
            "Which checks find a mistake before hours of training do?", "몇 시간의 훈련 대신 어떤 점검이 실수를 찾아내는가?"),
        taught: [
            .init(
                Words(
                    "Look at the first loss: with small start values it is ln K for K classes. Then overfit a tiny part of the data to a loss of nearly 0.",
                    "첫 손실을 보라. 초깃값이 작으면 클래스가 K개일 때 ln K이다. 그다음 데이터의 아주 작은 부분을 손실이 거의 0이 될 때까지 외우게 하라."),
                source: "CS231n, Neural Networks Part 3; Karpathy, A Recipe for Training Neural Networks")
        ],
        setup: Words(
            "784-256-128-10, ReLU, on Fashion-MNIST, Adam 0.001. The loss of 1000 images before any step under four start values; 32 images for 300 steps; 1000 images without content; 1000 images with the labels of other images, and 1000 others to validate on.",
            "Fashion-MNIST에서 784-256-128-10 ReLU 신경망을 Adam 0.001로 학습한다. 네 가지 초깃값에서 첫 걸음 전 1000장의 손실, 32장을 300걸음, 내용이 없는 1000장, 다른 이미지의 레이블을 붙인 1000장(검증은 다른 1000장)을 잰다."
        ),
        recipes: [
            .init(
                Words("The first loss in Swift", "Swift로 쓴 첫 손실"), .swift,
                """
                import Apus

                let net = Sequential { Flatten(); Dense(256, activation: .relu); Dense(128, activation: .relu); Dense(10) }
                var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy], seed: 1)
                let images = try FashionMNIST.load().training.prefix(1000)
                try trainer.prepare(input: [28, 28, 1])
                print(try trainer.evaluate(images).loss)   // ln 10 = 2.30 where the last layer is small
                """)
        ],
        lesson: Words(
            "The first loss and the few images come out as taught: a first loss of ln K and 32 images learned by heart say that model, loss and optimizer work together, not that the labels are right: shuffled labels pass, too. Glorot's last layer already starts above ln K.",
            "첫 손실과 적은 이미지는 배운 대로이다. 첫 손실이 ln K이고 32장을 외우면 모델과 손실과 옵티마이저가 서로 맞물려 돌아가는 것이다. 레이블이 옳다는 뜻은 아니다. 섞은 레이블도 통과한다. Glorot의 마지막 층은 이미 ln K보다 위에서 시작한다."
        ),
        surprise: Words(
            "Labels that mean nothing are learned by heart as well: a training accuracy of 1 says nothing of what was understood.",
            "아무 뜻 없는 레이블도 외운다. 훈련 정확도 1은 무엇을 이해했는지에 대해 아무것도 말해 주지 않는다."),
        next: [
            .init(
                Words("Check the gradients of a network of your own.", "직접 만든 신경망의 기울기를 점검해 보자."), .shell,
                "apus gradcheck lenet5")
        ], seeds: 5, seconds: 4, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Kind.allCases.map { kind in
            let setting =
                switch kind {
                case .few: Setting(kind: kind, images: 32, epochs: 300)
                case .blank: Setting(kind: kind, images: 1000, epochs: 20)
                case .shuffled: Setting(kind: kind, images: size.of(1000, quick: 200), epochs: 100)
                default: Setting(kind: kind, images: 1000, epochs: 0)
                }
            return LabArm(kind.rawValue, kind.title, setting)
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        func initializer(isLast: Bool) -> Initializer {
            switch setting.kind {
            case .heSmallHead: isLast ? .normal(standardDeviation: 0.01) : .heNormal
            case .normal: .normal(standardDeviation: 1)
            case .hundredth: .normal(standardDeviation: 0.01)
            default: .glorotUniform
            }
        }
        let net = Sequential {
            Flatten()
            Dense(256, activation: .relu, kernelInitializer: initializer(isLast: false))
            Dense(128, activation: .relu, kernelInitializer: initializer(isLast: false))
            Dense(10, kernelInitializer: initializer(isLast: true))
        }
        let data = try LabData.fashionMNIST()
        let images = try arranged(data.training.prefix(setting.images), setting.kind, seed: seed)
        var trainer = Trainer(
            net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.001), metrics: [.accuracy], seed: seed)
        try trainer.prepare(input: [28, 28, 1])
        let first = try trainer.evaluate(images)
        var measurement = LabMeasurement(["firstLoss": first.loss, "firstLossRatio": first.loss / log(10)])
        guard setting.epochs > 0 else { return measurement }
        let history = try trainer.fit(images, epochs: setting.epochs, batchSize: min(100, setting.images))
        let last = try trainer.evaluate(images)
        measurement["loss"] = last.loss
        measurement["accuracy"] = last[.accuracy]
        measurement["validation"] = try trainer.evaluate(data.test.prefix(1000))[.accuracy]
        let counts = images.classCounts.map(Double.init).filter { $0 > 0 }
        let entropy = counts.reduce(0) { $0 - $1 / Double(setting.images) * log($1 / Double(setting.images)) }
        measurement["aboveEntropy"] = last.loss - entropy
        measurement.series["loss"] = history.epochs.map(\.training.loss)
        return measurement
    }

    /// The images as a check wants them.
    private func arranged(_ images: Dataset, _ kind: Kind, seed: UInt64) throws -> Dataset {
        switch kind {
        case .blank:
            let (inputs, labels) = try LabData.arrays(images)
            return try Dataset(inputs: .zeros(inputs.shape), labels: labels)
        case .shuffled:
            // The images are in another order for every seed; the labels are turned by half, so each belongs to another image.
            return try LabData.relabelled(images, inOrderOf: seed) { labels in
                labels = Array(labels[(labels.count / 2)...] + labels[..<(labels.count / 2)])
            }
        default: return images
        }
    }

    // MARK: Claims

    var claims: [Claim] {
        func number(_ name: String, _ kind: Kind) -> @Sendable (LabResults) -> Evidence {
            { .mean($0[kind.rawValue].numbers(name)) }
        }
        let first = Words("first loss ÷ ln 10", "첫 손실 ÷ ln 10")
        return [
            Claim(
                "first-loss",
                Words(
                    "He with a small last layer: the first loss is ln 10 within 10 %.",
                    "He에 마지막 층을 작게: 첫 손실은 ln 10에서 10 % 안이다."),
                statistic: first, .within(0.9...1.1), basis: .measured, isTaught: true,
                evidence: number("firstLossRatio", .heSmallHead)),
            Claim(
                "first-loss-normal",
                Words("N(0, 1): the first loss is at least twice ln 10.", "N(0, 1): 첫 손실은 ln 10의 두 배 이상이다."),
                statistic: first,
                .atLeast(2), basis: .measured, isTaught: true, evidence: number("firstLossRatio", .normal)),
            Claim(
                "first-loss-glorot",
                Words("Glorot: the first loss is ln 10 within 2 %.", "Glorot: 첫 손실은 ln 10에서 2 % 안이다."),
                statistic: first,
                .within(0.98...1.02), basis: .predicted, evidence: number("firstLossRatio", .glorot)),
            Claim(
                "few-by-heart",
                Words("32 images are learned to a loss below 0.01 in 300 steps.", "32장은 300걸음 안에 손실 0.01 아래로 외운다."),
                statistic: Words("training loss", "훈련 손실"), .atMost(0.01), basis: .predicted, isTaught: true,
                evidence: number("loss", .few)),
            Claim(
                "blank-prior",
                Words(
                    "Without content in the images nothing but the shares of the classes is learned.",
                    "이미지에 내용이 없으면 클래스의 비율만 배운다."),
                statistic: Words("training loss minus entropy of the labels", "훈련 손실 − 레이블의 엔트로피"),
                .within(-0.005...0.02),
                basis: .theory, evidence: number("aboveEntropy", .blank)),
            Claim(
                "shuffled-by-heart",
                Words("Shuffled labels are learned by heart.", "섞은 레이블도 외운다."),
                statistic: Words("training accuracy", "훈련 정확도"),
                .atLeast(0.95), basis: .predicted, evidence: number("accuracy", .shuffled)),
            Claim(
                "shuffled-chance",
                Words("With shuffled labels other images stay at chance.", "섞은 레이블로는 다른 이미지에서 우연 수준에 머문다."),
                statistic: Words("accuracy on 1000 other images; by chance 0.1", "다른 1000장의 정확도(우연은 0.1)"),
                .within(0.05...0.15),
                basis: .theory, evidence: number("validation", .shuffled)),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        [
            LabFigure(
                "first-loss",
                caption: Words("The loss before any step; ln 10 = 2.30.", "첫 걸음 전의 손실. ln 10 = 2.30.")[language],
                chart: BarChart(
                    "", axis: Axis(Words("First loss", "첫 손실")[language], scale: .logarithmic),
                    labels: Sanity.firstLosses.map { $0.title[language] },
                    values: Sanity.firstLosses.map { results[$0.rawValue].mean("firstLoss") })),
            LabFigure(
                "training",
                caption: Words(
                    "The training loss: 32 images and shuffled labels fall to nearly 0, blank images stay at the entropy of the labels.",
                    "훈련 손실. 32장과 섞은 레이블은 거의 0까지 내려가고, 빈 이미지는 레이블의 엔트로피에 머문다.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language]),
                    y: Axis(Words("Training loss", "훈련 손실")[language], scale: .logarithmic),
                    series: [Kind.few, .blank, .shuffled].map { kind in
                        let band = results[kind.rawValue].band("loss")
                        return LineChart.Series(
                            results[kind.rawValue].title[language], y: band.mean, lower: band.lower, upper: band.upper)
                    })),
        ]
    }
}
