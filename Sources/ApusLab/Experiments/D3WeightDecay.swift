import Apus
import ApusCharts
import Foundation

/// D3: what a pull of all weights to zero does, and whether it is the same as a penalty.
struct WeightDecay: LabExperiment {
    /// A network 784-6×100-10 on 300 images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        /// λ of ½ λ Σ w², or of the step w ← w − η λ w.
        var factor = 0.0
        var isNormalized = false
        var epochs: Int
        var images: Int
        var others: Int
    }

    enum Kind: String, Codable {
        /// No penalty at all.
        case none
        /// SGD and a penalty.
        case penalty
        /// SGD and decoupled decay.
        case decay
        case adamPenalty
        case adamDecay

        var isAdam: Bool { self == .adamPenalty || self == .adamDecay }
        var isPenalty: Bool { self == .penalty || self == .adamPenalty }
    }

    static let factors = [0, 0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 1]
    /// λ of the course.
    static let book = 0.1
    static let edge = 0.4
    static let bins = 41

    let about = LabAbout(
        "weight-decay", number: "D3", part: .overfitting, title: Words("Small weights", "가중치 감소"),
        question: Words(
            "Does a penalty on large weights cure overfitting, and is it the same as decay?",
            "큰 가중치에 벌점을 주면 과적합이 줄어드는가? 그것은 가중치 감소와 같은가?"),
        taught: [
            .init(
                Words(
                    "With ½ λ Σ w², λ = 0.1, the gap between training and test accuracy shrinks, and the training accuracy no longer reaches 100 %.",
                    "½ λ Σ w²에 λ = 0.1이면 훈련 정확도와 테스트 정확도의 차이가 줄고, 훈련 정확도가 100 %에 이르지 못한다."),
                source: "Deep Learning from Scratch, chapter 6"),
            .init(
                Words(
                    "L2 regularization and weight decay are mathematically the same.", "L2 규제와 가중치 감소는 수학적으로 같다."),
                source: "a tutorial on overfitting"),
        ],
        setup: Words(
            "784-6×100-10, ReLU, He, on 300 images of Fashion-MNIST, which the seed draws; batches of 100, 200 epochs, SGD 0.01, as in the course. The penalty is ½ λ Σ w² on all kernels, λ from 0 to 1. Decoupled decay subtracts η λ w from each kernel in each step. Both also with Adam 0.001, λ = 0.1, and the penalty with batch normalization. Losses are shown without the penalty; accuracy is that of 2000 test images.",
            "시드가 뽑은 Fashion-MNIST 300장으로 784-6×100-10 신경망(ReLU, He)을 강의처럼 배치 100, SGD 0.01로 200에포크 학습한다. 벌점은 모든 커널에 대한 ½ λ Σ w²이고 λ는 0부터 1까지이다. 분리된 감소는 걸음마다 커널에서 η λ w를 뺀다. 둘 다 Adam 0.001과 λ = 0.1로도 해 보고, 벌점은 배치 정규화와 함께도 해 본다. 손실에는 벌점을 넣지 않으며, 정확도는 테스트 2000장에서 잰다."
        ),
        recipes: [
            .init(
                Words(
                    "The course's arm as an experiment file; λ there is twice the factor here",
                    "실험 파일로 쓴 강의의 설정. 강의의 λ는 여기 계수의 두 배이다"),
                .yaml,
                """
                name: weight-decay
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.995}}   # 300 images to train on
                model:
                  - flatten
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                  - dense: {units: 10, kernelInitializer: heNormal, kernelRegularizer: {l2: 0.05}}
                optimizer: {sgd: {learningRate: 0.01}}
                schedule: constant
                batchSize: 100
                epochs: 200
                """)
        ],
        lesson: Words(
            "λ = 0.1 narrows the gap by 28 %: the training accuracy falls from 1 to 0.947, and the test accuracy rises by 2.3 points. A little more, λ = 0.3, and the network learns hardly anything. With SGD penalty and decay are the same rule; with Adam they are two.",
            "λ = 0.1은 차이를 28 % 줄인다. 훈련 정확도는 1에서 0.947로 내려가고 테스트 정확도는 2.3 %포인트 오른다. λ = 0.3만 되어도 거의 배우지 못한다. SGD에서 벌점과 감소는 같은 규칙이지만 Adam에서는 서로 다르다."
        ),
        surprise: Words(
            "With Adam and the same λ the norm ends at 5.8 with the penalty and at 33 with decay: Adam scales every gradient to a step of about its rate, that of the penalty included. With SGD both differ only by rounding, 3e-7 after an epoch, yet 0.02 after 200: training lets rounding grow. And with batch normalization the same λ narrows nothing; the gap is 7 % larger.",
            "Adam에서는 같은 λ라도 노름이 벌점이면 5.8, 감소이면 33에서 끝난다. Adam은 벌점의 기울기까지 포함해 모든 기울기를 학습률 크기의 걸음으로 바꾸기 때문이다. SGD에서 둘의 차이는 반올림뿐이어서 한 에포크 뒤에는 3e-7이지만 200에포크 뒤에는 0.02가 된다. 학습이 반올림을 키운다. 그리고 배치 정규화가 있으면 같은 λ가 차이를 줄이지 못하며, 차이는 오히려 7 % 크다."
        ),
        next: [
            .init(
                Words("Compare it with a hard ceiling.", "단단한 천장과 비교해 보자."), .shell, "apus lab run constraints")
        ], seeds: 10, seconds: 40, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ id: String, _ title: Words, _ kind: Kind, _ factor: Double, normalized: Bool = false) -> LabArm<
            Setting
        > {
            LabArm(
                id, title,
                Setting(
                    kind: kind, factor: factor, isNormalized: normalized, epochs: size.of(200, quick: 60, trial: 2),
                    images: size.of(300, trial: 100), others: size.of(2000, quick: 1000, trial: 100)))
        }
        let l2 = WeightDecay.factors.map { arm("l2-\($0)", Words("λ = \(Self.text($0))"), .penalty, $0) }
        let book = WeightDecay.book
        return [arm("none", Words("no penalty", "벌점 없음"), .none, 0)] + l2 + [
            arm("decay", Words("decay, λ = 0.1", "감소, λ = 0.1"), .decay, book),
            arm("adam-l2", Words("Adam, penalty", "Adam, 벌점"), .adamPenalty, book),
            arm("adam-decay", Words("Adam, decay", "Adam, 감소"), .adamDecay, book),
            arm("bn-0", Words("batch norm, λ = 0", "배치 정규화, λ = 0"), .penalty, 0, normalized: true),
            arm("bn-0.1", Words("batch norm, λ = 0.1", "배치 정규화, λ = 0.1"), .penalty, book, normalized: true),
        ]
    }

    static func text(_ factor: Double) -> String { factor == 0 ? "0" : factor == 1 ? "1" : "\(factor)" }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try LabData.fashion(
            training: setting.images, validation: setting.others / 2, test: setting.others, seed: seed)
        let trained = try LabCurves(
            net: net(setting), measured: net(setting, isPenalized: false), optimizer: optimizer(setting),
            epochs: setting.epochs, seed: seed, points: LabCurves.points(upTo: setting.epochs)
        ).run(on: data)
        var measurement = trained.measurement
        let kernels = trained.weights.kernels.flatMap { $0.scalars.map(Double.init) }
        measurement["norm"] = trained.weights.kernelNorm
        measurement["fingerprint"] = trained.weights.fingerprint
        measurement.series["weights"] = Spread.counts(kernels, in: -Self.edge...Self.edge, bins: Self.bins)
        if setting.kind == .decay {
            var other = setting
            other.kind = .penalty
            let pairs = zip(
                try path(setting, on: data.training, seed: seed), try path(other, on: data.training, seed: seed))
            let differences = pairs.map { $0.relativeDifference(to: $1) }
            measurement.series["differences"] = differences
            measurement["difference.first"] = differences.first
            measurement["difference.last"] = differences.last
        }
        return measurement
    }

    /// The weights after each of the epochs that are looked at.
    private func path(_ setting: Setting, on samples: Dataset, seed: UInt64) throws -> [Variables] {
        let points = Set(LabCurves.points(upTo: setting.epochs))
        let stepsPerEpoch = (samples.count + 99) / 100
        var found: [Variables] = []
        let training = LabSteps(
            net: net(setting), optimizer: optimizer(setting), steps: setting.epochs * stepsPerEpoch, seed: seed,
            every: stepsPerEpoch)
        _ = try training.run(on: samples) { look in
            if points.contains(look.state.step / stepsPerEpoch) { found.append(look.state.evaluatedVariables) }
        }
        return found
    }

    private func net(_ setting: Setting, isPenalized: Bool = true) -> Sequential {
        DenseNet(
            hidden: Array(repeating: 100, count: 6), isNormalized: setting.isNormalized,
            regularizer: isPenalized && setting.kind.isPenalty ? .l2(setting.factor / 2) : nil
        ).model
    }

    private func optimizer(_ setting: Setting) -> Optimizer {
        let optimizer: Optimizer = setting.kind.isAdam ? .adam(learningRate: 0.001) : .sgd(learningRate: 0.01)
        let isDecay = setting.kind == .decay || setting.kind == .adamDecay
        return isDecay ? optimizer.weightDecay(setting.factor).group("*/bias", weightDecay: 0) : optimizer
    }

    // MARK: Claims

    var claims: [Claim] {
        let difference = Words(
            "greatest difference of a weight, in parts of the greatest weight", "가중치의 최대 차이 ÷ 가장 큰 가중치")
        return [
            Claim(
                "zero-is-none",
                Words("A penalty with λ = 0 is no penalty, to the last bit.", "λ = 0인 벌점은 마지막 비트까지 벌점이 없는 것과 같다."),
                statistic: Words("seeds in which a weight differs", "가중치가 하나라도 다른 시드의 비율"), .equal(to: 0),
                basis: .theory
            ) { results in
                .mean(
                    zip(results["none"].numbers("fingerprint"), results["l2-0.0"].numbers("fingerprint")).map {
                        $0 == $1 ? 0 : 1
                    })
            },
            Claim(
                "norm-falls",
                Words("The larger λ, the smaller the weights, in every step of λ.", "λ가 클수록 가중치가 작다. λ의 모든 단계에서 그렇다."),
                statistic: Words("rank correlation of λ and the norm of the kernels", "λ와 커널 노름의 순위 상관"),
                .atMost(-0.9999), basis: .predicted, isTaught: true
            ) { results in
                .mean(
                    results.seeds.indices.map { seed in
                        Rank.correlation(
                            WeightDecay.factors,
                            WeightDecay.factors.map { results["l2-\($0)"].numbers("norm")[seed] })
                    })
            },
            Claim(
                "not-all-learned",
                Words(
                    "With λ = 0.1 the training accuracy no longer reaches 100 %.", "λ = 0.1이면 훈련 정확도가 100 %에 이르지 못한다."),
                statistic: Words("training accuracy, λ = 0.1", "훈련 정확도, λ = 0.1"), .atMost(0.9999), basis: .predicted,
                isTaught: true, evidence: Evidence.mean(of: "training.accuracy", in: "l2-0.1")),
            Claim(
                "gap-shrinks",
                Words(
                    "λ = 0.1 closes the gap between training and test accuracy by at least 30 %.",
                    "λ = 0.1은 훈련 정확도와 테스트 정확도의 차이를 30 % 이상 줄인다."),
                statistic: Words("gap with λ = 0.1 ÷ gap with λ = 0", "λ = 0.1의 차이 ÷ λ = 0의 차이"), .atMost(0.7),
                basis: .predicted, isTaught: true, evidence: Evidence.ratio(of: "gap", "l2-0.1", over: "l2-0.0")),
            Claim(
                "test-keeps",
                Words(
                    "λ = 0.1 costs at most one point of test accuracy.", "λ = 0.1이 잃는 테스트 정확도는 1 %포인트 이하이다."),
                statistic: Words("test accuracy with λ = 0.1 − with 0", "테스트 정확도, λ = 0.1 − λ = 0"), .atLeast(-0.01),
                basis: .predicted,
                evidence: Evidence.difference(of: "test.accuracy", "l2-0.1", minus: "l2-0.0")),
            Claim(
                "sgd-same",
                Words(
                    "With SGD the penalty and decoupled decay give the same weights after an epoch.",
                    "SGD에서는 한 에포크 뒤에 벌점과 분리된 감소가 같은 가중치를 준다."),
                statistic: difference, .atMost(1e-5), basis: .theory, isTaught: true,
                evidence: Evidence.mean(of: "difference.first", in: "decay")),
            Claim(
                "sgd-stays-same",
                Words("They still do after 200 epochs.", "200에포크 뒤에도 그렇다."),
                statistic: difference, .atMost(1e-5), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "difference.last", in: "decay")),
            Claim(
                "adam-same",
                Words(
                    "With Adam, too: the norms differ by less than 20 %.", "Adam에서도 그렇다. 두 노름의 차이는 20 % 미만이다."),
                statistic: Words("norm with the penalty ÷ with decay, Adam", "Adam에서 벌점의 노름 ÷ 감소의 노름"),
                .within(0.8...1.25), basis: .predicted, isTaught: true,
                evidence: Evidence.ratio(of: "norm", "adam-l2", over: "adam-decay")),
            Claim(
                "bn-too",
                Words(
                    "With batch normalization the same λ closes the gap by 30 %, too.",
                    "배치 정규화가 있어도 같은 λ가 차이를 30 % 줄인다."),
                statistic: Words(
                    "gap with λ = 0.1 ÷ gap with λ = 0, batch normalization", "배치 정규화에서 λ = 0.1의 차이 ÷ λ = 0의 차이"),
                .atMost(0.7), basis: .predicted, evidence: Evidence.ratio(of: "gap", "bn-0.1", over: "bn-0")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let factors = Self.factors
        let slider = LabFigure.Control("λ", .slider, options: factors.map(Self.text), first: 5)
        let accuracy = Words("Accuracy", "정확도")[language]
        let (training, validation) = (Words("training", "훈련")[language], Words("validation", "검증")[language])
        let positive = factors.filter { $0 > 0 }.map { (x: $0, arm: "l2-\($0)") }
        return [
            LabFigure(
                "curves",
                caption: Words(
                    "Accuracy while it learns; bands from the least to the greatest seed. Drag λ.",
                    "학습하는 동안의 정확도. 띠는 시드 가운데 최소에서 최대까지이다. λ를 끌어 보자.")[language],
                controls: [slider]
            ) { choice in
                let arm = results["l2-\(factors[choice[0]])"]
                return LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language], scale: .logarithmic), y: Axis(accuracy, range: 0...1),
                    series: [(training, "training.accuracy"), (validation, "validation.accuracy")].map { title, name in
                        let band = arm.band(name)
                        return LineChart.Series(
                            title, x: arm.band("epoch").mean, y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
            LabFigure(
                "lambda",
                caption: Words(
                    "Accuracy at the end for every λ, with 95 % intervals. The gap closes mostly because the training accuracy comes down.",
                    "λ에 따른 마지막 정확도와 95 % 구간. 차이가 줄어드는 것은 주로 훈련 정확도가 내려오기 때문이다.")[language],
                chart: LineChart(
                    "", x: Axis("λ", scale: .logarithmic), y: Axis(accuracy, range: 0...1),
                    series: [
                        results.line(training, "training.accuracy", over: positive),
                        results.line(Words("test", "테스트")[language], "test.accuracy", over: positive),
                    ], markers: [.init(at: Self.book, Words("the course", "강의")[language])])),
            LabFigure(
                "weights",
                caption: Words(
                    "All weights of the kernels after training, seed 1. Drag λ: the larger it is, the closer they lie to zero.",
                    "학습 뒤 커널의 모든 가중치(시드 1). λ를 끌어 보자. 클수록 0 가까이에 모인다.")[language],
                controls: [slider]
            ) { choice in
                let counts = results["l2-\(factors[choice[0]])"].series("weights").first ?? []
                let edges = (0...Self.bins).map { (Double($0) / Double(Self.bins) * 2 - 1) * Self.edge }
                return Histogram(
                    "", x: Axis(Words("Weight", "가중치")[language], range: -Self.edge...Self.edge),
                    y: Axis(Words("Count", "개수")[language]),
                    series: [.init("λ = \(Self.text(factors[choice[0]]))", Distribution(edges: edges, counts: counts))])
            },
            LabFigure(
                "norms",
                caption: Words(
                    "The norm of all kernels after training. With SGD penalty and decay end at the same place; with Adam they do not.",
                    "학습 뒤 전체 커널의 노름. SGD에서는 벌점과 감소가 같은 곳에서 끝나지만 Adam에서는 그렇지 않다.")[language],
                chart: BarChart(
                    "", axis: Axis(Words("Norm", "노름")[language]),
                    labels: [
                        Words("SGD, λ = 0"), Words("SGD, penalty 0.1", "SGD, 벌점 0.1"),
                        Words("SGD, decay 0.1", "SGD, 감소 0.1"),
                        Words("Adam, penalty 0.1", "Adam, 벌점 0.1"), Words("Adam, decay 0.1", "Adam, 감소 0.1"),
                    ].map { $0[language] },
                    values: ["l2-0.0", "l2-0.1", "decay", "adam-l2", "adam-decay"].map { results[$0].mean("norm") })),
            LabFigure(
                "differences",
                caption: Words(
                    "How far the weights of penalty and decay are apart under SGD. Both steps are equal but for rounding; training makes rounding grow.",
                    "SGD에서 벌점과 감소의 가중치가 서로 떨어진 정도. 두 걸음은 반올림을 빼면 같지만, 학습이 반올림을 키운다.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language], scale: .logarithmic),
                    y: Axis(Words("Greatest difference", "최대 차이")[language], scale: .logarithmic),
                    series: [results["decay"]].map { arm in
                        let band = arm.band("differences")
                        return LineChart.Series(
                            Words("penalty − decay", "벌점 − 감소")[language], x: arm.band("epoch").mean, y: band.mean,
                            lower: band.lower, upper: band.upper)
                    })),
        ]
    }
}
