import Apus
import ApusCharts
import Foundation

/// A3: classes, numbers and codes from one trainer, each beside what is known to be best or simple.
struct Kinds: LabExperiment {
    /// One task and a way to solve it.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var images = 0
        var test = 0
        var epochs = 0
    }

    enum Kind: String, Codable {
        case classes, ridge, regression, principal, linearCode, reluCode, deepCode, deepTwo

        /// The widths from the picture to the code and on to the picture, and whether the code has ReLU.
        var widths: (before: [Int], code: Int, isRelu: Bool) {
            switch self {
            case .reluCode: ([], 32, true)
            case .deepCode: ([128], 32, false)
            case .deepTwo: ([128], 2, false)
            default: ([], 32, false)
            }
        }
    }

    static let (pixels, side, drawn, mapped, folds) = (784, 28, 4, 300, 5)

    let about = LabAbout(
        "kinds", number: "A3", part: .foundations, title: Words("Three kinds of learning, one trainer", "학습의 종류"),
        question: Words(
            "What do classification, regression and an autoencoder have in common, and are they better than what is simple?",
            "분류, 회귀, 오토인코더는 무엇이 같은가? 단순한 방법보다 나은가?"),
        taught: [
            .init(
                Words(
                    "Supervised learning predicts classes or numbers from labels, unsupervised learning finds structure without them.",
                    "지도 학습은 레이블에서 클래스나 수를 예측하고, 비지도 학습은 레이블 없이 구조를 찾는다."),
                source: "deeplearning.ai, Neural Networks and Deep Learning, week 1"),
            .init(
                Words(
                    "A linear autoencoder finds the space of the principal components; a deep one finds better codes.",
                    "선형 오토인코더는 주성분의 공간을 찾고, 깊은 오토인코더는 더 좋은 코드를 찾는다."),
                source: "Goodfellow, Bengio and Courville, Deep Learning, 14"),
        ],
        setup: Words(
            "Classes: 784-256-128-10 on Fashion-MNIST, Adam 0.001, five epochs. Numbers: the progression of diabetes in 442 patients, five folds, 10-32-1 with Adam 0.003 and 60 epochs beside ridge regression with λ = 10. Codes: autoencoders on 20,000 images, Adam with a cosine schedule, code of 32 or two numbers, beside principal components of the same images. Errors of codes are means over pixels of the standardized images.",
            "클래스: Fashion-MNIST에서 784-256-128-10, Adam 0.001, 5에포크. 수: 환자 442명의 당뇨 진행도, 5겹, 10-32-1과 Adam 0.003으로 60에포크, 곁에 λ = 10인 릿지 회귀. 코드: 이미지 2만 장의 오토인코더, 코사인 스케줄의 Adam, 코드는 수 32개 또는 두 개, 곁에 같은 이미지의 주성분. 코드의 오차는 표준화한 이미지의 픽셀 평균이다."
        ),
        recipes: [
            .init(
                Words("An autoencoder in Swift", "오토인코더(Swift)"), .swift,
                """
                import Apus

                let images = try FashionMNIST.load().training.prefix(20_000)
                let net = Sequential {
                    Flatten()
                    Dense(128, activation: .relu); Dense(32); Dense(128, activation: .relu); Dense(784)
                    Reshape([28, 28, 1])
                }
                var trainer = Trainer(net, loss: .meanSquaredError, target: .input, optimizer: .adam(learningRate: 0.001))
                try trainer.fit(images, epochs: 10, batchSize: 100)
                print(try trainer.evaluate(images).loss)
                """)
        ],
        lesson: Words(
            "Held: five epochs reach 0.876 on Fashion-MNIST. A linear autoencoder comes within 1 % of the principal components and is never better; a deep one has an error 19 % smaller with the same 32 numbers, and 34 % with two.",
            "성립한다. Fashion-MNIST는 5에포크에 0.876이다. 선형 오토인코더는 주성분의 1 % 안까지 다가가지만 결코 더 낫지 않다. 깊은 오토인코더는 같은 수 32개에서 오차가 19 %, 두 개에서 34 % 작다."
        ),
        surprise: Words(
            "Ridge regression, a formula of one line, explains 0.49 of the variance of 442 patients, the network 0.45. And ReLU on the code alone makes an autoencoder 2 % worse than principal components (the linear one is 1 % worse).",
            "한 줄짜리 공식인 릿지 회귀는 환자 442명의 분산 중 0.49를, 신경망은 0.45를 설명한다. 그리고 코드에 ReLU만 붙이면 오토인코더는 주성분보다 2 % 나빠진다(선형도 1 % 나쁘다)."
        ),
        next: [
            .init(
                Words("See how a good number can be no number at all.", "좋은 수치가 아무 뜻도 없을 수 있음을 보자."), .shell,
                "apus lab run splits")
        ], seeds: 10, seconds: 95)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let (images, test) = (size.of(20_000, quick: 2000, trial: 100), size.of(2000, quick: 1000, trial: 100))
        func code(_ kind: Kind, _ english: String, _ korean: String, epochs: Int) -> LabArm<Setting> {
            LabArm(
                kind.rawValue, Words(english, korean),
                Setting(kind: kind, images: images, test: test, epochs: size.of(epochs, quick: 5, trial: 1)))
        }
        return [
            LabArm(
                "classes", Words("784-256-128-10"),
                Setting(
                    kind: .classes, images: size.of(60_000, quick: 10_000, trial: 100),
                    test: size.of(10_000, quick: 2000, trial: 100), epochs: size.of(5, trial: 1))),
            LabArm("ridge", Words("ridge regression", "릿지 회귀"), Setting(kind: .ridge)),
            LabArm(
                "regression", Words("10-32-1"), Setting(kind: .regression, epochs: size.of(60, trial: 20))),
            LabArm(
                "principal", Words("principal components", "주성분"),
                Setting(kind: .principal, images: images, test: test)),
            code(.linearCode, "linear 784-32-784", "선형 784-32-784", epochs: 20),
            code(.reluCode, "784-32-784, code with ReLU", "784-32-784, 코드에 ReLU", epochs: 20),
            code(.deepCode, "784-128-32-128-784", "784-128-32-128-784", epochs: 30),
            code(.deepTwo, "784-128-2-128-784", "784-128-2-128-784", epochs: 30),
        ]
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        switch setting.kind {
        case .classes: try classes(setting, seed: seed)
        case .ridge, .regression: try progression(setting, seed: seed)
        case .principal: try principal(setting, seed: seed)
        default: try code(setting, seed: seed)
        }
    }

    private func classes(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        let training = LabTraining(
            net: DenseNet(hidden: [256, 128]).model, optimizer: .adam(learningRate: 0.001), epochs: setting.epochs,
            seed: seed)
        let (numbers, trained) = try training.measure(on: (data.training, nil, data.test))
        let (inputs, labels) = try LabData.arrays(data.test)
        var counts = [Double](repeating: 0, count: 100)
        let predicted = try trained.trainer.predict(inputs, preprocessing: .identity).argmax().scalars(as: Int.self)
        for (label, prediction) in zip(labels, predicted) { counts[label * 10 + prediction] += 1 }
        return LabMeasurement(numbers.numbers, series: ["counts": counts])
    }

    private func progression(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let rows = LabTable.diabetes.rows
        let order = LabData.permutation(of: rows.count, RandomKey(seed: seed).child("diabetes"))
        var (truth, predictions): ([Double], [Double]) = ([], [])
        for fold in 0..<Kinds.folds {
            let test = order.indices.filter { $0 % Kinds.folds == fold }.map { rows[order[$0]] }
            let training = order.indices.filter { $0 % Kinds.folds != fold }.map { rows[order[$0]] }
            let scales = training[0].indices.map { column in
                let values = training.map { $0[column] }
                let mean = values.mean
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
                return (mean: mean, deviation: variance.squareRoot())
            }
            func scaled(_ rows: [[Double]]) -> [[Double]] {
                rows.map { row in zip(row, scales).map { ($0 - $1.mean) / $1.deviation } }
            }
            let (known, asked) = (scaled(training), scaled(test))
            let answers: [Double]
            if setting.kind == .ridge {
                let ridge = Ridge(known.map { Array($0.dropLast()) }, known.map { $0.last! }, lambda: 10)
                answers = asked.map { ridge(Array($0.dropLast())) }
            } else {
                func inputs(_ rows: [[Double]]) -> Tensor { Tensor(rows.map { $0.dropLast().map { Float($0) } }) }
                let data = try Dataset(
                    inputs: inputs(known), targets: Tensor(known.map { [Float($0.last!)] }))
                let net = Sequential {
                    Dense(32, activation: .relu, kernelInitializer: .heNormal); Dense(1)
                }
                var trainer = Trainer(
                    net, loss: .meanSquaredError, optimizer: .adam(learningRate: 0.003), seed: seed)
                try trainer.fit(data, epochs: setting.epochs, batchSize: 50)
                answers = try trainer.predict(inputs(asked)).scalars.map(Double.init)
            }
            let scale = scales.last!
            truth += test.map { $0.last! }
            predictions += answers.map { $0 * scale.deviation + scale.mean }
        }
        let mean = truth.mean
        let total = truth.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let rest = zip(truth, predictions).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return LabMeasurement(["explained": 1 - rest / total], series: ["truth": truth, "predictions": predictions])
    }

    /// Images as rows of numbers: those of the training, and others with their labels.
    private func rows(_ setting: Setting, seed: UInt64) throws -> (training: Tensor, test: Tensor, labels: [Int]) {
        let data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        let test = try LabData.arrays(data.test)
        return (
            try LabData.arrays(data.training).inputs.reshaped(to: [setting.images, Kinds.pixels]).evaluated(),
            try test.inputs.reshaped(to: [setting.test, Kinds.pixels]).evaluated(), test.labels
        )
    }

    private func principal(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (training, test, labels) = try rows(setting, seed: seed)
        let pca = try PCA(training, count: 32)
        func copies(_ samples: Tensor, _ count: Int) -> Tensor { pca.samples(of: pca(samples)[0..., 0..<count]) }
        func error(_ samples: Tensor, _ count: Int) -> Double {
            Double(square(samples - copies(samples, count)).mean().item())
        }
        let shown = test[0..<Kinds.drawn]
        return LabMeasurement(
            [
                "training": error(training, 32), "test": error(test, 32), "test.2": error(test, 2),
                "training.2": error(training, 2),
            ],
            series: [
                "images": shown.scalars.map(Double.init),
                "copies": copies(shown, 32).scalars.map(Double.init),
                "codes": pca(test[0..<min(Kinds.mapped, setting.test)])[0..., 0..<2].scalars.map(Double.init),
                "labels": labels.prefix(Kinds.mapped).map(Double.init),
            ])
    }

    private func code(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (training, test, labels) = try rows(setting, seed: seed)
        let (before, code, isRelu) = setting.kind.widths
        let encoder = Sequential {
            for width in before { Dense(width, activation: .relu, kernelInitializer: .heNormal) }
            Dense(code, activation: isRelu ? .relu : .linear)
        }
        let net = Sequential {
            for layer in encoder.layers { layer }
            for width in before.reversed() { Dense(width, activation: .relu, kernelInitializer: .heNormal) }
            Dense(Kinds.pixels)
        }
        var trainer = Trainer(
            net, loss: .meanSquaredError, target: .input, optimizer: .adam(learningRate: 0.001), schedule: .cosine(),
            seed: seed)
        let data = try Dataset(inputs: training)
        try trainer.fit(data, epochs: setting.epochs, batchSize: 100)
        let weights = trainer.state!.evaluatedVariables
        let first = test[0..<min(Kinds.mapped, setting.test)]
        let codes =
            before.indices.reduce(first) { h, layer in
                relu(h.matmul(weights["\(layer).dense/kernel"]!) + weights["\(layer).dense/bias"]!)
            }.matmul(weights["\(before.count).dense/kernel"]!) + weights["\(before.count).dense/bias"]!
        let answers = isRelu ? relu(codes) : codes
        return LabMeasurement(
            [
                "training": try trainer.evaluate(data).loss,
                "test": try trainer.evaluate(Dataset(inputs: test)).loss,
                // Numbers of the code that are 0 for every image.
                "dead": Double(abs(answers).max(axes: [0]).scalars.count { $0 == 0 }),
            ],
            series: [
                "copies": try trainer.predict(test[0..<Kinds.drawn].evaluated()).scalars.map(Double.init),
                "codes": code == 2 ? codes.scalars.map(Double.init) : [],
                "labels": labels.prefix(Kinds.mapped).map(Double.init),
            ])
    }

    // MARK: Claims

    var claims: [Claim] {
        @Sendable func ratio(_ results: LabResults, _ part: String, _ arm: Kind, _ best: String? = nil) -> [Double] {
            zip(results[arm.rawValue].numbers(part), results["principal"].numbers(best ?? part)).map { $0 / $1 }
        }
        let test = Words("test error ÷ that of principal components", "테스트 오차 ÷ 주성분의 테스트 오차")
        return [
            Claim(
                "classes",
                Words("Classes: 0.87 on Fashion-MNIST after five epochs.", "클래스: Fashion-MNIST에서 5에포크 뒤 0.87."),
                statistic: Words("test accuracy", "테스트 정확도"), .atLeast(0.87), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "test.accuracy", in: "classes")),
            Claim(
                "numbers",
                Words(
                    "Numbers: the network explains 0.40 of the variance of patients that it has not seen.",
                    "수: 신경망은 보지 못한 환자들의 분산 중 0.40을 설명한다."), statistic: Words("R² over five folds", "5겹의 R²"),
                .atLeast(0.4), basis: .predicted, evidence: Evidence.mean(of: "explained", in: "regression")),
            Claim(
                "numbers-ridge",
                Words(
                    "It is not better than ridge regression by more than 0.03.", "신경망이 릿지 회귀보다 0.03 넘게 나은 것은 아니다."),
                statistic: Words("R², network − ridge", "R², 신경망 − 릿지"), .atMost(0.03), basis: .predicted,
                evidence: Evidence.difference(of: "explained", "regression", minus: "ridge")),
            Claim(
                "code-bound",
                Words(
                    "Codes: no linear autoencoder has a smaller error than principal components.",
                    "코드: 어떤 선형 오토인코더도 주성분보다 오차가 작지 않다."),
                statistic: Words(
                    "training error ÷ that of principal components, least of all seeds",
                    "훈련 오차 ÷ 주성분의 훈련 오차, 모든 시드 중 최솟값"),
                .atLeast(1), basis: .theory, isTaught: true
            ) { results in
                let ratios = ratio(results, "training", .linearCode)
                return .exact(ratios.contains(where: \.isNaN) ? .nan : ratios.min() ?? .nan)
            },
            Claim(
                "code-reached",
                Words("It comes within 5 % of them.", "그러나 5 % 안까지 다가간다."),
                statistic: Words("training error ÷ that of principal components", "훈련 오차 ÷ 주성분의 훈련 오차"), .atMost(1.05),
                basis: .predicted, isTaught: true
            ) { .mean(ratio($0, "training", .linearCode)) },
            Claim(
                "code-deep",
                Words(
                    "A deep autoencoder has an error at least 10 % smaller with as long a code.",
                    "깊은 오토인코더는 같은 길이의 코드에서 오차가 10 % 이상 작다."), statistic: test, .atMost(0.9), basis: .predicted,
                isTaught: true
            ) { .mean(ratio($0, "test", .deepCode)) },
            Claim(
                "code-relu",
                Words(
                    "A code with ReLU and nothing else loses to principal components.", "코드에 ReLU만 붙인 것은 주성분에 진다."),
                statistic: test, .atLeast(1), basis: .predicted
            ) { .mean(ratio($0, "test", .reluCode)) },
            Claim(
                "code-two",
                Words(
                    "With a code of two numbers the deep one is better by 20 % at least.",
                    "코드가 수 두 개이면 깊은 쪽이 20 % 이상 낫다."),
                statistic: Words(
                    "test error ÷ that of two principal components", "테스트 오차 ÷ 주성분 두 개의 테스트 오차"),
                .atMost(0.8), basis: .predicted
            ) { .mean(ratio($0, "test", .deepTwo, "test.2")) },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        let names = [
            text("T-shirt", "티셔츠"), text("trouser", "바지"), text("pullover", "풀오버"), text("dress", "드레스"),
            text("coat", "코트"), text("sandal", "샌들"), text("shirt", "셔츠"), text("sneaker", "운동화"), text("bag", "가방"),
            text("boot", "부츠"),
        ]
        let copies: [(id: String, series: String)] = [
            ("principal", "images"), ("principal", "copies"), ("deepCode", "copies"),
        ]
        let models = ["ridge", "regression"]
        let maps = ["principal", "deepTwo"]
        let codes: [(title: String, value: Double)] =
            [(text("principal components, 32", "주성분 32개"), results["principal"].mean("test"))]
            + ["linearCode", "reluCode", "deepCode"].map { (results[$0].title[language], results[$0].mean("test")) }
            + [(text("principal components, 2", "주성분 두 개"), results["principal"].mean("test.2"))]
            + [(results["deepTwo"].title[language], results["deepTwo"].mean("test"))]
        return [
            LabFigure(
                "classes",
                caption: text(
                    "Classes: which of the test images are taken for what, in percent of the row. Shirts are taken for T-shirts, coats and pullovers.",
                    "클래스: 테스트 이미지를 무엇으로 보는가(행의 백분율). 셔츠를 티셔츠, 코트, 풀오버로 본다."),
                chart: {
                    let all = results["classes"].band("counts").mean
                    let rows = stride(from: 0, to: all.count, by: 10).map { start -> [Double] in
                        let row = all[start..<min(start + 10, all.count)]
                        let sum = max(1, row.reduce(0, +))
                        return row.map { ($0 / sum * 100).rounded() }
                    }
                    return HeatMap(
                        "", values: rows, rowLabels: names, columnLabels: names, rowTitle: text("Class", "클래스"),
                        columnTitle: text("Predicted", "예측"))
                }()),
            LabFigure(
                "numbers",
                caption: text(
                    "Numbers: what is predicted of each of 442 patients when they were not in the training, against what came.",
                    "수: 훈련에 없던 환자 442명 각각의 예측과 실제 값."),
                controls: [
                    .init(text("Model", "모델"), .choice, options: models.map { results[$0].title[language] }, first: 1)
                ]
            ) { choice in
                let arm = results[models[choice[0]]]
                return ScatterChart(
                    "", x: Axis(text("Predicted", "예측"), range: 0...360),
                    y: Axis(text("Progression", "진행도"), range: 0...360),
                    groups: [
                        .init("", x: arm.series("predictions").first ?? [], y: arm.series("truth").first ?? [])
                    ], hasDiagonal: true)
            },
            LabFigure(
                "codes",
                caption: text(
                    "Codes: the error of test images that were packed into a few numbers and unpacked.",
                    "코드: 테스트 이미지를 수 몇 개로 줄였다가 되살릴 때의 오차."),
                chart: BarChart(
                    "", axis: Axis(text("Mean squared error", "평균 제곱 오차")), labels: codes.map(\.title),
                    values: codes.map(\.value))),
            LabFigure(
                "copies",
                caption: text(
                    "A test image, and what 32 numbers keep of it. Linear codes leave ghosts of other clothes; the deep one has sharper edges.",
                    "테스트 이미지와 수 32개가 남기는 것. 선형 코드에는 다른 옷의 흔적이 남고, 깊은 쪽은 윤곽이 더 뚜렷하다."),
                controls: [
                    .init(text("Image", "이미지"), .choice, options: (1...2).map(String.init), first: 0)
                ]
            ) { choice in
                Figure(
                    "", columns: 3,
                    copies.map { id, series in
                        let all = results[id].series(series).first ?? []
                        let start = choice[0] * Kinds.pixels
                        let image = all.count >= start + Kinds.pixels ? Array(all[start..<(start + Kinds.pixels)]) : []
                        return Sized(
                            HeatMap(
                                series == "images" ? text("image", "원본") : results[id].title[language],
                                values: stride(from: 0, to: image.count, by: Kinds.side).map {
                                    Array(image[$0..<($0 + Kinds.side)])
                                }, range: -0.9...2.1, showsValues: false), ChartSize(width: 300, height: 270))
                    })
            },
            LabFigure(
                "map",
                caption: text(
                    "Images as two numbers, coloured by a class that the codes were never told. Both put like things together; the deep one spreads them over more of the plane.",
                    "수 두 개로 나타낸 그림. 색은 코드가 들은 적 없는 클래스이다. 둘 다 비슷한 것을 가까이 놓고, 깊은 쪽은 평면을 더 넓게 쓴다."),
                controls: [
                    .init(text("Code", "코드"), .choice, options: maps.map { results[$0].title[language] }, first: 1)
                ]
            ) { choice in
                let arm = results[maps[choice[0]]]
                let (places, labels) = (arm.series("codes").first ?? [], arm.series("labels").first ?? [])
                return ScatterChart(
                    "", x: Axis(text("First number", "첫째 수")), y: Axis(text("Second number", "둘째 수")),
                    groups: names.enumerated().map { number, name in
                        let points = labels.indices.filter { labels[$0] == Double(number) && 2 * $0 + 1 < places.count }
                        return .init(name, x: points.map { places[2 * $0] }, y: points.map { places[2 * $0 + 1] })
                    })
            },
        ]
    }
}
