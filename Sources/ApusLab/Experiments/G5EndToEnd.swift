import Apus
import ApusCharts
import Foundation

/// G5: features by hand and a small network against one network from pixels to classes.
struct EndToEnd: LabExperiment {
    struct Setting: Codable, Hashable, Sendable {
        var method: Method
        var images: Int
        var epochs: Int
        var validation: Int
        var test: Int
        /// The learning rates of Adam that are tried; validation images choose.
        var rates: [Double]
    }

    enum Method: String, Codable, CaseIterable {
        case pipeline, pixels, lenet, cnn

        var title: Words {
            switch self {
            case .pipeline: Words("HOG, then a small network", "HOG와 작은 신경망")
            case .pixels: Words("dense layers on pixels", "픽셀에 밀집층")
            case .lenet: Words("LeNet-5 with ReLU", "ReLU를 쓴 LeNet-5")
            case .cnn: Words("a larger CNN", "더 큰 합성곱 신경망")
            }
        }

        /// The pipeline has 83,658 parameters, dense layers on pixels 85,330, LeNet-5 61,706, the larger one 93,746.
        var net: Sequential {
            switch self {
            case .pipeline: DenseNet(hidden: [64]).model
            case .pixels: DenseNet(hidden: [104, 32]).model
            case .lenet:
                Sequential {
                    Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu, kernelInitializer: .heNormal)
                    MaxPool2D(2)
                    Conv2D(filters: 16, kernelSize: 5, activation: .relu, kernelInitializer: .heNormal)
                    MaxPool2D(2)
                    Flatten()
                    Dense(120, activation: .relu, kernelInitializer: .heNormal)
                    Dense(84, activation: .relu, kernelInitializer: .heNormal)
                    Dense(10)
                }
            case .cnn:
                Sequential {
                    for filters in [16, 32, 64] {
                        Conv2D(
                            filters: filters, kernelSize: 3, padding: .same, activation: .relu,
                            kernelInitializer: .heNormal)
                        MaxPool2D(2)
                    }
                    Flatten()
                    Dense(120, activation: .relu, kernelInitializer: .heNormal)
                    Dense(10)
                }
            }
        }
    }

    static let counts = [100, 1000, 10_000, 58_000]
    static let hog = HOG(cell: 4, block: 2)

    let about = LabAbout(
        "end-to-end", number: "G5", part: .convolution, title: Words("Pipeline or one network?", "종단간 학습"),
        question: Words(
            "With how many images does one network from pixels to classes beat features made by hand?",
            "이미지가 몇 장이면 픽셀에서 클래스까지 한 신경망이 손으로 만든 특징을 이기는가?"),
        taught: [
            .init(
                Words(
                    "End-to-end learning needs much data. With little, a pipeline of designed features does better; with much, one network learns better features by itself.",
                    "종단간 학습에는 많은 데이터가 필요하다. 적으면 사람이 설계한 특징의 파이프라인이 낫고, 많으면 한 신경망이 스스로 더 좋은 특징을 배운다."),
                source: "deeplearning.ai, Structuring Machine Learning Projects, week 2")
        ],
        setup: Words(
            "Fashion-MNIST with 100, 1000, 10,000 and 58,000 training images. The pipeline: histograms of oriented gradients (cells of 4 pixels, blocks of 2 cells, 1296 numbers), then 64 ReLU units. Against it: dense layers on pixels, LeNet-5 with ReLU, and a CNN of three convolutions. All have 60,000 to 100,000 parameters. Each is trained with two rates of Adam, 0.001 and 0.003, for 60, 30, 12 and 5 epochs; 2000 other images choose the rate, 5000 test images judge.",
            "Fashion-MNIST 훈련 이미지 100, 1000, 1만, 5만 8천 장. 파이프라인은 기울기 방향 히스토그램(HOG, 4픽셀 셀, 2셀 블록, 숫자 1296개)에 ReLU 유닛 64개를 붙인다. 상대는 픽셀을 그대로 받는 밀집층, ReLU를 쓴 LeNet-5, 합성곱 세 층의 신경망이다. 모두 매개변수가 6만~10만 개다. 각각 Adam의 두 학습률 0.001과 0.003으로 차례로 60, 30, 12, 5에포크 학습하고, 다른 이미지 2000장으로 학습률을 고르며, 테스트 이미지 5000장으로 판정한다."
        ),
        recipes: [
            .init(
                Words("The pipeline in Swift", "Swift로 쓴 파이프라인"), .swift,
                """
                import Apus

                let data = try FashionMNIST.load()
                let hog = HOG(cell: 4, block: 2)
                let training = try data.training.prefix(1000).histogramsOfGradients(hog)
                let test = try data.test.histogramsOfGradients(hog)
                let net = Sequential { Dense(64, activation: .relu); Dense(10) }
                var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy], seed: 1)
                try trainer.fit(training, epochs: 30, batchSize: 32)
                print(try trainer.evaluate(test))
                """)
        ],
        lesson: Words(
            "Refuted in its second half: with 100 images the pipeline leads, with 1000 the CNN has caught up, and with 58,000 images the two are still level after five epochs.",
            "뒷부분은 반증된다. 100장이면 파이프라인이 앞서고, 1000장이면 합성곱 신경망이 따라잡지만, 5만 8천 장에서 5에포크를 학습해도 둘은 비슷하다."),
        surprise: Words(
            "Dense layers on pixels stay 1.6 to 3.7 points below the histograms with every number of images, and LeNet-5 0.7 below with all of them. Only the larger CNN draws level.",
            "픽셀을 그대로 받는 밀집층 신경망은 이미지가 몇 장이든 히스토그램보다 1.6~3.7 %포인트 낮고, LeNet-5는 모든 이미지를 써도 0.7 %포인트 낮다. 더 큰 합성곱 신경망만 따라잡는다."
        ),
        next: [
            .init(
                Words("See what a network's own features look like.", "신경망이 스스로 배운 특징을 보자."), .shell,
                "apus lab run features")
        ], seeds: 8, seconds: 295)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        EndToEnd.counts.flatMap { count in
            Method.allCases.map { method in
                // Enough steps for few images; all see at most 300,000.
                let epochs = [100: 60, 1000: 30, 10_000: 12][count] ?? 5
                return LabArm(
                    "\(method.rawValue)-\(count)",
                    Words("\(method.title.english), \(count)", "\(method.title.korean), \(count)장"),
                    Setting(
                        method: method, images: size.of(count, quick: min(count, 4000), trial: 20 + count / 2000),
                        epochs: size.of(epochs, quick: min(epochs, 10), trial: 1),
                        validation: size.of(2000, quick: 500, trial: 20), test: size.of(5000, quick: 1000, trial: 20),
                        rates: size.of([1e-3, 3e-3], quick: [1e-3], trial: [1e-3])))
            }
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var data = try LabData.fashion(
            training: setting.images, validation: setting.validation, test: setting.test, seed: seed)
        if setting.method == .pipeline {
            data.training = try data.training.histogramsOfGradients(EndToEnd.hog)
            data.validation = try data.validation?.histogramsOfGradients(EndToEnd.hog)
            data.test = try data.test.histogramsOfGradients(EndToEnd.hog)
        }
        var best: (validation: Double, measurement: LabMeasurement) = (-1, LabMeasurement())
        for rate in setting.rates {
            let training = LabTraining(
                net: setting.method.net, optimizer: .adam(learningRate: rate), epochs: setting.epochs,
                batch: setting.images < 5000 ? 32 : 128, seed: seed)
            let trained = try training.run(on: data.training)
            let validation = try data.validation.map { try trained.trainer.evaluate($0)[.accuracy] ?? -1 } ?? 0
            guard validation > best.validation else { continue }
            let test = try trained.trainer.evaluate(data.test)
            best = (
                validation,
                LabMeasurement([
                    "accuracy": test[.accuracy] ?? .nan, "loss": test.loss, "validation": validation, "rate": rate,
                ])
            )
        }
        return best.measurement
    }

    // MARK: Claims

    var claims: [Claim] {
        func difference(_ first: Method, _ second: Method, _ count: Int) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(
                of: "accuracy", "\(first.rawValue)-\(count)", minus: "\(second.rawValue)-\(count)")
        }
        let statistic = Words("test accuracy, pipeline minus larger CNN", "테스트 정확도, 파이프라인 − 더 큰 합성곱 신경망")
        let reversed = Words("test accuracy, larger CNN minus pipeline", "테스트 정확도, 더 큰 합성곱 신경망 − 파이프라인")
        return [
            Claim(
                "pipeline-100",
                Words("With 100 images the pipeline is at least a point better.", "100장이면 파이프라인이 1 %포인트 이상 낫다."),
                statistic: statistic, .atLeast(0.01), basis: .predicted, isTaught: true,
                evidence: difference(.pipeline, .cnn, 100)),
            Claim(
                "pipeline-1000",
                Words("With 1000 images, too.", "1000장이어도 그렇다."), statistic: statistic, .atLeast(0.01),
                basis: .predicted, isTaught: true, evidence: difference(.pipeline, .cnn, 1000)),
            Claim(
                "network-58000",
                Words(
                    "With 58,000 images the network from pixels to classes is at least a point better.",
                    "5만 8천 장이면 종단간 신경망이 1 %포인트 이상 낫다."), statistic: reversed, .atLeast(0.01), basis: .predicted,
                isTaught: true, evidence: difference(.cnn, .pipeline, 58_000)),
            Claim(
                "lenet-58000",
                Words(
                    "LeNet-5 with 58,000 images is at least a point better, too.", "LeNet-5도 5만 8천 장이면 1 %포인트 이상 낫다."),
                statistic: Words("test accuracy, LeNet-5 minus pipeline", "테스트 정확도, LeNet-5 − 파이프라인"), .atLeast(0.01),
                basis: .predicted, evidence: difference(.lenet, .pipeline, 58_000)),
            Claim(
                "features-matter",
                Words(
                    "Dense layers on pixels never reach the pipeline by half a point.",
                    "픽셀에 밀집층은 파이프라인보다 언제나 0.5 %포인트 이상 낮다."),
                statistic: Words(
                    "least difference over the four sizes, pipeline minus dense layers", "네 크기에서 가장 작은 차이, 파이프라인 − 밀집층"),
                .atLeast(0.005), basis: .predicted
            ) { results in
                let differences = EndToEnd.counts.map {
                    results.differences("accuracy", "pipeline-\($0)", minus: "pixels-\($0)")
                }
                return .mean(results.seeds.indices.map { seed in differences.map { $0[seed] }.min() ?? .nan })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let images = Axis(Words("Training images", "훈련 이미지 수")[language], scale: .logarithmic)
        func line(_ method: Method, _ title: String, _ number: String) -> LineChart.Series {
            results.line(
                title, number, over: EndToEnd.counts.map { (Double($0), "\(method.rawValue)-\($0)") })
        }
        return [
            LabFigure(
                "accuracy",
                caption: Words(
                    "Test accuracy against the number of training images, with 95 % intervals over the seeds. Where lines cross, one network takes over from features by hand.",
                    "훈련 이미지 수에 따른 테스트 정확도와 시드들의 95 % 구간. 선이 만나는 곳에서 한 신경망이 손으로 만든 특징을 앞지른다.")[language],
                chart: Sized(
                    LineChart(
                        "", x: images, y: Axis(Words("Test accuracy", "테스트 정확도")[language]),
                        series: Method.allCases.map { line($0, $0.title[language], "accuracy") }),
                    ChartSize(width: 720, height: 420))),
            LabFigure(
                "difference",
                caption: Words(
                    "The same as differences to the pipeline, in points.", "같은 결과를 파이프라인과의 차이(점)로 본 것.")[language],
                chart: LineChart(
                    "", x: images, y: Axis(Words("Points above the pipeline", "파이프라인보다 높은 점수")[language]),
                    series: Method.allCases.filter { $0 != .pipeline }.map { method in
                        LineChart.Series(
                            method.title[language], x: EndToEnd.counts.map(Double.init),
                            y: EndToEnd.counts.map { count in
                                let differences = results.differences(
                                    "accuracy", "\(method.rawValue)-\(count)", minus: "pipeline-\(count)")
                                return 100 * differences.mean
                            })
                    })),
        ]
    }
}
