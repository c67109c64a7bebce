import Apus
import ApusCharts
import Foundation

/// C3: what start values do to the gradient, layer by layer, and whether that decides what is learned.
struct Backward: LabExperiment {
    /// A stack of dense layers with a head of ten classes.
    struct Setting: Codable, Hashable, Sendable {
        var stack: DenseStack
        var samples = 1000
        /// The depths at which the first and the last layer are compared.
        var depths = [2, 5, 10, 20, 30]
        /// Images of Fashion-MNIST that five layers are trained on, and how often.
        var images: Int
        var epochs: Int
    }

    static let classes = 10

    let about = LabAbout(
        "backward", number: "C3", part: .signal,
        title: Words("Does saturation kill the gradient?", "포화와 기울기"),
        question: Words(
            "Saturated units pass little gradient back. Does N(0, 1) therefore make it vanish?",
            "포화된 유닛은 기울기를 거의 전하지 않는다. 그래서 N(0, 1)은 기울기를 사라지게 하는가?"),
        taught: [
            .init(
                Words(
                    "With N(0, 1) outputs pile up at 0 and 1, where the slope of the sigmoid is nearly 0; so gradients become smaller and smaller on their way back and vanish.",
                    "N(0, 1)이면 출력이 0과 1에 몰리고 그곳에서 시그모이드의 기울기는 0에 가깝다. 그래서 역전파되는 기울기가 점점 작아져 사라진다."),
                source: "Deep Learning from Scratch, chapter 6")
        ],
        setup: Words(
            "The network of the course's figure with a softmax head of ten classes that is drawn like the other layers: 1000 normal inputs, random labels, no biases. Measured is the root mean square of the gradient to each kernel; the number that counts is that of the first layer divided by that of the last hidden one. Then the same networks, five layers deep, are trained on 20,000 images of Fashion-MNIST: SGD 0.1, 2000 batches of 100.",
            "강의 그림의 신경망에 다른 층과 같은 방식으로 뽑은 10클래스 소프트맥스 층을 붙인다. 입력은 정규분포 1000개, 레이블은 무작위, 편향은 없다. 커널마다 기울기의 제곱평균제곱근을 재고, 첫 층의 값을 마지막 은닉층의 값으로 나눈다. 그다음 같은 다섯 층 신경망을 Fashion-MNIST 2만 장으로 학습한다(SGD 0.1, 100장씩 2000배치)."
        ),
        recipes: [
            .init(
                Words("The gradient of one arm in Swift", "Swift로 쓴 한 설정의 기울기"), .swift,
                """
                import Apus

                var key = RandomKey(seed: 1)
                let x = Tensor.normal([1000, 100], key: key.next())
                let labels = Tensor((0..<1000).map { Int32($0 % 10) })
                let widths = [100, 100, 100, 100, 100, 10]
                let kernels = widths.map { Tensor.normal([100, $0], standardDeviation: 0.1, key: key.next()) }
                let (_, gradients) = valueAndGradient(at: kernels) { kernels in
                    let h = kernels.dropLast().reduce(x) { sigmoid($0.matmul($1)) }
                    return softmaxCrossEntropy(h.matmul(kernels[5]), labels)
                }
                for gradient in gradients { print((gradient * gradient).mean().item().squareRoot()) }
                """)
        ],
        lesson: Words(
            "Refuted as taught: big weights multiply back what saturation takes away. For sigmoid the gradient vanishes with Xavier, not with N(0, 1); for tanh N(0, 1) makes it explode.",
            "배운 대로는 아니다. 포화가 없애는 만큼 큰 가중치가 다시 곱해 준다. 시그모이드에서 기울기가 사라지는 것은 N(0, 1)이 아니라 Xavier이고, tanh에서 N(0, 1)은 기울기를 폭발시킨다."
        ),
        surprise: Words(
            "What trains best for sigmoid is 4/√n (accuracy 0.84, against 0.72 with N(0, 1) and 0.14 with Xavier): its slope at 0 is 1/4, and the weights make up for that. It slows the vanishing and does not end it: at thirty layers the ratio is 1e-7. And the ratio belongs to its batch: with random labels the first layer's gradient averages out over the inputs, the last one's does not, so with four times as many inputs the sigmoid's ratio is about half.",
            "시그모이드에서 가장 잘 배우는 것은 표준편차 4/√n이다(정확도 0.84. N(0, 1)은 0.72, Xavier는 0.14). 0에서의 기울기 1/4을 가중치가 메운다. 소실을 늦출 뿐 없애지는 않는다. 30층에서 비는 1e-7이다. 그리고 이 비는 배치의 크기에 달려 있다. 무작위 레이블에서는 첫 층의 기울기가 입력에 걸쳐 상쇄되지만 마지막 층은 그렇지 않다. 그래서 입력이 네 배이면 시그모이드의 비는 절반쯤이 된다."
        ),
        next: [
            .init(
                Words("Look at the values on the way forward.", "순전파의 값을 살펴보자."), .shell, "apus lab run histograms")
        ], seeds: 10, seconds: 90, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        DenseStack.all.map {
            LabArm(
                $0.id, $0.title,
                Setting(
                    stack: $0, samples: size.of(1000, trial: 100), images: size.of(20_000, quick: 2000, trial: 500),
                    epochs: size.of(10, quick: 5, trial: 1)))
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var measurement = LabMeasurement()
        for depth in setting.depths {
            let flow = try GradientFlow(setting.stack, depth: depth, samples: setting.samples, seed: seed)
            let ratio = flow.kernels[0] / flow.kernels[depth - 1]
            measurement["ratio.\(depth)"] = ratio
            measurement["logRatio.\(depth)"] = log10(ratio)
            if depth == 5 {
                measurement.series["kernels"] = flow.kernels
                measurement.series["outputs"] = flow.outputs
                measurement.series["predicted"] = flow.predicted
                measurement["first"] = flow.kernels[0]
            }
        }
        measurement["accuracy"] = try accuracy(setting, seed: seed)
        return measurement
    }

    private func accuracy(_ setting: Setting, seed: UInt64) throws -> Double {
        let n = DenseStack.units
        let net = Sequential {
            Flatten()
            Dense(
                n, activation: setting.stack.activation.layer,
                kernelInitializer: setting.stack.scale.initializer(inputs: 784))
            for _ in 1..<5 {
                Dense(
                    n, activation: setting.stack.activation.layer,
                    kernelInitializer: setting.stack.scale.initializer(inputs: n))
            }
            Dense(Backward.classes, kernelInitializer: setting.stack.scale.initializer(inputs: n))
        }
        let data = try LabData.fashionMNIST()
        var trainer = Trainer(
            net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), metrics: [.accuracy], seed: seed)
        do {
            try trainer.fit(data.training.prefix(setting.images), epochs: setting.epochs, batchSize: 100)
        } catch is DivergenceError {
            return 1 / Double(Backward.classes)
        }
        return try trainer.evaluate(data.test)[.accuracy] ?? .nan
    }

