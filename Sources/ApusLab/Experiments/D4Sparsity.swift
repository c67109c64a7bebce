import Apus
import ApusCharts
import ApusTraining
import Foundation

/// D4: penalties that shall make weights zero, and those that do.
struct Sparsity: LabExperiment {
    /// A network 784-100-10 on images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var penalty: Penalty
        var rule: Rule
        /// λ of the penalty.
        var factor = 0.0
        var images: Int
        var epochs: Int
        var others: Int
    }

    enum Penalty: String, Codable {
        case none, l1, l2, both, activity

        var title: Words {
            switch self {
            case .none: Words("no penalty", "벌점 없음")
            case .l1: Words("L1")
            case .l2: Words("L2")
            case .both: Words("L1 + L2")
            case .activity: Words("activity L1", "활성화 L1")
            }
        }
    }

    enum Rule: String, Codable {
        case sgd, adam
        /// SGD without the penalty in its gradient; after each step every weight moves towards zero by η λ, and stops there.
        case proximal
        /// The same, once an epoch, by as much as all steps of the epoch together.
        case epochs

        var title: Words {
            switch self {
            case .sgd: Words("SGD")
            case .adam: Words("Adam")
            case .proximal: Words("proximal, each step", "근접, 걸음마다")
            case .epochs: Words("proximal, each epoch", "근접, 에포크마다")
            }
        }
    }

    static let factors = [0.0001, 0.0003, 0.0005, 0.001]
    /// λ of the claims.
    static let claimed = 0.0005
    static let rate = 0.1
    /// What counts as nearly zero.
    static let small = 1e-3
    private static let bins = 41
    private static let edge = 0.1

    let about = LabAbout(
        "sparsity", number: "D4", part: .overfitting, title: Words("L1 zeroes, L2 shrinks", "L1과 L2"),
        question: Words("Does L1 make weights exactly zero?", "L1은 가중치를 정확히 0으로 만드는가?"),
        taught: [
            .init(
                Words(
                    "L1 makes many weights exactly zero and so selects features; L2 makes all weights small but none zero.",
                    "L1은 많은 가중치를 정확히 0으로 만들어 특징을 고른다. L2는 모든 가중치를 작게 하지만 0으로 만들지는 않는다."),
                source: "course notes on regularization; CS231n")
        ],
        setup: Words(
            "784-100-10, ReLU, He, on 10,000 images of Fashion-MNIST, which the seed draws; batches of 100, 30 epochs, SGD 0.1 or Adam 0.001. λ Σ |w|, λ Σ w², or both on the kernels, or λ Σ |y| on the outputs of the hidden layer, all in the loss, as libraries do it. The proximal arms leave the penalty out of the loss and set w to sign(w)·max(|w| − η λ, 0): one after each step, one after each epoch by as much as its 100 steps together. Claims are about λ = 0.0005, which was chosen on pilot seeds. Counted are the weights of both kernels. A pixel is called dark if it has its least value in 95 % of the images.",
            "시드가 뽑은 Fashion-MNIST 1만 장으로 784-100-10 신경망(ReLU, He)을 배치 100, 30에포크, SGD 0.1 또는 Adam 0.001로 학습한다. 벌점은 커널에 대한 λ Σ |w|, λ Σ w² 또는 둘 다, 혹은 은닉층 출력에 대한 λ Σ |y|이며, 라이브러리처럼 손실에 더한다. 근접 설정은 벌점을 손실에 넣지 않고 w를 sign(w)·max(|w| − η λ, 0)으로 바꾼다. 하나는 걸음마다, 하나는 에포크마다 100걸음만큼 한꺼번에 한다. 주장은 예비 시드에서 고른 λ = 0.0005에 대한 것이다. 두 커널의 가중치를 센다. 이미지의 95 %에서 최솟값인 픽셀을 어두운 픽셀이라 한다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: sparsity
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.8333}}   # 10,000 images to train on
                model:
                  - flatten
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l1: 0.0005}}
                  - dense: {units: 10, kernelInitializer: heNormal, kernelRegularizer: {l1: 0.0005}}
                optimizer: {sgd: {learningRate: 0.1}}
                schedule: constant
                batchSize: 100
                epochs: 30
                """)
        ],
        lesson: Words(
            "As it is usually done it fails: L1 in the loss makes no weight exactly zero, with SGD or with Adam; it brings 71 % and 66 % of them below 0.001. Zeros come from the proximal step: once an epoch 86 % of the weights, for 1.1 points of accuracy. With λ = 0.0003 they are 67 %, and nothing is lost.",
            "흔히 하는 방식으로는 성립하지 않는다. 손실에 더한 L1은 SGD에서도 Adam에서도 가중치를 하나도 정확히 0으로 만들지 못하고, 71 %와 66 %를 0.001보다 작게 할 뿐이다. 0은 근접 걸음에서 나온다. 에포크마다 하면 가중치의 86 %가 0이 되고 정확도 1.1 %포인트를 잃는다. λ = 0.0003이면 67 %가 0이고 잃는 것이 없다."
        ),
        surprise: Words(
            "Even the proximal step makes only 20 % zero when it follows every step: the gradient of one batch easily carries a weight past η λ, while over an epoch the noise of 100 batches cancels. Where the zeros lie is no chance: of the weights of dark pixels 98 % are zero, of the others 86 %. And L2 leaves 1.1 % below a thousandth of the greatest weight, hardly more than no penalty, 1.0 %.",
            "근접 걸음도 걸음마다 하면 20 %만 0으로 만든다. 배치 하나의 기울기는 쉽게 가중치를 η λ 너머로 옮기지만, 한 에포크에 걸치면 배치 100개의 잡음이 상쇄되기 때문이다. 0이 놓이는 곳도 우연이 아니다. 어두운 픽셀의 가중치는 98 %, 나머지는 86 %가 0이다. 그리고 L2에서 최댓값의 1000분의 1보다 작은 가중치는 1.1 %로, 벌점이 없을 때의 1.0 %와 거의 같다."
        ),
        next: [
            .init(Words("See what L2 does over λ.", "λ에 따라 L2가 하는 일을 보자."), .shell, "apus lab run weight-decay")
        ], seeds: 5, seconds: 72, revision: 2)

    static func id(_ penalty: Penalty, _ rule: Rule, _ factor: Double = claimed) -> String {
        penalty == .none ? "none-\(rule.rawValue)" : "\(penalty.rawValue)-\(rule.rawValue)-\(factor)"
    }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ penalty: Penalty, _ rule: Rule, _ factor: Double = Self.claimed) -> LabArm<Setting> {
            let ending = penalty == .none ? "" : ", λ = \(factor)"
            return LabArm(
                Self.id(penalty, rule, factor),
                Words(
                    "\(penalty.title.english), \(rule.title.english)\(ending)",
                    "\(penalty.title.korean), \(rule.title.korean)\(ending)"),
                Setting(
                    penalty: penalty, rule: rule, factor: penalty == .none ? 0 : size.of(factor, trial: 300 * factor),
                    images: size.of(10_000, quick: 5000, trial: 200), epochs: size.of(30, quick: 4, trial: 2),
                    others: size.of(2000, trial: 50)))
        }
        let sweep = [Rule.epochs, .proximal, .sgd, .adam].flatMap { rule in Self.factors.map { arm(.l1, rule, $0) } }
        let others = [Penalty.l2, .both, .activity].flatMap { [arm($0, .sgd), arm($0, .adam)] }
        return [arm(.none, .sgd), arm(.none, .adam)] + sweep + others
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(training: setting.images, test: setting.others, seed: seed)
        let regularizer: Regularizer? =
            switch (setting.penalty, setting.rule) {
            case (.none, _), (.activity, _), (_, .proximal), (_, .epochs): nil
            case (.l1, _): .l1(setting.factor)
            case (.l2, _): .l2(setting.factor)
            case (.both, _): .l1l2(l1: setting.factor, l2: setting.factor)
            }
        let net = Sequential {
            Flatten()
            Dense(
                100, activation: .relu, kernelInitializer: .heNormal, kernelRegularizer: regularizer,
                activityRegularizer: setting.penalty == .activity ? .l1(setting.factor) : nil)
            Dense(10, kernelInitializer: .heNormal, kernelRegularizer: regularizer)
        }
        let optimizer: Optimizer =
            switch setting.rule {
            case .adam: .adam(learningRate: 0.001)
            case .proximal:
                .sgd(learningRate: Self.rate).proximalL1(setting.factor).group("*/bias", proximalL1: 0)
            case .sgd, .epochs: .sgd(learningRate: Self.rate)
            }
        var state = try TrainingState(net, optimizer: optimizer, input: data.training.sampleShape, seed: seed)
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        for epoch in 0..<setting.epochs {
            let first = state.step
            state.epoch = epoch
            for batch in data.training.batches(of: 100, epoch: epoch, seed: seed) {
                try step(&state, batch)
            }
            if setting.rule == .epochs {
                try shrink(&state, by: Float(Self.rate * setting.factor) * Float(state.step - first))
            }
        }
        return try counted(state.evaluatedVariables, net, data)
    }

    /// Moves each weight of the kernels towards zero; those that would pass it become zero.
    private func shrink(_ state: inout TrainingState, by distance: Float) throws {
        var variables = state.evaluatedVariables
        for path in variables.paths where path.hasSuffix("kernel") {
            let kernel = variables[path]!
            try variables.setValue(path, sign(kernel) * relu(abs(kernel) - distance))
        }
        try state.load(variables)
    }

    private func counted(
        _ weights: Variables, _ net: Sequential, _ data: (training: Dataset, validation: Dataset?, test: Dataset)
    ) throws -> LabMeasurement {
        let kernels = weights.kernels.map(\.scalars)
        let all = kernels.flatMap { $0 }
        let greatest = all.reduce(0) { max($0, abs($1)) }
        func share(_ values: [Float], _ isTrue: (Float) -> Bool) -> Double {
            Double(values.count(where: isTrue)) / Double(max(1, values.count))
        }
        // The rows of the first kernel are pixels.
        let units = kernels[0].count / 784
        let rows = (0..<784).map { Array(kernels[0][(units * $0)..<(units * ($0 + 1))]) }
        let isDark = try darkPixels(data.training)
        func ofPixels(_ dark: Bool) -> [Float] { rows.indices.filter { isDark[$0] == dark }.flatMap { rows[$0] } }
        let zeros = { (values: [Float]) in share(values) { $0 == 0 } }
        let small = { (values: [Float]) in share(values) { abs($0) < Float(Self.small) } }
        return LabMeasurement(
            [
                "zeros": zeros(all), "small": small(all),
                "smallOfGreatest": share(all) { abs($0) < Float(Self.small) * greatest },
                "zerosOfDark": zeros(ofPixels(true)), "zerosOfOthers": zeros(ofPixels(false)),
                "dark": Double(isDark.count { $0 }), "test.accuracy": try LabData.accuracy(net, weights, on: data.test),
            ],
            series: [
                "weights": Spread.counts(all.map(Double.init), in: -Self.edge...Self.edge, bins: Self.bins),
                "pixels": rows.map { row in
                    let root = row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
                    return (root * 1000).rounded() / 1000
                },
            ])
    }

    /// Which pixels have their least value in 95 % of the images.
    private func darkPixels(_ samples: Dataset) throws -> [Bool] {
        let values = try LabData.arrays(samples).inputs.scalars
        let least = values.min() ?? 0
        var counts = [Int](repeating: 0, count: 784)
        for (index, value) in values.enumerated() where value == least { counts[index % 784] += 1 }
        return counts.map { Double($0) >= 0.95 * Double(samples.count) }
    }

    // MARK: Claims

    var claims: [Claim] {
        let zeros = Words("share of weights that are exactly 0", "정확히 0인 가중치의 비율")
        let small = Words("share of weights below 0.001", "0.001보다 작은 가중치의 비율")
        func mean(_ number: String, _ penalty: Penalty, _ rule: Rule) -> @Sendable (LabResults) -> Evidence {
            Evidence.mean(of: number, in: Self.id(penalty, rule))
        }
        return [
            Claim(
                "l1-zeros-sgd",
                Words(
                    "L1 in the loss, SGD: at least 1 % of the weights become exactly zero.",
                    "손실에 더한 L1, SGD: 가중치의 1 % 이상이 정확히 0이 된다."),
                statistic: zeros, .atLeast(0.01), basis: .measured, isTaught: true, evidence: mean("zeros", .l1, .sgd)),
            Claim(
                "l1-zeros-adam",
                Words(
                    "L1 in the loss, Adam: at least 1 % of the weights become exactly zero.",
                    "손실에 더한 L1, Adam: 가중치의 1 % 이상이 정확히 0이 된다."),
                statistic: zeros, .atLeast(0.01), basis: .measured, isTaught: true, evidence: mean("zeros", .l1, .adam)),
            Claim(
                "l1-small-sgd",
                Words(
                    "L1 in the loss, SGD: at least 60 % of the weights end below 0.001.",
                    "손실에 더한 L1, SGD: 가중치의 60 % 이상이 0.001보다 작아진다."),
                statistic: small, .atLeast(0.6), basis: .calibrated(date: "2026-11-30"),
                evidence: mean("small", .l1, .sgd)),
            Claim(
                "l1-small-adam",
                Words(
                    "L1 in the loss, Adam: at least 60 % of the weights end below 0.001.",
                    "손실에 더한 L1, Adam: 가중치의 60 % 이상이 0.001보다 작아진다."),
                statistic: small, .atLeast(0.6), basis: .calibrated(date: "2026-11-30"),
                evidence: mean("small", .l1, .adam)),
            Claim(
                "proximal-zeros",
                Words(
                    "The proximal step after each step: at least 80 % of the weights are exactly zero.",
                    "걸음마다 하는 근접 걸음: 가중치의 80 % 이상이 정확히 0이다."),
                statistic: zeros, .atLeast(0.8), basis: .predicted, evidence: mean("zeros", .l1, .proximal)),
            Claim(
                "epochs-zeros",
                Words(
                    "The proximal step after each epoch: at least 80 % of the weights are exactly zero.",
                    "에포크마다 하는 근접 걸음: 가중치의 80 % 이상이 정확히 0이다."),
                statistic: zeros, .atLeast(0.8), basis: .calibrated(date: "2026-11-30"),
                evidence: mean("zeros", .l1, .epochs)),
            Claim(
                "epochs-accuracy",
                Words(
                    "That costs at most one point of test accuracy.", "그때 잃는 테스트 정확도는 1 %포인트 이하이다."),
                statistic: Words(
                    "test accuracy proximal, each epoch − without a penalty", "테스트 정확도, 에포크마다 근접 − 벌점 없음"),
                .atLeast(-0.01), basis: .calibrated(date: "2026-11-30"),
                evidence: Evidence.difference(of: "test.accuracy", Self.id(.l1, .epochs), minus: Self.id(.none, .sgd))
            ),
            Claim(
                "l2-shrinks",
                Words(
                    "L2: less than 1 % of the weights are below a thousandth of the greatest.",
                    "L2: 가장 큰 가중치의 1000분의 1보다 작은 가중치는 1 % 미만이다."),
                statistic: Words("share below a thousandth of the greatest", "최댓값의 1000분의 1보다 작은 비율"), .atMost(0.01),
                basis: .predicted, isTaught: true, evidence: mean("smallOfGreatest", .l2, .sgd)),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let ids = [
            Self.id(.none, .sgd), Self.id(.l2, .sgd), Self.id(.l1, .sgd), Self.id(.l1, .adam), Self.id(.both, .sgd),
            Self.id(.activity, .sgd), Self.id(.l1, .proximal), Self.id(.l1, .epochs),
        ]
        let arms = LabFigure.Control(
            Words("Arm", "설정")[language], .choice, options: ids.map { results[$0].title[language] }, first: 2)
        let pixelIDs = [
            Self.id(.none, .sgd), Self.id(.l1, .sgd), Self.id(.l1, .proximal), Self.id(.l1, .epochs),
        ]
        let pixelArms = LabFigure.Control(
            Words("Arm", "설정")[language], .choice, options: pixelIDs.map { results[$0].title[language] }, first: 3)
        func line(_ rule: Rule, _ number: String) -> LineChart.Series {
            results.line(rule.title[language], number, over: Self.factors.map { (x: $0, arm: Self.id(.l1, rule, $0)) })
        }
        let rules: [Rule] = [.epochs, .proximal, .sgd, .adam]
        let shown = LabFigure.Control(
            Words("Shown", "값")[language], .choice,
            options: [
                Words("exactly 0", "정확히 0"), Words("below 0.001", "0.001 미만"), Words("test accuracy", "테스트 정확도"),
            ].map { $0[language] })
        return [
            LabFigure(
                "weights",
                caption: Words(
                    "All weights after training, seed 1, on a logarithmic axis of counts. L1 gathers them around zero; only the proximal step puts them there.",
                    "학습 뒤의 모든 가중치(시드 1). 개수는 로그 축이다. L1은 가중치를 0 둘레에 모으고, 근접 걸음만이 0에 놓는다.")[language],
                controls: [arms]
            ) { choice in
                let counts = results[ids[choice[0]]].series("weights").first ?? []
                let edges = (0...Self.bins).map { (Double($0) / Double(Self.bins) * 2 - 1) * Self.edge }
                return Histogram(
                    "", x: Axis(Words("Weight", "가중치")[language], range: -Self.edge...Self.edge),
                    y: Axis(Words("Count", "개수")[language], scale: .logarithmic, range: 1...100_000),
                    series: [.init(arms.options[choice[0]], Distribution(edges: edges, counts: counts))])
            },
            LabFigure(
                "lambda",
                caption: Words(
                    "L1 with four rules against λ: what is exactly zero, what is nearly zero, and the accuracy.",
                    "λ에 따른 L1의 네 규칙: 정확히 0인 것, 거의 0인 것, 그리고 정확도.")[language],
                controls: [shown]
            ) { choice in
                LineChart(
                    "", x: Axis("λ", scale: .logarithmic),
                    y: Axis(shown.options[choice[0]], range: 0...1),
                    series: rules.map { line($0, ["zeros", "small", "test.accuracy"][choice[0]]) })
            },
            LabFigure(
                "pixels",
                caption: Words(
                    "How large the weights of each pixel are, seed 1: the norm of its row in the first kernel. Where it is 0, the network does not look.",
                    "픽셀마다 가중치의 크기(시드 1): 첫 커널에서 그 행의 노름. 0인 곳은 신경망이 보지 않는다.")[language],
                controls: [pixelArms]
            ) { choice in
                let norms = results[pixelIDs[choice[0]]].series("pixels").first ?? []
                let rows = stride(from: 0, to: norms.count, by: 28).map { Array(norms[$0..<min($0 + 28, norms.count)]) }
                return Sized(HeatMap("", values: rows, showsValues: false), ChartSize(width: 460, height: 420))
            },
            pathFigure(language),
        ]
    }

    /// Two weights, a squared loss whose minimum lies near an axis, and the way down with each penalty.
    private func pathFigure(_ language: Language) -> LabFigure {
        let (rate, factor, steps) = (0.05, 0.8, 120)
        func loss(_ a: Double, _ b: Double) -> Double { (a - 1.2) * (a - 1.2) + 0.8 * (b - 0.3) * (b - 0.3) }
        func path(_ title: Words, _ move: (inout Double, Double) -> Void) -> ContourChart.Path {
            var (a, b) = (-0.6, 1.1)
            var (xs, ys) = ([a], [b])
            for _ in 0..<steps {
                let gradient = (2 * (a - 1.2), 1.6 * (b - 0.3))
                move(&a, gradient.0)
                move(&b, gradient.1)
                xs.append(a)
                ys.append(b)
            }
            return ContourChart.Path(title[language], x: xs, y: ys)
        }
        func sign(_ w: Double) -> Double { w > 0 ? 1 : w < 0 ? -1 : 0 }
        return LabFigure(
            "two-weights",
            caption: Words(
                "Two weights and a squared loss, no chance. The proximal step reaches the horizontal axis and stays on it; plain L1 steps jump to and fro across it; L2 ends off both axes.",
                "무작위가 없는 제곱 손실과 가중치 두 개. 근접 걸음은 가로축에 닿아 머물고, 보통의 L1 걸음은 축을 넘나들며, L2는 두 축에서 벗어난 곳에서 끝난다.")[
                    language],
            chart: ContourChart(
                "", x: Axis("w₁", range: -1...2), y: Axis("w₂", range: -0.5...1.5), levels: [0.1, 0.3, 0.7, 1.5, 3, 5],
                paths: [
                    path(Words("L2")) { w, gradient in w -= rate * (gradient + factor * w) },
                    path(Words("L1, plain steps", "L1, 보통 걸음")) { w, gradient in
                        w -= rate * (gradient + factor * sign(w))
                    },
                    path(Words("L1, proximal", "L1, 근접")) { w, gradient in
                        let moved = w - rate * gradient
                        w = sign(moved) * max(abs(moved) - rate * factor, 0)
                    },
                ], function: loss))
    }
}
