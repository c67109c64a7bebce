import Apus
import ApusCharts
import Foundation

/// D1: what makes a network learn its samples by heart, and what that costs.
struct Overfit: LabExperiment {
    /// A network of equal hidden layers on some images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var images = 300
        var width = 100
        var depth = 6
        /// The share of wrong labels.
        var flipped = 0.0
        var epochs: Int
        /// Images of validation; twice as many of the test.
        var others: Int
        /// Sentences in the place of images. Settings of images have no such key, so what was measured of them stays valid.
        var text: Text?
    }

    /// Sentences that say yes or no; each is 0 or 1 for each of the most frequent words.
    struct Text: Codable, Hashable, Sendable {
        var words = 2000
        /// Whether the sentences are made up, so that no file is needed.
        var isMade = false
    }

    /// A cause that the courses name.
    enum Cause: String, CaseIterable {
        case data, epochs, width, depth, flipped

        /// Its values, from that which should overfit least.
        var values: [Double] {
            switch self {
            case .data: [3000, 1000, 300, 200, 100]
            // In parts of the whole training.
            case .epochs: [0.01, 0.05, 0.15, 0.5, 1]
            case .width: [4, 16, 50, 100, 250]
            case .depth: [1, 2, 4, 6, 10]
            case .flipped: [0, 0.1, 0.2, 0.3, 0.4]
            }
        }

        /// The arm of a value; that with the usual values where it differs in nothing.
        func arm(_ value: Double) -> String {
            let usual = Setting(epochs: 0, others: 0)
            return switch self {
            case .data where Int(value) != usual.images: "data-\(Int(value))"
            case .width where Int(value) != usual.width: "width-\(Int(value))"
            case .depth where Int(value) != usual.depth: "depth-\(Int(value))"
            case .flipped where value > 0: "flipped-\(value)"
            default: "base"
            }
        }

        var title: Words {
            switch self {
            case .data: Words("training images", "훈련 이미지 수")
            case .epochs: Words("epochs", "에포크")
            case .width: Words("units a layer", "층의 유닛 수")
            case .depth: Words("hidden layers", "은닉층 수")
            case .flipped: Words("share of wrong labels", "틀린 레이블의 비율")
            }
        }

        var statement: Words {
            switch self {
            case .data: Words("The fewer the data, the larger the gap.", "데이터가 적을수록 차이가 크다.")
            case .epochs: Words("The longer the training, the larger the gap.", "오래 학습할수록 차이가 크다.")
            case .width: Words("The more parameters, the larger the gap.", "매개변수가 많을수록 차이가 크다.")
            case .depth: Words("The deeper the network, the larger the gap.", "신경망이 깊을수록 차이가 크다.")
            case .flipped: Words("The more wrong labels, the larger the gap.", "틀린 레이블이 많을수록 차이가 크다.")
            }
        }
    }

    static let noisy = "flipped-0.2"
    /// Units of both layers of the networks on sentences.
    static let widths = [4, 16, 512]
    private static let shown = 12

    let about = LabAbout(
        "overfit", number: "D1", part: .overfitting, title: Words("Five causes", "과적합의 원인"),
        question: Words("What makes a network overfit, and what does it lose?", "무엇이 과적합을 일으키며, 무엇을 잃는가?"),
        taught: [
            .init(
                Words(
                    "Overfitting comes from too few data, too many epochs, too many parameters, too complex a model, and noise in the data.",
                    "과적합은 데이터가 적거나, 에포크가 많거나, 매개변수가 많거나, 모델이 복잡하거나, 데이터에 잡음이 있을 때 생긴다."),
                source: "course notes on overfitting"),
            .init(
                Words(
                    "From some epoch on the validation loss rises while the training loss goes on falling: the larger the network, the sooner.",
                    "어느 에포크부터 훈련 손실은 계속 줄지만 검증 손실은 커진다. 신경망이 클수록 더 이르다."),
                source: "TensorFlow tutorial on overfitting"),
        ],
        setup: Words(
            "784-6×100-10, ReLU, He, on 300 images of Fashion-MNIST, which the seed draws; Adam 0.001, batches of 100, 200 epochs. One thing at a time is changed: images, epochs, units, layers, the share of wrong training labels. Measured is on 1000 further images during training and on 2000 test images at the end. The gap is training accuracy minus test accuracy (validation accuracy in the curve over epochs). Second data set: 4000 sentences of film reviews, for or against, each as 0 or 1 for the 2000 most frequent words; two ReLU layers of 4, 16 or 512 units, Adam 0.001, batches of 100, 20 epochs; 1000 further sentences, 2000 of the test.",
            "시드가 뽑은 Fashion-MNIST 300장으로 784-6×100-10 신경망(ReLU, He)을 Adam 0.001, 배치 100으로 200에포크 학습한다. 이미지 수, 에포크, 유닛 수, 층 수, 틀린 훈련 레이블의 비율 가운데 하나씩만 바꾼다. 학습하는 동안에는 다른 이미지 1000장에서, 끝에는 테스트 2000장에서 잰다. 차이란 훈련 정확도 − 테스트 정확도이다(에포크에 따른 곡선에서는 검증 정확도). 둘째 데이터는 영화평 문장 4000개의 찬반이다. 문장은 가장 흔한 낱말 2000개가 있는지 없는지(1과 0)로 나타내고, 4·16·512유닛 ReLU 두 층을 Adam 0.001, 배치 100으로 20에포크 학습한다. 다른 문장 1000개와 테스트 문장 2000개에서 잰다."
        ),
        recipes: [
            .init(
                Words("The usual arm in Swift", "Swift로 쓴 기본 설정"), .swift,
                """
                import Apus

                let (all, test) = try FashionMNIST.load()
                let (training, validation) = (all.prefix(300), test.prefix(1000))
                let net = Sequential {
                    Flatten()
                    for _ in 0..<6 { Dense(100, activation: .relu, kernelInitializer: .heNormal) }
                    Dense(10)
                }
                var trainer = Trainer(
                    net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.001), metrics: [.accuracy], seed: 1)
                let history = try trainer.fit(training, validation: validation, epochs: 200, batchSize: 100)
                for epoch in history.epochs { print(epoch.epoch, epoch.value("validation.loss") ?? .nan) }
                """)
        ],
        lesson: Words(
            "Two of five causes hold in every seed: fewer images and wrong labels widen the gap. More epochs widen it only until everything is learned by heart, more layers a little. More units narrow it, from 16 a layer on. And what overfitting costs is first of all loss: at the end the validation loss is 1.95 times its minimum, while the accuracy is 0.2 points below its earlier peak. On sentences the textbook is right: the validation loss is least after 7.2 epochs with 4 units a layer, 3.8 with 16, 1.2 with 512, and with 16 the accuracy falls by 2.9 points.",
            "다섯 원인 가운데 둘은 모든 시드에서 성립한다. 이미지가 적을수록, 틀린 레이블이 많을수록 차이가 크다. 에포크는 전부 외울 때까지만 차이를 넓히고 층 수는 조금 넓힌다. 유닛은 층마다 16개부터는 많을수록 차이를 좁힌다. 과적합으로 잃는 것은 무엇보다 손실이다. 끝의 검증 손실은 최솟값의 1.95배이지만 정확도는 앞선 최고점보다 0.2 %포인트 낮을 뿐이다. 영화평에서는 교과서대로이다. 검증 손실은 층마다 4유닛이면 7.2에포크, 16유닛이면 3.8에포크, 512유닛이면 1.2에포크에서 가장 작고, 16유닛에서는 정확도가 2.9 %포인트 떨어진다."
        ),
        surprise: Words(
            "By its loss the network should have stopped after about 9 of 200 epochs, and yet it loses hardly any accuracy. Wrong labels make accuracy fall: 2.2 points from the peak with 20 % of them, 5.8 with 40 %; at the end every one of them is learned by heart. And 250 units a layer are 8.5 points better than 16. On sentences, too, the network that overfits first, with 512 units, ends with the best test accuracy: 73.6 %, against 72.9 with 4 and 72.2 with 16.",
            "손실로 보면 200에포크 가운데 9에포크쯤에서 멈추었어야 하지만 정확도는 거의 잃지 않는다. 정확도를 떨어뜨리는 것은 틀린 레이블이다. 20 %이면 최고점에서 2.2 %포인트, 40 %이면 5.8 %포인트 떨어지며, 끝에는 틀린 레이블까지 모두 외운다. 그리고 층마다 250유닛은 16유닛보다 8.5 %포인트 낫다. 영화평에서도 가장 먼저 과적합하는 512유닛 신경망의 마지막 테스트 정확도가 가장 높다. 73.6 %이고, 4유닛은 72.9 %, 16유닛은 72.2 %이다."
        ),
        next: [
            .init(Words("See which remedies help.", "어떤 처방이 듣는지 보자."), .shell, "apus lab run remedies")
        ], seeds: 10, seconds: 120)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let usual = Setting(
            images: 300, epochs: size.of(200, quick: 50, trial: 30), others: size.of(1000, quick: 500, trial: 200))
        var arms = [
            LabArm(
                "base", Words("300 images, 6 layers of 100", "이미지 300장, 100유닛 6층"),
                size == .trial ? small(usual) : usual)
        ]
        for cause in Cause.allCases {
            for value in cause.values where cause.arm(value) != "base" {
                var setting = usual
                switch cause {
                case .data: setting.images = Int(value)
                case .width: setting.width = Int(value)
                case .depth: setting.depth = Int(value)
                case .flipped: setting.flipped = value
                case .epochs: break
                }
                if size == .trial { setting = small(setting) }
                let text = cause == .flipped ? "\(value)" : "\(Int(value))"
                arms.append(
                    LabArm(
                        cause.arm(value),
                        Words("\(cause.title.english): \(text)", "\(cause.title.korean): \(text)"), setting))
            }
        }
        return arms + Self.widths.map { sentences($0, size) }
    }

    func files(_ size: LabSize) -> [LabFile] { size == .trial ? [] : [.sentences] }

    /// An arm of sentences: two layers of so many units.
    private func sentences(_ width: Int, _ size: LabSize) -> LabArm<Setting> {
        LabArm(
            "sentences-\(width)", Words("sentences, 2 layers of \(width)", "영화평, \(width)유닛 2층"),
            Setting(
                images: size.of(4000, quick: 2000, trial: 40), width: width, depth: 2,
                epochs: size.of(20, quick: 10, trial: 5), others: size.of(1000, quick: 500, trial: 20),
                text: Text(words: size.of(2000, quick: 1000, trial: 20), isMade: size == .trial)))
    }

    /// Few images, so that it takes no time.
    private func small(_ setting: Setting) -> Setting {
        var setting = setting
        setting.images = min(max(setting.images / 10, 20), 100)
        // Wrong labels take longer to learn.
        if setting.flipped > 0 { setting.epochs *= 2 }
        return setting
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try data(setting, seed: seed)
        let net = DenseNet(
            hidden: Array(repeating: setting.width, count: setting.depth), classes: data.training.classCount
        ).model
        let points =
            setting.text == nil ? LabCurves.points(upTo: setting.epochs) : Array(1...setting.epochs)
        let trained = try LabCurves(
            net: net, optimizer: .adam(learningRate: 0.001), epochs: setting.epochs, seed: seed, points: points
        ).run(on: data)
        var measurement = trained.measurement
        let losses = measurement.series["validation.loss"] ?? []
        let accuracies = measurement.series["validation.accuracy"] ?? []
        let gaps = zip(measurement.series["training.accuracy"] ?? [], accuracies).map { $0 - $1 }
        measurement.series["gap"] = gaps
        measurement["lossRise"] = (losses.last ?? .nan) / (losses.min() ?? .nan)
        measurement["bestEpoch"] = losses.indices.min { losses[$0] < losses[$1] }.map { Double(points[$0]) }
        if setting.flipped > 0, seed == 1 {
            try addGallery(to: &measurement, net, trained.weights, data.training, setting)
        }
        return measurement
    }

    private func data(
        _ setting: Setting, seed: UInt64
    ) throws -> (training: Dataset, validation: Dataset?, test: Dataset) {
        let (count, others) = (setting.images, setting.others)
        guard let text = setting.text else {
            return try LabData.fashion(
                training: count, validation: others, test: 2 * others, flipped: setting.flipped, seed: seed)
        }
        let sentences =
            text.isMade ? LabSentences.made(count + 3 * others, seed: seed) : try LabSentences.reviews()
        return try sentences.drawn(
            training: count, validation: others, test: 2 * others, words: text.words, seed: seed)
    }

    /// Images with a wrong label that the network gives: pixels, and for each the wrong and the right class.
    private func addGallery(
        to measurement: inout LabMeasurement, _ net: Sequential, _ weights: Variables, _ samples: Dataset,
        _ setting: Setting
    ) throws {
        let clean = try LabData.fashion(training: setting.images, test: 1, seed: 1).training
        let (truth, given) = (try LabData.arrays(clean).labels, try LabData.arrays(samples))
        var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd())
        trainer.load(weights)
        let outputs = try trainer.predict(given.inputs, preprocessing: .identity).scalars
        let learned = given.labels.indices.filter { index in
            let scores = outputs[(10 * index)..<(10 * index + 10)]
            return given.labels[index] != truth[index]
                && scores.indices.max { scores[$0] < scores[$1] } == scores.startIndex + given.labels[index]
        }
        let pixels = given.inputs.scalars
        measurement["memorized"] =
            Double(learned.count) / Double(max(1, given.labels.indices.count { given.labels[$0] != truth[$0] }))
        for index in learned.prefix(Self.shown) {
            let image = pixels[(784 * index)..<(784 * (index + 1))]
            let (low, high) = (image.min() ?? 0, image.max() ?? 1)
            measurement.series["pixels", default: []] += image.map {
                Double(((($0 - low) / max(high - low, 1e-6)) * 255).rounded())
            }
            measurement.series["given", default: []].append(Double(given.labels[index]))
            measurement.series["truth", default: []].append(Double(truth[index]))
        }
    }

    // MARK: Claims

    /// The gaps of one seed over the values of a cause.
    private static func gaps(_ results: LabResults, _ cause: Cause, seed: Int) -> [Double] {
        guard cause == .epochs else { return cause.values.map { results[cause.arm($0)].numbers("gap")[seed] } }
        let (epochs, gaps) = (results["base"].series("epoch")[seed], results["base"].series("gap")[seed])
        let last = epochs.last ?? .nan
        return cause.values.map { part in
            zip(epochs, gaps).first { $0.0 / last >= part }?.1 ?? .nan
        }
    }

    /// The best validation accuracy before the end minus that at the end.
    private static func fall(_ arm: String) -> @Sendable (LabResults) -> Evidence {
        { results in
            .mean(results[arm].series("validation.accuracy").map { ($0.dropLast().max() ?? .nan) - ($0.last ?? .nan) })
        }
    }

    var claims: [Claim] {
        Cause.allCases.map { cause in
            Claim(
                "gap-\(cause.rawValue)", cause.statement,
                statistic: Words("rank correlation of cause and gap", "원인과 차이의 순위 상관"), .atLeast(0.9),
                basis: .predicted,
                isTaught: true
            ) { results in
                .mean(
                    results.seeds.indices.map { seed in
                        Rank.correlation(cause.values.indices.map(Double.init), Self.gaps(results, cause, seed: seed))
                    })
            }
        } + [
            Claim(
                "loss-rises",
                Words(
                    "At the end the validation loss is at least 1.5 times its minimum.",
                    "끝의 검증 손실은 최솟값의 1.5배 이상이다."),
                statistic: Words("validation loss at the end ÷ its minimum", "끝의 검증 손실 ÷ 최솟값"), .atLeast(1.5),
                basis: .predicted, isTaught: true, evidence: Evidence.mean(of: "lossRise", in: "base")),
            Claim(
                "accuracy-falls-clean",
                Words(
                    "The validation accuracy falls at least two points from its peak, with right labels.",
                    "레이블이 모두 옳아도 검증 정확도는 최고점에서 2 %포인트 이상 떨어진다."),
                statistic: Words("peak before the end − end of the validation accuracy", "끝에 이르기 전 검증 정확도의 최고점 − 끝"),
                .atLeast(0.02),
                basis: .predicted, isTaught: true, evidence: Self.fall("base")),
            Claim(
                "accuracy-falls-noisy",
                Words(
                    "It falls at least two points with 20 % wrong labels.", "틀린 레이블이 20 %이면 2 %포인트 이상 떨어진다."),
                statistic: Words(
                    "peak before the end − end of the validation accuracy, 20 % wrong labels",
                    "끝에 이르기 전 검증 정확도의 최고점 − 끝, 틀린 레이블 20 %"),
                .atLeast(0.02), basis: .predicted, evidence: Self.fall(Self.noisy)),
            Claim(
                "width-hurts",
                Words(
                    "More parameters lower the test accuracy: 250 units a layer have at least a point less than 16.",
                    "매개변수가 많으면 테스트 정확도가 낮다. 층마다 250유닛이면 16유닛보다 1 %포인트 이상 낮다."),
                statistic: Words("test accuracy with 250 units − with 16", "테스트 정확도, 250유닛 − 16유닛"), .atMost(-0.01),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "test.accuracy", "width-250", minus: "width-16")),
        ] + sentenceClaims
    }

    private var sentenceClaims: [Claim] {
        [
            Claim(
                "sentences-loss",
                Words(
                    "Sentences, two layers of 16: at the end the validation loss is at least 1.5 times its minimum.",
                    "영화평, 16유닛 2층: 끝의 검증 손실은 최솟값의 1.5배 이상이다."),
                statistic: Words("validation loss at the end ÷ its minimum", "끝의 검증 손실 ÷ 최솟값"), .atLeast(1.5),
                basis: .predicted, isTaught: true, evidence: Evidence.mean(of: "lossRise", in: "sentences-16")),
            Claim(
                "sentences-accuracy",
                Words(
                    "Sentences, two layers of 16: the validation accuracy falls at least two points from its peak.",
                    "영화평, 16유닛 2층: 검증 정확도는 최고점에서 2 %포인트 이상 떨어진다."),
                statistic: Words("peak before the end − end of the validation accuracy", "끝에 이르기 전 검증 정확도의 최고점 − 끝"),
                .atLeast(0.02), basis: .predicted, isTaught: true, evidence: Self.fall("sentences-16")),
            Claim(
                "sentences-sooner",
                Words(
                    "The larger network overfits sooner: the best epoch of 512 units comes in at most half the time of that of 4.",
                    "큰 신경망이 더 일찍 과적합한다. 512유닛의 가장 좋은 에포크는 4유닛의 절반 이하이다."),
                statistic: Words(
                    "epoch of the least validation loss, 512 units ÷ 4 units", "검증 손실이 가장 작은 에포크, 512유닛 ÷ 4유닛"),
                .atMost(0.5), basis: .predicted, isTaught: true,
                evidence: Evidence.ratio(of: "bestEpoch", "sentences-512", over: "sentences-4")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let arms = LabFigure.Control(
            Words("Arm", "설정")[language], .choice, options: results.arms.map { $0.title[language] })
        let what = LabFigure.Control(
            Words("Shown", "값")[language], .choice,
            options: [Words("loss", "손실")[language], Words("accuracy", "정확도")[language]])
        let cause = LabFigure.Control(
            Words("Cause", "원인")[language], .choice, options: Cause.allCases.map { $0.title[language] }, first: 2)
        let epoch = Axis(Words("Epoch", "에포크")[language], scale: .logarithmic)
        let parts = [("training", Words("training", "훈련")), ("validation", Words("validation", "검증"))]
        var figures = [
            LabFigure(
                "curves",
                caption: Words(
                    "The two curves; bands from the least to the greatest seed. The validation loss turns up early; now choose accuracy.",
                    "두 곡선. 띠는 시드 가운데 최소에서 최대까지이다. 검증 손실은 일찍 올라간다. 이제 정확도를 골라 보자.")[language],
                controls: [what, arms]
            ) { choice in
                let (arm, name) = (results.arms[choice[1]], choice[0] == 0 ? "loss" : "accuracy")
                return LineChart(
                    "", x: epoch,
                    y: Axis(what.options[choice[0]], range: choice[0] == 0 ? 0...4 : 0...1),
                    series: parts.map { part, title in
                        let band = arm.band("\(part).\(name)")
                        return LineChart.Series(
                            title[language], x: arm.band("epoch").mean, y: band.mean, lower: band.lower,
                            upper: band.upper)
                    })
            },
            LabFigure(
                "causes",
                caption: Words(
                    "Accuracy at the end against each cause, with 95 % intervals. The gap is the space between the lines; what counts in use is the lower line.",
                    "원인에 따른 마지막 정확도와 95 % 구간. 차이는 두 선 사이의 간격이지만, 쓸 때 중요한 것은 아래 선이다.")[language],
                controls: [cause]
            ) { choice in
                let cause = Cause.allCases[choice[0]]
                let isOverEpochs = cause == .epochs
                let axis = Axis(cause.title[language], scale: cause == .flipped ? .linear : .logarithmic)
                let accuracy = Axis(Words("Accuracy", "정확도")[language], range: 0...1)
                if isOverEpochs {
                    return LineChart(
                        "", x: axis, y: accuracy,
                        series: parts.map { part, title in
                            let band = results["base"].band("\(part).accuracy")
                            return LineChart.Series(
                                title[language], x: results["base"].band("epoch").mean, y: band.mean, lower: band.lower,
                                upper: band.upper)
                        })
                }
                let points = cause.values.sorted().map { (x: $0, arm: cause.arm($0)) }
                return LineChart(
                    "", x: axis, y: accuracy,
                    series: [
                        results.line(parts[0].1[language], "training.accuracy", over: points),
                        results.line(Words("test", "테스트")[language], "test.accuracy", over: points),
                    ])
            },
        ]
        let noisy = results[Self.noisy]
        let (pixels, given, truth) = (
            noisy.series("pixels").first ?? [], noisy.series("given").first ?? [], noisy.series("truth").first ?? []
        )
        if !given.isEmpty {
            figures.append(
                LabFigure(
                    "memorized",
                    caption: Words(
                        "Learned by heart: training images with a wrong label that the network gives at the end (seed 1). Below each the wrong label, and the right one in brackets.",
                        "외운 것: 신경망이 끝에 그대로 답하는, 레이블이 틀린 훈련 이미지(시드 1). 아래는 틀린 레이블이고 괄호 안이 옳은 것이다.")[language],
                    chart: Tabled(
                        chart: ImageGrid(
                            "",
                            images: given.indices.map { index in
                                let names = FashionMNIST.classNames
                                return ImageGrid.Image(
                                    height: 28, width: 28,
                                    pixels: pixels[(784 * index)..<(784 * (index + 1))].map {
                                        UInt8(min(max($0, 0), 255))
                                    },
                                    caption: "\(names[Int(given[index])])\n(\(names[Int(truth[index])]))")
                            }, columns: 6),
                        tables: [
                            ChartTable(
                                "",
                                header: [Words("wrong label", "틀린 레이블")[language], Words("right", "옳은 것")[language]],
                                rows: given.indices.map { index in
                                    [given, truth].map { FashionMNIST.classNames[Int($0[index])] }
                                })
                        ])))
        }
        return figures
    }
}
