import Apus
import ApusCharts
import Foundation

/// D6: units that are switched off at random during training.
struct SwitchingOff: LabExperiment {
    /// A network of two equal hidden layers on some images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind = .standard
        /// The share of units that are off.
        var rate: Double
        var width: Int
        var images: Int
        var epochs: Int
        var others: Int
    }

    enum Kind: String, Codable {
        case standard, gaussian, alpha, normalized

        var title: Words {
            switch self {
            case .standard: Words("dropout", "드롭아웃")
            case .gaussian: Words("Gaussian", "가우스")
            case .alpha: Words("alpha, SELU", "알파, SELU")
            case .normalized: Words("with batch norm", "배치 정규화와 함께")
            }
        }
    }

    static let rates = [0, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9]
    static let coarse = [0, 0.2, 0.5]
    static let widths = [16, 100, 512]

    let about = LabAbout(
        "dropout", number: "D6", part: .overfitting, title: Words("Switch units off", "드롭아웃"),
        question: Words("When does dropout help, and when does it hurt?", "드롭아웃은 언제 돕고 언제 해가 되는가?"),
        taught: [
            .init(
                Words(
                    "Dropout brings training and test accuracy together, even in a network of much expressive power.",
                    "드롭아웃은 표현력이 큰 신경망에서도 훈련 정확도와 테스트 정확도의 차이를 줄인다."),
                source: "Deep Learning from Scratch, chapter 6"),
            .init(
                Words("A rate of 0.3 to 0.8 improves the test accuracy.", "비율 0.3–0.8이면 테스트 정확도가 좋아진다."),
                source: "course notes on dropout"),
        ],
        setup: Words(
            "784-w-w-10, ReLU, He, dropout after both hidden layers; Adam 0.001, batches of 100. Width 16, 100 and 512; 300 images that the seed draws for 200 epochs, 5000 for 20, or all 60,000 for 2. Rates from 0 to 0.9 with 300 images; 0, 0.2 and 0.5 with more. With 300 images and width 512 also: Gaussian dropout, alpha dropout with SELU and LeCun start values, and dropout after batch normalization. The gap is training accuracy minus the accuracy of 2000 test images, both without dropout.",
            "784-w-w-10 신경망(ReLU, He)의 두 은닉층 뒤에 드롭아웃을 두고 Adam 0.001, 배치 100으로 학습한다. 너비는 16, 100, 512이고, 시드가 뽑은 300장은 200에포크, 5000장은 20에포크, 6만 장 전부는 2에포크이다. 300장에서는 비율 0부터 0.9까지, 더 많으면 0, 0.2, 0.5를 쓴다. 300장과 너비 512에서는 가우스 드롭아웃, SELU와 LeCun 초깃값의 알파 드롭아웃, 배치 정규화 뒤의 드롭아웃도 해 본다. 차이란 훈련 정확도 − 테스트 2000장의 정확도이며 둘 다 드롭아웃 없이 잰다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: dropout
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - flatten
                  - dense: {units: 512, activation: relu, kernelInitializer: heNormal}
                  - dropout: 0.5
                  - dense: {units: 512, activation: relu, kernelInitializer: heNormal}
                  - dropout: 0.5
                  - dense: 10
                optimizer: {adam: {learningRate: 0.001}}
                schedule: constant
                batchSize: 100
                epochs: 2
                """)
        ],
        lesson: Words(
            "With 300 images dropout hardly closes the gap: 512 units learn them all by heart with p = 0.5, too, and the gap is 0.231 against 0.235. With 5000 images it does, 0.072 against 0.133, at equal test accuracy. With few units or many images it costs accuracy: 16 points with 16 units and 300 images, 2.6 points with 100 units and 60,000 images, after two epochs.",
            "300장에서 드롭아웃은 차이를 거의 줄이지 못한다. 512유닛은 p = 0.5에서도 모두 외우고, 차이는 0.235에서 0.231이 될 뿐이다. 5000장에서는 0.133에서 0.072로 줄지만 테스트 정확도는 같다. 유닛이 적거나 이미지가 많으면 정확도를 잃는다. 16유닛과 300장에서 16 %포인트, 100유닛과 6만 장에서 2에포크 뒤에 2.6 %포인트이다."
        ),
        surprise: Words(
            "The test loss can grow: with 300 images and 512 units it is 1.42 with p = 0.5 and 1.20 without, and 5.1 with alpha dropout. Wider networks stand larger rates: with p = 0.7 16 units fall to 0.26 and 100 to 0.69, and 512 stay at 0.78. After batch normalization p = 0.5 gains nothing.",
            "테스트 손실은 커질 수 있다. 300장과 512유닛에서 p = 0.5면 1.42, 없으면 1.20이고 알파 드롭아웃이면 5.1이다. 넓은 신경망일수록 큰 비율을 견딘다. p = 0.7에서 16유닛은 0.26, 100유닛은 0.69로 떨어지지만 512유닛은 0.78이다. 배치 정규화 뒤에서 p = 0.5로 얻는 것은 없다."
        ),
        next: [
            .init(
                Words("See whether it is an ensemble.", "드롭아웃이 앙상블인지 보자."), .shell, "apus lab run ensemble")
        ], seeds: 5, seconds: 120)

    static func id(_ rate: Double, _ width: Int, _ images: Int, _ kind: Kind = .standard) -> String {
        "\(kind == .standard ? "" : kind.rawValue + "-")p\(rate)-w\(width)-n\(images)"
    }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ rate: Double, _ width: Int, _ images: Int, _ epochs: Int, _ kind: Kind = .standard) -> LabArm<
            Setting
        > {
            LabArm(
                Self.id(rate, width, images, kind),
                Words(
                    "\(kind.title.english), p = \(rate), \(width) units, \(images) images",
                    "\(kind.title.korean), p = \(rate), \(width)유닛, \(images)장"),
                Setting(
                    kind: kind, rate: rate, width: size.of(width, trial: min(width, 32)),
                    images: size.of(images, quick: min(images, 3000), trial: images == 300 ? 40 : 60),
                    epochs: size.of(epochs, quick: max(1, epochs / 4), trial: 1),
                    others: size.of(2000, quick: 1000, trial: 50)))
        }
        let few = Self.widths.flatMap { width in Self.rates.map { arm($0, width, 300, 200) } }
        let more = Self.widths.flatMap { width in
            Self.coarse.flatMap { [arm($0, width, 5000, 20), arm($0, width, 60_000, 2)] }
        }
        let kinds: [LabArm<Setting>] = [Kind.gaussian, .alpha, .normalized].flatMap { kind in
            [0, 0.5].filter { kind != .gaussian || $0 > 0 }.map { arm($0, 512, 300, 200, kind) }
        }
        return few + more + kinds
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: setting.others, seed: seed)
        let points = setting.images <= 300 ? LabCurves.points(upTo: setting.epochs) : []
        let trained = try LabCurves(
            net: net(setting), optimizer: .adam(learningRate: 0.001), epochs: setting.epochs, seed: seed, points: points
        ).run(on: (data.training, setting.images <= 300 ? data.test.prefix(500) : nil, data.test))
        return trained.measurement
    }

    private func net(_ setting: Setting) -> Sequential {
        switch setting.kind {
        case .standard, .normalized:
            return DenseNet(
                hidden: [setting.width, setting.width], isNormalized: setting.kind == .normalized, dropout: setting.rate
            ).model
        case .gaussian, .alpha:
            let isAlpha = setting.kind == .alpha
            return Sequential {
                Flatten()
                for _ in 0..<2 {
                    Dense(
                        setting.width, activation: isAlpha ? .selu : .relu,
                        kernelInitializer: isAlpha ? .lecunNormal : .heNormal)
                    if isAlpha, setting.rate > 0 { AlphaDropout(setting.rate) }
                    if !isAlpha, setting.rate > 0 { GaussianDropout(setting.rate) }
                }
                Dense(10, kernelInitializer: isAlpha ? .lecunNormal : .heNormal)
            }
        }
    }

    // MARK: Claims

    var claims: [Claim] {
        let gain = Words("test accuracy with p = 0.5 − without", "테스트 정확도, p = 0.5 − 없음")
        func difference(_ width: Int, _ images: Int) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(
                of: "test.accuracy", Self.id(0.5, width, images), minus: Self.id(0, width, images))
        }
        return [
            Claim(
                "gap-shrinks",
                Words(
                    "300 images, 512 units: p = 0.5 leaves at most 70 % of the gap.",
                    "300장, 512유닛: p = 0.5이면 차이가 70 % 이하로 남는다."),
                statistic: Words("gap with p = 0.5 ÷ gap without", "p = 0.5의 차이 ÷ 없을 때의 차이"), .atMost(0.7),
                basis: .predicted, isTaught: true,
                evidence: Evidence.ratio(of: "gap", Self.id(0.5, 512, 300), over: Self.id(0, 512, 300))),
            Claim(
                "accuracy-rises",
                Words(
                    "300 images, 512 units: some rate of 0.2, 0.35 and 0.5 adds at least half a point of test accuracy.",
                    "300장, 512유닛: 0.2, 0.35, 0.5 가운데 어떤 비율은 테스트 정확도를 0.5 %포인트 이상 올린다."),
                statistic: Words(
                    "mean test accuracy of the best of the three rates − without", "세 비율 가운데 평균이 가장 좋은 것의 테스트 정확도 − 없음"),
                .atLeast(0.005), basis: .predicted, isTaught: true
            ) { results in
                // The rate is chosen by its mean over the seeds, so that not every seed picks its luck.
                let best = [0.2, 0.35, 0.5].map { Self.id($0, 512, 300) }.max {
                    results[$0].mean("test.accuracy") < results[$1].mean("test.accuracy")
                }!
                return .mean(results.differences("test.accuracy", best, minus: Self.id(0, 512, 300)))
            },
            Claim(
                "small-hurts",
                Words(
                    "300 images, 16 units: p = 0.5 costs at least half a point.",
                    "300장, 16유닛: p = 0.5는 0.5 %포인트 이상 잃는다."),
                statistic: gain, .atMost(-0.005), basis: .predicted, evidence: difference(16, 300)),
            Claim(
                "many-images-hurt",
                Words(
                    "60,000 images, 100 units: p = 0.5 costs at least half a point.",
                    "6만 장, 100유닛: p = 0.5는 0.5 %포인트 이상 잃는다."),
                statistic: gain, .atMost(-0.005), basis: .predicted, evidence: difference(100, 60_000)),
            Claim(
                "below-test",
                Words(
                    "300 images, 16 units, p = 0.7: the training accuracy is below the test accuracy.",
                    "300장, 16유닛, p = 0.7: 훈련 정확도가 테스트 정확도보다 낮다."),
                statistic: Words("gap", "차이"), .atMost(0), basis: .predicted,
                evidence: Evidence.mean(of: "gap", in: Self.id(0.7, 16, 300))),
            Claim(
                "with-batch-norm",
                Words(
                    "After batch normalization dropout helps no less: p = 0.5 adds at least half a point.",
                    "배치 정규화 뒤에서도 드롭아웃은 돕는다. p = 0.5는 0.5 %포인트 이상 올린다."),
                statistic: gain, .atLeast(0.005), basis: .predicted,
                evidence: Evidence.difference(
                    of: "test.accuracy", Self.id(0.5, 512, 300, .normalized), minus: Self.id(0, 512, 300, .normalized))
            ),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let (rates, widths) = (Self.rates, Self.widths)
        let width = LabFigure.Control(
            Words("Width", "너비")[language], .choice, options: widths.map { "\($0)" }, first: 2)
        let rate = LabFigure.Control(
            Words("Rate p", "비율 p")[language], .slider, options: rates.map { "\($0)" }, first: 4)
        let accuracy = Words("Accuracy", "정확도")[language]
        let test = Words("test", "테스트")[language]
        let images = [300, 5000, 60_000]
        return [
            LabFigure(
                "rates",
                caption: Words(
                    "300 images: accuracy at the end against the rate, measured without dropout; 95 % intervals. Choose the width.",
                    "300장: 비율에 따른 마지막 정확도(드롭아웃 없이 잼)와 95 % 구간. 너비를 골라 보자.")[language],
                controls: [width]
            ) { choice in
                let points = rates.map { (x: $0, arm: Self.id($0, widths[choice[0]], 300)) }
                return LineChart(
                    "", x: Axis(Words("Rate p", "비율 p")[language]), y: Axis(accuracy, range: 0...1),
                    series: [
                        results.line(Words("training", "훈련")[language], "training.accuracy", over: points),
                        results.line(test, "test.accuracy", over: points),
                    ])
            },
            LabFigure(
                "map",
                caption: Words(
                    "Test accuracy with 300 images, in percent.", "300장으로 학습한 테스트 정확도(%).")[language],
                chart: HeatMap(
                    "",
                    values: widths.map { width in
                        rates.map { 100 * results[Self.id($0, width, 300)].mean("test.accuracy") }
                    }, rowLabels: widths.map { "\($0)" }, columnLabels: rates.map { "\($0)" },
                    rowTitle: Words("Units", "유닛")[language], columnTitle: Words("Rate p", "비율 p")[language])),
            LabFigure(
                "gain",
                caption: Words(
                    "What p = 0.5 changes in test accuracy, in points, against the number of images: at best a point with few images, a loss with many, a great one with few units.",
                    "이미지 수에 따라 p = 0.5가 바꾸는 테스트 정확도(%포인트). 이미지가 적으면 많아야 1 %포인트를 얻고, 많으면 잃으며, 유닛이 적으면 크게 잃는다.")[
                        language],
                chart: BarChart(
                    "", axis: Axis(Words("Points", "%포인트")[language]),
                    labels: images.map { language == .english ? "\($0) images" : "\($0)장" },
                    series: widths.map { width in
                        .init(
                            language == .english ? "\(width) units" : "\(width)유닛",
                            images.map { images in
                                100
                                    * Estimate(
                                        .mean(
                                            results.differences(
                                                "test.accuracy", Self.id(0.5, width, images),
                                                minus: Self.id(0, width, images)))
                                    ).value
                            })
                    })),
            LabFigure(
                "curves",
                caption: Words(
                    "Accuracy while it learns 300 images. With large rates and few units it learns slowly, and not all of them in 200 epochs.",
                    "300장을 학습하는 동안의 정확도. 비율이 크고 유닛이 적으면 느리게 배우고 200에포크로는 다 배우지 못한다.")[language],
                controls: [width, rate]
            ) { choice in
                let arm = results[Self.id(rates[choice[1]], widths[choice[0]], 300)]
                return LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language], scale: .logarithmic), y: Axis(accuracy, range: 0...1),
                    series: [
                        ("training.accuracy", Words("training", "훈련")[language]), ("validation.accuracy", test),
                    ].map { name, title in
                        let band = arm.band(name)
                        return LineChart.Series(
                            title, x: arm.band("epoch").mean, y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
        ]
    }
}
