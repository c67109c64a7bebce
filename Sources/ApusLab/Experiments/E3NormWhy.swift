import Apus
import ApusCharts
import ApusTraining
import Foundation

/// E3: two explanations of batch normalization, put to the test.
struct NormWhy: LabExperiment {
    /// Networks of many depths at the start, or one that is trained on Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var net: DeepNet
        /// The depths at which the gradient is measured at the start; the network is not trained.
        var depths: [Int] = []
        var samples = 100
        var images = 0
        var steps = 0
    }

    static let rate = 0.1
    /// The hidden layer whose inputs are looked at, of ten.
    static let layer = 5
    static let looks = 20
    static let probes = 500
    /// The multiples of the step that are tried along the gradient.
    static let multiples = [0.5, 1, 2, 4]

    let about = LabAbout(
        "bn-why", number: "E3", part: .normalization, title: Words("Is it covariate shift?", "배치 정규화는 왜"),
        question: Words(
            "Why does batch normalization help: because layer inputs rest, because gradients stay in bounds?",
            "배치 정규화는 왜 돕는가? 층의 입력이 안정되어서인가, 기울기가 폭발하지 않아서인가?"),
        taught: [
            .init(
                Words(
                    "Batch normalization reduces internal covariate shift: the inputs of a layer keep their distribution while the layers before it change.",
                    "배치 정규화는 내부 공변량 변화를 줄인다. 앞의 층들이 변해도 층의 입력 분포가 유지된다."),
                source: "Ioffe & Szegedy (2015); most courses"),
            .init(
                Words(
                    "Batch normalization fundamentally prevents vanishing and exploding gradients.",
                    "배치 정규화는 기울기 소실과 폭발을 근본적으로 막는다."),
                source: "course notes on batch normalization"),
        ],
        setup: Words(
            "At the start: ReLU networks of 5, 10, 20 and 50 layers of 100 units, He's start values, 100 or 1000 normal inputs of 100 numbers, random labels; the gradient to the first kernel divided by that to the last hidden one. In training: 784-10×100-10 with ReLU on Fashion-MNIST, batches of 100, SGD 0.1, 1000 steps: plain, with batch normalization, and with noise after the normalization that shifts each unit by −0.5 to 0.5 and scales it by 1 to 1.25 anew in every step, a fifth of that for each image; also with four times that noise. Every 50 steps what the fifth hidden layer's activation receives is looked at on 500 images, and the loss at 1/2, 1, 2 and 4 times the step along the gradient. Test accuracy is that on 2000 images with their own statistics, and with noise where there was noise.",
            "시작할 때: 유닛 100개인 ReLU 층이 5, 10, 20, 50개인 신경망, He 초깃값, 정규분포 입력 100개 또는 1000개(수 100개씩), 무작위 레이블. 첫 커널의 기울기를 마지막 은닉 커널의 기울기로 나눈다. 학습: Fashion-MNIST에서 ReLU를 쓰는 784-10×100-10 신경망, 배치 100, SGD 0.1, 1000걸음. 그대로, 배치 정규화, 그리고 정규화 뒤에 걸음마다 유닛을 새로 −0.5–0.5만큼 옮기고 1–1.25배로 늘이는 잡음(이미지마다는 그 5분의 1)과 그 네 배의 잡음을 넣은 경우이다. 50걸음마다 이미지 500장으로 다섯째 은닉층의 활성화 함수가 받는 값과, 기울기 방향으로 걸음의 1/2, 1, 2, 4배 간 곳의 손실을 본다. 테스트 정확도는 이미지 2000장 자신의 통계로, 잡음이 있던 곳에는 잡음을 넣어 잰다."
        ),
        recipes: [
            .init(
                Words("Noise after batch normalization in Swift", "배치 정규화 뒤에 넣는 잡음(Swift)"), .swift,
                """
                import Apus

                let noise = Lambda("noise") { x, context in
                    guard context.mode == .training else { return x }
                    return x + context.normal([1, x.shape[-1]], standardDeviation: 0.5)
                }
                let net = Sequential {
                    Flatten()
                    Dense(100, useBias: false); BatchNorm(); noise; ActivationLayer(.relu)
                    Dense(10)
                }
                print(try net.initialized(input: [28, 28], seed: 1).paths)
                """)
        ],
        lesson: Words(
            "The course's second reason is false at the start: in fifty layers of ReLU with batch normalization the gradient grows 13,000-fold, where without it it keeps its size. Whether the first is the reason stays open here: noise that makes a layer's inputs drift more than in the plain network (0.36 against 0.21) takes 1.5 of the 1.9 points that batch normalization gains. It ends near the plain network (0.845 and 0.841, undecided), but noise also harms by itself: the training loss is higher.",
            "둘째 이유는 시작할 때 성립하지 않는다. 배치 정규화를 쓴 ReLU 50층에서 기울기는 1만 3천 배로 커지는데, 쓰지 않으면 크기가 유지된다. 첫째가 이유인지는 여기서 가려지지 않는다. 층의 입력을 일반 신경망보다 더 움직이게 하는 잡음(0.36 대 0.21)을 넣으면 배치 정규화의 이득 1.9 %포인트 가운데 1.5가 사라져 일반 신경망과 비슷해진다(0.845 대 0.841, 미정). 다만 잡음은 그 자체로도 해로워 훈련 손실이 더 높다."
        ),
        surprise: Words(
            "With skips the growth is no longer exponential: 19-fold at fifty layers, still more than expected. What batch normalization does change is the way down: along the gradient the loss varies an eighth as much. And the number belongs to its batch: with 1000 inputs the gradient grows 4500-fold, for with random labels the first layer's averages out over the inputs. Four times the noise does harm (0.69).",
            "잔차 연결이 있으면 지수적으로 커지지 않는다. 50층에서 19배인데, 그래도 예상보다는 크다. 배치 정규화가 실제로 바꾸는 것은 내려가는 길이다. 기울기 방향으로 손실이 8분의 1만큼만 변한다. 그리고 이 배수는 배치의 크기에 달려 있다. 입력이 1000개면 4500배인데, 무작위 레이블에서는 첫 층의 기울기가 입력에 걸쳐 상쇄되기 때문이다. 네 배의 잡음은 해롭다(0.69)."
        ),
        next: [
            .init(
                Words("See what it buys: larger steps.", "그 대가로 얻는 것, 더 큰 학습률을 보자."), .shell, "apus lab run bn-rate")
        ], seeds: 20, seconds: 45)

    static let kinds: [(id: String, title: Words)] = [
        ("plain", Words("plain", "그대로")), ("norm", Words("batch normalization", "배치 정규화")),
        ("noise", Words("batch normalization, noise", "배치 정규화 뒤 잡음")),
        ("strong-noise", Words("four times the noise", "네 배의 잡음")),
    ]
    static let flows: [(id: String, title: Words)] = [
        ("flow-plain", Words("plain", "그대로")), ("flow-norm", Words("batch normalization", "배치 정규화")),
        ("flow-skips", Words("batch normalization and skips", "배치 정규화와 잔차 연결")),
        ("flow-many-norm", Words("batch normalization, 1000 inputs", "배치 정규화, 입력 1000개")),
    ]

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func net(_ id: String) -> DeepNet {
            DeepNet(
                depth: 10, isNormalized: !id.hasSuffix("plain"), hasSkips: id.hasSuffix("skips"),
                noise: id == "noise" ? 0.5 : id == "strong-noise" ? 2 : 0)
        }
        return NormWhy.flows.map { id, title in
            LabArm(
                id, Words("\(title.english), at the start", "\(title.korean), 시작할 때"),
                Setting(
                    net: net(id), depths: size.of([5, 10, 20, 50], trial: [50]),
                    samples: size.of(id.contains("many") ? 1000 : 100, trial: 20)))
        }
            + NormWhy.kinds.map { id, title in
                LabArm(
                    id, Words("\(title.english), trained", "\(title.korean), 학습"),
                    Setting(
                        net: net(id), images: size.of(20_000, trial: 100), steps: size.of(1000, quick: 200, trial: 2)))
            }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        setting.depths.isEmpty ? try trained(setting, seed: seed) : try flow(setting, seed: seed)
    }

    /// The gradient of many depths at the start.
    private func flow(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        var key = RandomKey(seed: seed).child("flow")
        let x = Tensor.normal([setting.samples, setting.net.units], key: key.next())
        let labels = Tensor.uniform([setting.samples], key: key.next()).scalars.map { min(9, Int($0 * 10)) }
        let data = try Dataset(inputs: x, labels: labels, classNames: (0..<10).map(String.init))
        var measurement = LabMeasurement()
        for depth in setting.depths {
            var net = setting.net
            net.depth = depth
            let start = LabSteps(
                net: net.model, optimizer: .sgd(learningRate: NormWhy.rate), batch: setting.samples, steps: 0,
                seed: seed)
            _ = try start.run(on: data) { look in
                let sizes = Array(try look.gradients().kernelSizes.prefix(depth))
                measurement["ratio.\(depth)"] = sizes[0] / sizes[depth - 1]
                measurement["logRatio.\(depth)"] = log10(sizes[0] / sizes[depth - 1])
                measurement.series["gradients.\(depth)"] = sizes
            }
        }
        return measurement
    }

    /// A training, what a layer receives on the way, and how the loss changes along the gradient.
    private func trained(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let net = setting.net.model
        let part = setting.net.part(before: NormWhy.layer - 1)
        let data = try LabData.fashion(training: setting.images, test: 2000, seed: seed)
        let probes = try LabData.arrays(data.training.prefix(NormWhy.probes)).inputs
        let steps = LabSteps(
            net: net, optimizer: .sgd(learningRate: NormWhy.rate), steps: setting.steps, seed: seed,
            every: max(1, setting.steps / NormWhy.looks))
        var key = RandomKey(seed: seed).child("probes")
        var (drifts, variations, at): ([Double], [Double], [Double]) = ([], [], [])
        var percentiles: [[Double]] = [[], [], []]
        var means: [Double]?
        let result = try steps.run(on: data.training) { look in
            let received = try part.applied(
                to: probes, with: look.state.evaluatedVariables, mode: .training, key: key.next()
            ).output.evaluated()
            let units = UnitMoments(received)
            if let means { drifts.append(units.distance(to: means)) }
            means = units.means
            for (place, percentile) in units.percentiles.enumerated() { percentiles[place].append(percentile) }
            variations.append(try variation(look))
            at.append(Double(look.state.step))
        }
        let weights = result.state.evaluatedVariables
        // With the statistics of the batch, and with noise where there is noise: the network as it was trained.
        let (inputs, labels) = try LabData.arrays(data.test)
        let scores = net.applied(to: inputs, with: weights, mode: .training, key: key.next()).output
        let right = zip(scores.argmax(axis: -1).scalars, labels).count { Int($0) == $1 }
        return LabMeasurement(
            [
                "drift": drifts.mean, "logDrift": log10(drifts.mean), "variation": variations.mean,
                "logVariation": log10(variations.mean), "loss": result.losses.last ?? .nan,
                "accuracy": Double(right) / Double(labels.count),
                "inference": try LabData.accuracy(net, weights, on: data.test),
            ],
            series: [
                "loss": result.losses, "drift": drifts, "variation": variations, "lower": percentiles[0],
                "middle": percentiles[1], "upper": percentiles[2], "steps": at,
            ])
    }

    /// The range of the batch's loss on the way along its gradient.
    private func variation(_ look: LabSteps.Look) throws -> Double {
        let gradients = try look.gradients()
        let losses = try NormWhy.multiples.map { multiple in
            var state = look.state
            try look.training.update(&state, gradients, learningRate: multiple * NormWhy.rate)
            return try look.training.gradients(&state, look.batch).result.loss
        }
        let all = losses + [gradients.result.loss]
        return all.max()! - all.min()!
    }

    // MARK: Claims

    var claims: [Claim] {
        let ratio = Words(
            "gradient of the first layer ÷ of the last hidden one, fifty layers", "첫 층의 기울기 ÷ 마지막 은닉층의 기울기, 50층")
        return [
            Claim(
                "cures-explosion",
                Words(
                    "Fifty layers of ReLU with batch normalization: the first receives at most a hundred times the last one's gradient.",
                    "배치 정규화를 쓴 ReLU 50층: 첫 층의 기울기는 마지막 층의 100배를 넘지 않는다."),
                statistic: ratio, .atMost(100), basis: .measured, isTaught: true,
                evidence: Evidence.mean(of: "ratio.50", in: "flow-norm")),
            Claim(
                "plain-keeps",
                Words(
                    "Fifty layers without it, He's start values: both are within a factor of ten.",
                    "배치 정규화 없이 He 초깃값을 쓴 50층: 두 기울기의 차이는 10배 이내이다."),
                statistic: ratio, .within(0.1...10), basis: .measured,
                evidence: Evidence.mean(of: "ratio.50", in: "flow-plain")),
            Claim(
                "skips-help",
                Words(
                    "Fifty layers with it and skips: the first receives at most ten times as much.",
                    "배치 정규화와 잔차 연결을 쓴 50층: 첫 층의 기울기는 10배를 넘지 않는다."),
                statistic: ratio, .atMost(10), basis: .predicted,
                evidence: Evidence.mean(of: "ratio.50", in: "flow-skips")),
            Claim(
                "less-drift",
                Words(
                    "Batch normalization reduces the drift of what a layer receives.",
                    "배치 정규화는 층이 받는 값의 변화를 줄인다."),
                statistic: Words(
                    "power of ten of: drift of the units' means in 50 steps, in their standard deviations, with ÷ without",
                    "50걸음 동안 유닛 평균의 이동(표준편차 단위), 배치 정규화 ÷ 없음의 상용로그"),
                .atMost(0), basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "logDrift", "norm", minus: "plain")),
            Claim(
                "drift-harms",
                Words(
                    "With noise that restores the shift, the network is worse than without batch normalization.",
                    "잡음으로 변화를 되살리면 배치 정규화가 없는 신경망보다 못하다."),
                statistic: Words("test accuracy, normalized with noise − plain", "테스트 정확도, 배치 정규화 뒤 잡음 − 그대로"),
                .atMost(0),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "accuracy", "noise", minus: "plain")),
            Claim(
                "smoother",
                Words(
                    "With batch normalization the loss changes less along the gradient.",
                    "배치 정규화를 쓰면 기울기 방향의 손실이 덜 변한다."),
                statistic: Words(
                    "power of ten of: range of the loss between 0 and 4 steps along the gradient, with ÷ without",
                    "기울기 방향 0–4걸음 사이 손실의 범위, 배치 정규화 ÷ 없음의 상용로그"), .atMost(0), basis: .predicted,
                evidence: Evidence.difference(of: "logVariation", "norm", minus: "plain")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let depths = [5, 10, 20, 50]
        let step = Axis(Words("Step", "걸음")[language])
        func curves(_ name: String) -> [LineChart.Series] {
            NormWhy.kinds.map { id, title in
                let band = results[id].band(name)
                let steps = results[id].series("steps").first ?? []
                return LineChart.Series(
                    title[language], x: Array(steps.suffix(band.mean.count)), y: band.mean, lower: band.lower,
                    upper: band.upper)
            }
        }
        return [
            LabFigure(
                "depth",
                caption: Words(
                    "The first layer's gradient divided by the last hidden layer's at the start, against the depth. Dashed: 1.21 for each layer, the factor √(π/(π − 1)) that theory gives for ReLU after batch normalization.",
                    "시작할 때 첫 층의 기울기 ÷ 마지막 은닉층의 기울기와 깊이. 점선은 층마다 1.21배, 배치 정규화 뒤의 ReLU에 대해 이론이 주는 √(π/(π − 1))이다.")[
                        language],
                chart: LineChart(
                    "", x: Axis(Words("Hidden layers", "은닉층의 수")[language]),
                    y: Axis(Words("First ÷ last", "첫 층 ÷ 마지막 층")[language], scale: .logarithmic),
                    series: NormWhy.flows.map { id, title in
                        LineChart.Series(
                            title[language], x: depths.map(Double.init),
                            y: depths.map { pow(10, results[id].mean("logRatio.\($0)")) })
                    } + [
                        LineChart.Series(
                            Words("theory", "이론")[language], x: depths.map(Double.init),
                            y: depths.map { pow(Double.pi / (Double.pi - 1), Double($0 - 1) / 2) }, style: .dashed,
                            paint: .mutedInk)
                    ])),
            LabFigure(
                "gradients",
                caption: Words(
                    "The gradient to the kernel of each of fifty layers at the start.",
                    "시작할 때 50층 각각의 커널에 대한 기울기.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Layer", "층")[language]),
                    y: Axis(Words("Gradient, root mean square", "기울기의 제곱평균제곱근")[language], scale: .logarithmic),
                    series: NormWhy.flows.map { id, title in
                        LineChart.Series(title[language], y: results[id].band("gradients.50").mean)
                    })),
            LabFigure(
                "inputs",
                caption: Words(
                    "What one unit of the fifth layer receives from 500 images while the network is trained, seed 1: the median, with a band from the 15th to the 85th percentile. Does it rest, and does that decide the accuracy?",
                    "학습하는 동안 다섯째 층의 한 유닛이 이미지 500장에서 받는 값(시드 1). 선은 중앙값, 띠는 15–85백분위수이다. 분포가 안정되는가? 그것이 정확도를 정하는가?")[
                        language],
                chart: LineChart(
                    "", x: step, y: Axis(Words("Value before the activation", "활성화 함수가 받는 값")[language]),
                    series: NormWhy.kinds.map { id, title in
                        func first(_ name: String) -> [Double] { results[id].series(name).first ?? [] }
                        return LineChart.Series(
                            title[language], x: first("steps"), y: first("middle"), lower: first("lower"),
                            upper: first("upper"))
                    })),
            LabFigure(
                "training",
                caption: Words(
                    "On the way, a point every 50 steps, with a band from the least to the greatest seed.",
                    "학습 과정, 50걸음마다 한 점. 띠는 시드의 최소–최대이다.")[language],
                controls: [
                    .init(
                        Words("Shown", "보기")[language], .choice,
                        options: [
                            Words("loss", "손실")[language], Words("drift", "변화")[language],
                            Words("loss along the gradient", "기울기 방향의 손실")[language],
                        ])
                ]
            ) { choice in
                let titles = [
                    Words("Training loss", "훈련 손실"),
                    Words("Drift of means, standard deviations", "평균의 이동(표준편차 단위)"),
                    Words("Range of the loss", "손실의 범위"),
                ]
                return LineChart(
                    "", x: step, y: Axis(titles[choice[0]][language], scale: .logarithmic),
                    series: curves(["loss", "drift", "variation"][choice[0]]))
            },
        ]
    }
}

/// What the units of a layer receive from a batch, [samples, units].
private struct UnitMoments {
    /// The mean of each unit.
    let means: [Double]
    /// The root mean square over units of their standard deviations.
    let deviation: Double
    /// The 15th, 50th and 85th percentile of the first unit's values.
    let percentiles: [Double]

    init(_ values: Tensor) {
        means = values.mean(axes: [0]).scalars.map(Double.init)
        let centered = values - values.mean(axes: [0], keepingAxes: true)
        deviation = Double((centered * centered).mean().item()).squareRoot()
        let first = values[0..., 0..<1].scalars.map(Double.init).sorted()
        percentiles = [0.15, 0.5, 0.85].map { first[Int($0 * Double(first.count - 1))] }
    }

    /// How far the means are from earlier ones, root mean square, in standard deviations.
    func distance(to earlier: [Double]) -> Double {
        zip(means, earlier).map { ($0 - $1) * ($0 - $1) }.mean.squareRoot() / deviation
    }
}
