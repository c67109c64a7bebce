import Apus
import ApusCharts
import ApusChecks
import Foundation

/// A6: gradients by rules beside those by differences, with right gradients and with planted faults.
struct GradientChecks: LabExperiment {
    /// What is checked.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var isRelu = false
        var isDouble = true
        var inputs = 20
        var hidden = 10
        /// The most elements of a tensor that are compared each by itself.
        var elements = 64
    }

    enum Kind: String, Codable {
        /// A small network over all steps ε.
        case curve
        case layers, losses, faults
        /// Dropout whose mask stays, or is drawn anew for each value.
        case dropoutFixed, dropoutFresh
    }

    /// The steps: 10 to the power of minus these.
    static let exponents = Array(1...12)

    let about = LabAbout(
        "gradcheck", number: "A6", part: .foundations, title: Words("Is the gradient right?", "기울기 검사"),
        question: Words(
            "Which faults does a gradient check find, and with which step?",
            "기울기 검사는 어떤 잘못을, 어떤 간격으로 찾아내는가?"),
        taught: [
            .init(
                Words(
                    "Compare with (f(x + ε) − f(x − ε)) / 2ε at ε = 1e-7: a relative error below 1e-7 is great, above 1e-3 something is wrong.",
                    "ε = 1e-7에서 (f(x + ε) − f(x − ε)) / 2ε와 비교한다. 상대 오차가 1e-7보다 작으면 좋고 1e-3보다 크면 잘못이 있다."),
                source: "deeplearning.ai, Improving Deep Neural Networks, week 1"),
            .init(
                Words(
                    "Use double precision; beware of kinks; switch dropout off, or fix its mask.",
                    "배정밀도를 쓰고, 꺾인 점에 주의하고, 드롭아웃은 끄거나 마스크를 고정한다."), source: "CS231n, Neural Networks Part 3"),
        ],
        setup: Words(
            "The relative error is ‖n − a‖ / (‖n‖ + ‖a‖), n by central differences, a by the rules of differentiation. Curves: a network 20-10-5 with cross-entropy on eight samples, ε from 1e-1 to 1e-12, in Float64 and in Float32. Layers and losses of the library: Float64, ε near 1e-5. Faults: eight gradients written with a typical mistake, and some mistakes where the data can't show them.",
            "상대 오차는 ‖n − a‖ / (‖n‖ + ‖a‖)이다. n은 중앙 차분, a는 미분 규칙으로 구한 기울기이다. 곡선: 표본 여덟 개와 교차 엔트로피의 20-10-5 신경망에서 ε를 1e-1부터 1e-12까지, Float64와 Float32로. 라이브러리의 층과 손실: Float64, ε는 1e-5 부근. 잘못: 흔한 실수를 넣어 쓴 기울기 여덟 가지, 그리고 데이터가 드러낼 수 없는 실수들."
        ),
        recipes: [
            .init(Words("Check a model", "모델 점검"), .shell, "apus gradcheck lenet5"),
            .init(
                Words("Check a function of tensors, in Swift", "텐서 함수의 점검(Swift)"), .swift,
                """
                import Apus
                import ApusChecks

                let x = Tensor.normal([8, 20], key: RandomKey(seed: 1))
                let w = Tensor.normal([20, 5], key: RandomKey(seed: 2))
                print(try gradcheck(at: [w]) { p in tanh(x.matmul(p[0])).sum() })
                """),
        ],
        lesson: Words(
            "Held in Float64: a right gradient has an error below 1e-7 and eight typical faults one above 1e-4, with ε = 1e-5 best. Refuted for Float32: with the course's ε = 1e-7 a right gradient has an error of 0.8.",
            "Float64에서는 성립한다. 올바른 기울기의 오차는 1e-7보다 작고 흔한 잘못 여덟 가지는 1e-4보다 크며 ε = 1e-5가 가장 좋다. Float32에서는 아니다. 강의의 ε = 1e-7에서 올바른 기울기의 오차가 0.8이다."
        ),
        surprise: Words(
            "A check sees only what the numbers reach: a fault in a dead unit, a missing mask where all units are on and a wrong rule for ties that do not occur pass like right code. And that batch normalization's ε stands outside the root can't be told by a threshold of 1e-4 once it is as small as 1e-5.",
            "검사는 수가 닿는 곳만 본다. 죽은 유닛 속의 잘못, 모든 유닛이 켜져 있을 때 빠진 마스크, 일어나지 않는 동점의 틀린 규칙은 올바른 코드처럼 통과한다. 배치 정규화의 ε가 1e-5처럼 작으면 제곱근 밖에 있어도 기준 1e-4로는 알 수 없다."
        ),
        next: [
            .init(
                Words("See what start values do to right gradients.", "올바른 기울기에 초깃값이 하는 일을 보자."), .shell,
                "apus lab run backward")
        ], seeds: 10, seconds: 15)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let (inputs, hidden) = (size.of(20, trial: 4), size.of(10, trial: 3))
        let curves = [false, true].flatMap { isRelu in
            [true, false].map { isDouble in
                LabArm(
                    "\(isRelu ? "relu" : "tanh")-\(isDouble ? 64 : 32)",
                    Words("\(isRelu ? "ReLU" : "tanh"), Float\(isDouble ? 64 : 32)"),
                    Setting(kind: .curve, isRelu: isRelu, isDouble: isDouble, inputs: inputs, hidden: hidden))
            }
        }
        func arm(_ id: String, _ title: Words, _ kind: Kind) -> LabArm<Setting> {
            LabArm(
                id, title,
                Setting(kind: kind, inputs: inputs, hidden: hidden, elements: size.of(64, quick: 16, trial: 4)))
        }
        return curves + [
            arm("layers", Words("layers", "층"), .layers), arm("losses", Words("losses", "손실"), .losses),
            arm("faults", Words("planted faults", "심은 잘못"), .faults),
            arm("dropout-fixed", Words("dropout, mask fixed", "드롭아웃, 마스크 고정"), .dropoutFixed),
            arm("dropout-fresh", Words("dropout, fresh masks", "드롭아웃, 매번 새 마스크"), .dropoutFresh),
        ]
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        switch setting.kind {
        case .curve: return try curve(setting, seed: seed)
        case .layers:
            return try checks(GradientChecks.layers.map { ($0.name, $0.net, $0.input, nil) }, setting, seed: seed)
        case .losses:
            let net = Sequential { Dense(5) }
            return try checks(GradientChecks.losses.map { ($0.name, net, [4], $0.loss) }, setting, seed: seed)
        case .faults: return try faults(seed: seed)
        case .dropoutFixed, .dropoutFresh: return try dropout(setting, seed: seed)
        }
    }

    /// A network of two dense layers with samples, and the masks of its hidden units.
    private struct Problem {
        var points: [Tensor]
        let constants: [Tensor]

        init(_ setting: Setting, seed: UInt64, type: ElementType) {
            var key = RandomKey(seed: seed).child("gradcheck")
            let (n, h, samples, classes) = (setting.inputs, setting.hidden, 8, 5)
            func normal(_ shape: Shape, _ deviation: Double = 1) -> Tensor {
                Tensor.normal(shape, standardDeviation: deviation, key: key.next(), type: type)
            }
            points = [
                normal([n, h], (1 / Double(n)).squareRoot()), normal([h], 0.1),
                normal([h, classes], (1 / Double(h)).squareRoot()), normal([classes], 0.1),
            ]
            constants = [
                normal([samples, n]), Tensor((0..<samples).map { Int32($0 % classes) }),
                .ones([samples, h], type: type),
            ]
        }

        /// What is differentiated: weights, then inputs, labels and mask.
        static func loss(isRelu: Bool) -> @Sendable ([Tensor], [Tensor]) -> Tensor {
            { points, constants in
                let z = constants[0].matmul(points[0]) + points[1]
                let h = (isRelu ? relu(z) : tanh(z)) * constants[2]
                return softmaxCrossEntropy(h.matmul(points[2]) + points[3], constants[1])
            }
        }
    }

    private func curve(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let problem = Problem(setting, seed: seed, type: setting.isDouble ? .float64 : .float32)
        let loss = Problem.loss(isRelu: setting.isRelu)
        let compiled = compile(loss)
        let analytic = gradient(at: problem.points) { loss($0, problem.constants) }.map { $0.scalars(as: Double.self) }
        let errors = try GradientChecks.exponents.map { exponent in
            let numeric = try FiniteDifferences.gradient(at: problem.points, epsilon: pow(10, -Double(exponent))) {
                try compiled($0, problem.constants)
            }
            return FiniteDifferences.relativeError(numeric, analytic)
        }
        var measurement = LabMeasurement(series: ["errors": errors])
        for (exponent, error) in zip(GradientChecks.exponents, errors) { measurement["error.\(exponent)"] = error }
        measurement["best"] = zip(GradientChecks.exponents, errors).min { $0.1 < $1.1 }.map { -Double($0.0) }
        return measurement
    }

    private func dropout(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let problem = Problem(setting, seed: seed, type: .float64)
        let loss = Problem.loss(isRelu: false)
        let compiled = compile(loss)
        var key = RandomKey(seed: seed).child("mask")
        func masked() -> [Tensor] {
            var constants = problem.constants
            let mask = Tensor.bernoulli(constants[2].shape, probability: 0.5, key: key.next()).cast(to: .float64) * 2
            constants[2] = Tensor(mask.scalars(as: Double.self), shape: mask.shape, type: .float64)
            return constants
        }
        let first = masked()
        let analytic = gradient(at: problem.points) { loss($0, first) }.map { $0.scalars(as: Double.self) }
        let numeric = try FiniteDifferences.gradient(at: problem.points, epsilon: 1e-5) {
            try compiled($0, setting.kind == .dropoutFixed ? first : masked())
        }
        return LabMeasurement(["error.5": FiniteDifferences.relativeError(numeric, analytic)])
    }

    /// Layers of each kind on small inputs.
    private static let layers: [(name: String, net: Sequential, input: Shape)] = trained + activations

    private static let trained: [(name: String, net: Sequential, input: Shape)] = [
        ("Dense", Sequential { Dense(4, activation: .tanh) }, [5]),
        ("Conv2D", Sequential { Conv2D(filters: 2, kernelSize: 3, strides: 2, padding: .same) }, [5, 5, 2]),
        ("DepthwiseConv2D", Sequential { DepthwiseConv2D(kernelSize: 3) }, [5, 5, 2]),
        ("SeparableConv2D", Sequential { SeparableConv2D(filters: 3, kernelSize: 2) }, [4, 4, 2]),
        ("Conv2DTranspose", Sequential { Conv2DTranspose(filters: 2, kernelSize: 3, strides: 2) }, [3, 3, 2]),
        ("MaxPool2D", Sequential { MaxPool2D(2) }, [4, 4, 2]),
        ("AveragePool2D", Sequential { AveragePool2D(2) }, [4, 4, 2]),
        ("GlobalAveragePool", Sequential { GlobalAveragePool() }, [4, 4, 2]),
        ("BatchNorm", Sequential { BatchNorm() }, [3, 3, 2]), ("LayerNorm", Sequential { LayerNorm() }, [6]),
        ("GroupNorm", Sequential { GroupNorm(groups: 2) }, [3, 3, 4]),
        ("InstanceNorm", Sequential { InstanceNorm() }, [3, 3, 2]), ("RMSNorm", Sequential { RMSNorm() }, [6]),
        ("LocalResponseNorm", Sequential { LocalResponseNorm() }, [3, 3, 4]),
        ("SqueezeExcitation", Sequential { SqueezeExcitation(2) }, [3, 3, 4]),
        ("Dropout", Sequential { Dropout(0.5) }, [8]),
    ]

    private static let activations: [(name: String, net: Sequential, input: Shape)] = [
        ("relu", .relu), ("gelu", .gelu()), ("silu", .silu), ("mish", .mish), ("elu", .elu()),
        ("softmax", Activation.softmax),
    ].map { name, activation in (name, Sequential { ActivationLayer(activation) }, [6]) }

    private static let losses: [(name: String, loss: Loss)] = [
        ("softmaxCrossEntropy", .softmaxCrossEntropy), ("binaryCrossEntropy", .binaryCrossEntropy), ("focal", .focal()),
        ("meanSquaredError", .meanSquaredError), ("meanAbsoluteError", .meanAbsoluteError), ("huber", .huber()),
        ("logCosh", .logCosh), ("hinge", .hinge), ("squaredHinge", .squaredHinge),
        ("cosineSimilarity", .cosineSimilarity),
    ]

    private func checks(
        _ subjects: [(name: String, net: Sequential, input: Shape, loss: Loss?)], _ setting: Setting, seed: UInt64
    ) throws -> LabMeasurement {
        let errors = try subjects.map { subject in
            try gradcheck(
                subject.net, input: subject.input, batch: 3, loss: subject.loss, seed: seed,
                elementLimit: setting.elements
            ).worst
        }
        return LabMeasurement(["worst": errors.max() ?? .nan], series: ["errors": errors])
    }

    private func faults(seed: UInt64) throws -> LabMeasurement {
        var measurement = LabMeasurement()
        for fault in PlantedFault.all(seed: seed) {
            let numeric = try FiniteDifferences.gradient(at: fault.points, epsilon: 1e-5, of: fault.value)
            let written = fault.written(fault.points).map { $0.scalars(as: Double.self) }
            measurement[fault.kind.rawValue] = FiniteDifferences.relativeError(numeric, written)
            measurement.series["map.\(fault.kind.rawValue)"] = zip(numeric.joined(), written.joined()).map {
                abs($0 - $1)
            }
        }
        func numbers(_ kinds: [PlantedFault.Kind]) -> [Double] { kinds.compactMap { measurement[$0.rawValue] } }
        measurement["least"] = numbers(PlantedFault.Kind.visible).min()
        measurement["hidden"] = numbers(PlantedFault.Kind.hidden).max()
        measurement["worst"] = numbers(PlantedFault.Kind.visible).max()
        return measurement
    }

    // MARK: Claims

    var claims: [Claim] {
        let error = Words("relative error", "상대 오차")
        let greatest = Words("greatest relative error of all seeds", "모든 시드 중 가장 큰 상대 오차")
        func greatestError(_ numbers: [(name: String, arm: String)]) -> @Sendable (LabResults) -> Evidence {
            { results in
                let errors = numbers.flatMap { results[$0.arm].numbers($0.name) }
                return .exact(errors.contains(where: \.isNaN) ? .nan : errors.max() ?? .nan)
            }
        }
        return [
            Claim(
                "layers-right",
                Words(
                    "Layers and losses of the library: the error is below 1e-7 in Float64.",
                    "라이브러리의 층과 손실: Float64에서 오차가 1e-7보다 작다."),
                statistic: greatest, .atMost(1e-7), basis: .measured, isTaught: true,
                evidence: greatestError([("worst", "layers"), ("worst", "losses")])),
            Claim(
                "course-step-double",
                Words(
                    "A right gradient passes with the course's numbers in Float64: ε = 1e-7, error below 1e-7.",
                    "올바른 기울기는 강의의 수치로 Float64에서 통과한다. ε = 1e-7, 오차는 1e-7 미만."),
                statistic: greatest, .atMost(1e-7), basis: .measured, isTaught: true,
                evidence: greatestError([("error.7", "tanh-64")])),
            Claim(
                "course-step-single",
                Words(
                    "It passes with ε = 1e-7 in Float32, too, at the error of 1e-3 from which on something is called wrong.",
                    "Float32에서도 ε = 1e-7로 통과한다. 잘못이라고 하는 오차 1e-3보다 작다."),
                statistic: error, .atMost(1e-3), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "error.7", in: "tanh-32")),
            Claim(
                "best-step",
                Words(
                    "The best step in Float64 is the cube root of its precision, about 1e-5.",
                    "Float64에서 가장 좋은 간격은 정밀도의 세제곱근, 약 1e-5이다."),
                statistic: Words("power of ten of the best ε", "가장 좋은 ε의 10의 지수"), .within(-6 ... -4), basis: .theory,
                evidence: Evidence.mean(of: "best", in: "tanh-64")),
            Claim(
                "kinks",
                Words(
                    "With ε = 0.1 a right ReLU network fails: steps cross kinks.",
                    "ε = 0.1이면 올바른 ReLU 신경망도 실패한다. 간격이 꺾인 점을 넘기 때문이다."),
                statistic: error, .atLeast(0.01), basis: .measured, isTaught: true,
                evidence: Evidence.mean(of: "error.1", in: "relu-64")),
            Claim(
                "faults-found",
                Words("Each of eight planted faults has an error above 1e-4.", "심은 잘못 여덟 가지 모두 오차가 1e-4보다 크다."),
                statistic: Words(
                    "least relative error of eight faults and all seeds", "여덟 가지와 모든 시드 중 가장 작은 상대 오차"),
                .atLeast(1e-4), basis: .predicted, isTaught: true
            ) { results in
                let errors = results["faults"].numbers("least")
                return .exact(errors.contains(where: \.isNaN) ? .nan : errors.min() ?? .nan)
            },
            Claim(
                "faults-hidden",
                Words(
                    "Faults in dead units, in masks that are all on and in ties that do not occur are invisible.",
                    "죽은 유닛, 모두 켜진 마스크, 일어나지 않은 동점 속의 잘못은 보이지 않는다."),
                statistic: greatest, .atMost(1e-7), basis: .theory, evidence: greatestError([("hidden", "faults")])),
            Claim(
                "small-epsilon",
                Words(
                    "Where batch normalization has ε = 1e-5, that ε on the wrong side of the root stays below 1e-4.",
                    "배치 정규화의 ε가 1e-5이면 ε를 제곱근의 다른 쪽에 둔 잘못은 1e-4보다 작게 보인다."), statistic: greatest,
                .atMost(1e-4), basis: .theory,
                evidence: greatestError([(PlantedFault.Kind.smallEpsilon.rawValue, "faults")])),
            Claim(
                "dropout-fixed", Words("With a fixed mask dropout passes.", "마스크를 고정하면 드롭아웃도 통과한다."),
                statistic: greatest,
                .atMost(1e-7), basis: .theory, isTaught: true,
                evidence: greatestError([("error.5", "dropout-fixed")])),
            Claim(
                "dropout-fresh", Words("With fresh masks it fails.", "마스크를 매번 새로 뽑으면 실패한다."), statistic: error,
                .atLeast(0.1), basis: .theory, isTaught: true,
                evidence: Evidence.mean(of: "error.5", in: "dropout-fresh")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        let error = text("Relative error", "상대 오차")
        let steps = GradientChecks.exponents.map { pow(10, -Double($0)) }
        let faults = PlantedFault.Kind.allCases
        return [
            LabFigure(
                "step",
                caption: text(
                    "The error of a right gradient over the step ε. To the right the difference leaves out the curvature, and steps cross kinks; to the left the two values differ by little more than their rounding.",
                    "간격 ε에 따른 올바른 기울기의 오차. 오른쪽에서는 차분이 곡률을 빠뜨리고 꺾인 점을 넘는다. 왼쪽에서는 두 값의 차이가 반올림보다 크지 않다."),
                controls: [.init(text("Activation", "활성화 함수"), .choice, options: ["tanh", "ReLU"])]
            ) { choice in
                LineChart(
                    "", x: Axis("ε", scale: .logarithmic), y: Axis(error, scale: .logarithmic),
                    series: [64, 32].map { bits in
                        let band = results["\(["tanh", "relu"][choice[0]])-\(bits)"].band("errors")
                        return LineChart.Series(
                            "Float\(bits)", x: steps, y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
            LabFigure(
                "faults",
                caption: text(
                    "The error of planted faults at ε = 1e-5 in Float64. The last four can't be seen, or hardly, though the code is as wrong.",
                    "심은 잘못의 오차(Float64, ε = 1e-5). 마지막 넷은 코드가 똑같이 틀렸는데도 보이지 않거나 거의 보이지 않는다."),
                chart: BarChart(
                    "", axis: Axis(error, scale: .logarithmic), labels: faults.map { $0.title[language] },
                    values: faults.map { results["faults"].mean($0.rawValue) })),
            LabFigure(
                "map",
                caption: text(
                    "Where a fault is: the difference of both gradients, element by element, seed 1. Where there are seven rows, the last is the bias.",
                    "잘못이 있는 자리: 두 기울기의 차이를 원소마다(시드 1). 행이 일곱 개이면 마지막 행은 편향이다."),
                controls: [
                    .init(text("Fault", "잘못"), .choice, options: faults.map { $0.title[language] }, first: 1)
                ]
            ) { choice in
                let values = results["faults"].series("map.\(faults[choice[0]].rawValue)").first ?? []
                let width = max(1, faults[choice[0]].columns)
                return Sized(
                    HeatMap(
                        "",
                        values: stride(from: 0, to: values.count, by: width).map {
                            Array(values[$0..<min($0 + width, values.count)])
                        }, rowTitle: text("Row", "행"), columnTitle: text("Column", "열"), showsValues: false),
                    ChartSize(width: 420, height: 360))
            },
            LabFigure(
                "library",
                caption: text(
                    "The greatest error of each layer and loss of the library; one without a bar differs by no more than the rounding. Most are near 1e-8, not 1e-10: a model holds constants such as 1/3 as Float32.",
                    "라이브러리의 층과 손실마다 가장 큰 오차. 막대가 없는 것은 반올림보다 크지 않다. 대부분 1e-10이 아니라 1e-8쯤인 것은 모델이 1/3 같은 상수를 Float32로 갖기 때문이다."
                ),
                controls: [
                    .init(text("What", "대상"), .choice, options: [text("layers", "층"), text("losses", "손실")])
                ]
            ) { choice in
                let band = results[["layers", "losses"][choice[0]]].band("errors").upper
                return BarChart(
                    "", axis: Axis(error, scale: .logarithmic),
                    labels: choice[0] == 0
                        ? GradientChecks.layers.map(\.name) : GradientChecks.losses.map(\.name), values: band)
            },
        ]
    }
}