    // MARK: Claims

    var claims: [Claim] {
        func ratio(_ arm: String) -> @Sendable (LabResults) -> Evidence { { .mean($0[arm].numbers("ratio.5")) } }
        let statistic = Words(
            "gradient of the first layer ÷ of the last hidden one, five layers", "첫 층의 기울기 ÷ 마지막 은닉층의 기울기, 다섯 층")
        return [
            Claim(
                "one-vanishes",
                Words(
                    "Sigmoid, N(0, 1): the first layer receives less than a hundredth of the last one's gradient.",
                    "시그모이드, N(0, 1): 첫 층의 기울기는 마지막 층의 100분의 1보다 작다."),
                statistic: statistic, .atMost(0.01), basis: .measured, isTaught: true, evidence: ratio("sigmoid-one")),
            Claim(
                "xavier-vanishes",
                Words(
                    "Sigmoid, Xavier: the first layer receives less than a hundredth.",
                    "시그모이드, Xavier: 첫 층의 기울기는 100분의 1보다 작다."),
                statistic: statistic, .atMost(0.01), basis: .measured, evidence: ratio("sigmoid-xavier")),
            Claim(
                "slope-helps",
                Words(
                    "Sigmoid: with 4/√n the first layer receives at least ten times as much as with Xavier.",
                    "시그모이드: 4/√n이면 Xavier보다 10배 이상 받는다."),
                statistic: Words("ratio with 4/√n ÷ ratio with Xavier", "4/√n의 비 ÷ Xavier의 비"), .atLeast(10),
                basis: .measured
            ) { .mean($0.ratios("ratio.5", "sigmoid-slope", over: "sigmoid-xavier")) },
            Claim(
                "tanh-explodes",
                Words(
                    "Tanh, N(0, 1): the gradient explodes: the first layer receives at least ten times as much as the last.",
                    "tanh, N(0, 1): 기울기가 폭발한다. 첫 층이 마지막 층의 10배 이상을 받는다."),
                statistic: statistic, .atLeast(10), basis: .measured, evidence: ratio("tanh-one")),
            Claim(
                "tanh-xavier-keeps",
                Words("Tanh, Xavier: every layer receives as much.", "tanh, Xavier: 모든 층이 비슷하게 받는다."),
                statistic: statistic, .within(0.8...1.4), basis: .measured, isTaught: true,
                evidence: ratio("tanh-xavier")
            ),
            Claim(
                "ratio-ranks",
                Words(
                    "The ratio at the start ranks the networks by what they learn.",
                    "시작할 때의 비는 무엇을 배울지를 순위대로 알려 준다."),
                statistic: Words(
                    "rank correlation over arms of −|log ratio| and test accuracy", "설정들에서 −|log 비|와 테스트 정확도의 순위 상관"),
                .atLeast(0.5), basis: .predicted
            ) { results in
                .mean(
                    results.seeds.indices.map { seed in
                        Rank.correlation(
                            results.arms.map { -abs($0.numbers("logRatio.5")[seed]) },
                            results.arms.map { $0.numbers("accuracy")[seed] })
                    })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let activations = LabFigure.Control(
            Words("Activation", "활성화 함수")[language], .choice,
            options: DenseStack.Activation.allCases.map(\.rawValue))
        func arm(_ choice: Int, _ scale: DenseStack.Scale) -> LabResults.Arm {
            results[DenseStack(activation: DenseStack.Activation.allCases[choice], scale: scale).id]
        }
        let layer = Axis(Words("Layer", "층")[language])
        return [
            LabFigure(
                "by-layer",
                caption: Words(
                    "The gradient to the kernel of each of five layers. A line that falls to the left vanishes, one that rises to the left explodes.",
                    "다섯 층 각각의 커널에 대한 기울기. 왼쪽으로 내려가면 소실, 올라가면 폭발이다.")[language],
                controls: [activations]
            ) { choice in
                LineChart(
                    "", x: layer,
                    y: Axis(Words("Gradient, root mean square", "기울기의 제곱평균제곱근")[language], scale: .logarithmic),
                    series: DenseStack.Scale.allCases.map { scale in
                        let band = arm(choice[0], scale).band("kernels")
                        return LineChart.Series(
                            scale.title[language], y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
            LabFigure(
                "formula",
                caption: Words(
                    "Why: on its way back through a layer the squared gradient grows by n·σ²·E[φ′²], slope of the activation and size of the weights together. Dashed is that product, solid what was measured.",
                    "까닭: 한 층을 거슬러 올라갈 때 기울기의 제곱은 n·σ²·E[φ′²]배가 된다. 활성화의 기울기와 가중치의 크기가 함께 정한다. 점선은 그 곱, 실선은 측정값이다.")[
                        language],
                controls: [activations]
            ) { choice in
                LineChart(
                    "", x: layer,
                    y: Axis(Words("Gradient to the layer's output", "층 출력에 대한 기울기")[language], scale: .logarithmic),
                    series: DenseStack.Scale.allCases.enumerated().flatMap { place, scale in
                        let arm = arm(choice[0], scale)
                        return [
                            LineChart.Series(
                                scale.title[language], y: arm.band("outputs").mean, paint: .category(place)),
                            LineChart.Series(
                                "\(scale.title[language]): n·σ²·E[φ′²]", y: arm.band("predicted").mean, style: .dashed,
                                paint: .category(place)),
                        ]
                    })
            },
            LabFigure(
                "depth",
                caption: Words(
                    "The first layer's gradient divided by the last hidden layer's, against the depth.",
                    "깊이에 따른 첫 층의 기울기 ÷ 마지막 은닉층의 기울기.")[language],
                controls: [activations]
            ) { choice in
                let depths = [2, 5, 10, 20, 30]
                return LineChart(
                    "", x: Axis(Words("Layers", "층의 수")[language]),
                    y: Axis(Words("First ÷ last", "첫 층 ÷ 마지막 층")[language], scale: .logarithmic),
                    series: DenseStack.Scale.allCases.map { scale in
                        LineChart.Series(
                            scale.title[language], x: depths.map(Double.init),
                            y: depths.map { pow(10, arm(choice[0], scale).mean("logRatio.\($0)")) })
                    })
            },
            LabFigure(
                "accuracy",
                caption: Words(
                    "What five layers learn: test accuracy on Fashion-MNIST against the ratio at the start. Very small ratios learn nothing. A ratio near 1 is not enough: with 0.01 all gradients are equally tiny.",
                    "다섯 층이 배우는 것: 시작할 때의 비에 따른 Fashion-MNIST 테스트 정확도. 비가 아주 작으면 배우지 못한다. 비가 1에 가깝다고 충분한 것도 아니다. 0.01에서는 모든 기울기가 똑같이 아주 작다."
                )[language],
                chart: ScatterChart(
                    "", x: Axis(Words("First ÷ last at the start", "시작할 때 첫 층 ÷ 마지막 층")[language], scale: .logarithmic),
                    y: Axis(Words("Test accuracy", "테스트 정확도")[language], range: 0...1),
                    groups: DenseStack.Activation.allCases.map { activation in
                        let arms = DenseStack.Scale.allCases.map {
                            results[DenseStack(activation: activation, scale: $0).id]
                        }
                        return ScatterChart.Group(
                            activation.rawValue, x: arms.map { pow(10, $0.mean("logRatio.5")) },
                            y: arms.map { $0.mean("accuracy") })
                    })),
        ]
    }
}

/// The gradient on its way back through a stack of dense layers, at the start.
package struct GradientFlow {
    /// The root mean square of the gradient to each hidden kernel, from the first.
    package let kernels: [Double]
    /// The same to each hidden layer's output, per sample.
    let outputs: [Double]
    /// What n·σ²·E[φ′²] makes of the last of them, layer by layer.
    let predicted: [Double]

    package init(_ stack: DenseStack, depth: Int, samples: Int, seed: UInt64) throws {
        var key = RandomKey(seed: seed).child("stack")
        let n = DenseStack.units
        let x = Tensor.normal([samples, n], key: key.next())
        let layers = (0..<depth).map { _ in stack.scale.kernel(n, n, key.next()) }
        let head = stack.scale.kernel(n, Backward.classes, key.next())
        let labels = floor(Tensor.uniform([samples], key: key.next()) * Float(Backward.classes)).cast(to: .int32)
        let net = Sequential {
            for _ in 0..<depth { Dense(n, activation: stack.activation.layer, useBias: false) }
            Dense(Backward.classes, useBias: false)
        }
        var weights = try net.initialized(input: [n], seed: seed)
        for (path, kernel) in zip(weights.paths, layers + [head]) { try weights.setValue(path, kernel) }
        let signals = try LayerRecorder(net, loss: .softmaxCrossEntropy)(weights, Batch(inputs: x, targets: labels))
        let hidden = signals.layers.prefix(depth)
        // One program for all of them.
        let squares =
            (signals.gradients.prefix(depth).map(\.value) + hidden.map(\.gradient)
            + hidden.map { stack.activation.slope($0.output) }).map { ($0 * $0).mean() }
        try evaluate(squares)
        let roots = squares.map { Double($0.item()).squareRoot() }
        kernels = Array(roots[..<depth])
        let outputs = Array(roots[depth..<(2 * depth)])
        self.outputs = outputs
        let slopes = roots[(2 * depth)...]
        let growth = stack.scale.deviation(Double(n)) * Double(n).squareRoot()
        var predicted = outputs
        for layer in (0..<(depth - 1)).reversed() {
            predicted[layer] = predicted[layer + 1] * growth * slopes[slopes.startIndex + layer + 1]
        }
        self.predicted = predicted
    }
}
