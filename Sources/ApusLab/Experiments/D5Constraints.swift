import Apus
import ApusCharts
import Foundation

/// D5: weights that may not grow beyond a bound.
struct Constraints: LabExperiment {
    /// A network 784-100-100-10 on 300 images of Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var kind: Kind
        var rate: Double
        var images = 300
        var epochs = 40
    }

    enum Kind: String, Codable, CaseIterable {
        case none, maxNorm, unitNorm, nonNegative

        var constraint: Constraint? {
            switch self {
            case .none: nil
            case .maxNorm: .maxNorm(3)
            case .unitNorm: .unitNorm
            case .nonNegative: .nonNegative
            }
        }

        var title: Words {
            switch self {
            case .none: Words("none", "없음")
            case .maxNorm: Words("max-norm 3", "최대 노름 3")
            case .unitNorm: Words("unit norm", "단위 노름")
            case .nonNegative: Words("non-negative", "음수 아님")
            }
        }
    }

    static let rates = [0.01, 0.03, 0.1, 0.3, 1, 3]
    static let limit = 3.0

    let about = LabAbout(
        "constraints", number: "D5", part: .overfitting, title: Words("A hard ceiling", "가중치 제약"),
        question: Words("What do constraints on weights hold, and when do they matter?", "가중치 제약은 무엇을 지키며, 언제 작용하는가?"),
        taught: [
            .init(
                Words(
                    "Max-norm keeps the weight vector of each unit at a norm of at most c, typically 3 or 4; learning stays stable even with large rates.",
                    "최대 노름 제약은 유닛마다 가중치 벡터의 노름을 c(보통 3이나 4) 이하로 묶는다. 학습률이 커도 학습이 안정하다."),
                source: "CS231n, Neural Networks Part 2"),
            .init(
                Words("Max-norm: weights above 3 become 3.", "최대 노름: 3을 넘는 가중치는 3이 된다."),
                source: "course notes on regularization"),
        ],
        setup: Words(
            "784-100-100-10, ReLU, Glorot start values, on the first 300 images of Fashion-MNIST, batches of 100, SGD, 120 steps, six rates. After every step the norm of each unit's incoming weights is measured. Max-norm and clipping of elements are also applied to one kernel of normal numbers of standard deviation 2, to compare directions.",
            "Fashion-MNIST의 첫 300장으로 784-100-100-10 ReLU 신경망을 Glorot 초깃값, 배치 100, SGD로 120걸음 학습한다. 학습률은 여섯 가지이다. 걸음마다 유닛별 들어오는 가중치의 노름을 잰다. 방향을 비교하려고 표준편차 2인 정규분포 커널 하나에 최대 노름과 원소 자르기도 적용한다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: constraints
                seed: 1
                data: {source: fashion-mnist, validation: {fraction: 0.995}}   # 300 images to train on
                model:
                  - flatten
                  - dense: {units: 100, activation: relu, kernelConstraint: {maxNorm: 3}}
                  - dense: {units: 100, activation: relu, kernelConstraint: {maxNorm: 3}}
                  - dense: 10
                optimizer: {sgd: {learningRate: 0.3}}
                schedule: constant
                batchSize: 100
                epochs: 40
                """)
        ],
        lesson: Words(
            "Held after every step, to rounding. Max-norm rescales a unit's whole vector; it is not clipping, which turns the vector. But it makes no larger rate learn: at rate 1 the training accuracy is 0.18.",
            "모든 걸음 뒤에 반올림 오차 안에서 지켜진다. 최대 노름은 유닛의 벡터 전체를 줄인다. 벡터의 방향을 바꾸는 원소 자르기와 다르다. 그러나 더 큰 학습률로 배우게 해 주지는 않는다. 학습률 1에서 훈련 정확도는 0.18이다."
        ),
        surprise: Words(
            "With Glorot start values and the usual rates max-norm 3 never binds: no unit comes near it. It acts where the rate is so large that weights run away.",
            "Glorot 초깃값과 보통의 학습률에서 최대 노름 3은 전혀 작용하지 않는다. 어떤 유닛도 그 근처에 가지 않는다. 학습률이 커서 가중치가 폭주할 때에만 작용한다."),
        next: [
            .init(
                Words("See where weights start.", "가중치가 어디에서 시작하는지 보자."), .shell, "apus lab run histograms")
        ], seeds: 5, seconds: 6)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        Kind.allCases.flatMap { kind in
            Constraints.rates.map { rate in
                LabArm(
                    "\(kind.rawValue)-\(rate)",
                    Words("\(kind.title.english), rate \(rate)", "\(kind.title.korean), 학습률 \(rate)"),
                    Setting(kind: kind, rate: rate, epochs: size.of(40, quick: 10)))
            }
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let net = Sequential {
            Flatten()
            Dense(100, activation: .relu, kernelConstraint: setting.kind.constraint)
            Dense(100, activation: .relu, kernelConstraint: setting.kind.constraint)
            Dense(10)
        }
        let data = try LabData.fashionMNIST().training.prefix(setting.images)
        let optimizer = Optimizer.sgd(learningRate: setting.rate)
        var state = try TrainingState(net, optimizer: optimizer, input: [28, 28, 1], seed: seed)
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var (greatest, least, lowest): ([Double], [Double], [Double]) = ([], [], [])
        var loss = Double.nan
        for epoch in 0..<setting.epochs {
            state.epoch = epoch
            for batch in data.batches(of: 100, epoch: epoch, seed: seed) {
                loss = try step(&state, batch).loss
                let variables = state.evaluatedVariables
                let kernels = [variables["1.dense/kernel"]!, variables["2.dense/kernel"]!]
                let norms = kernels.map { sqrt(square($0).sum(axes: [0])) }
                greatest.append(norms.map { Double($0.max().item()) }.max() ?? .nan)
                least.append(norms.map { Double($0.min().item()) }.min() ?? .nan)
                lowest.append(kernels.map { Double($0.min().item()) }.min() ?? .nan)
            }
        }
        let accuracy = loss.isFinite ? try LabData.accuracy(net, state.evaluatedVariables, on: data) : 0
        let kernel = Tensor.normal([100, 100], standardDeviation: 2, key: RandomKey(seed: seed).child("direction"))
        return LabMeasurement(
            [
                "greatest": greatest.max() ?? .nan, "least": least.min() ?? .nan, "lowest": lowest.min() ?? .nan,
                "accuracy": accuracy, "learns": accuracy >= 0.5 ? 1 : 0,
                "cosineOfNorm": cosine(kernel, Constraint.maxNorm(Constraints.limit)(kernel)),
                "cosineOfClipping": cosine(kernel, minimum(maximum(kernel, .full([], -1)), .full([], 1))),
            ], series: ["greatest": greatest])
    }

    /// The least cosine between a unit's incoming weights before and after, over the units.
    private func cosine(_ before: Tensor, _ after: Tensor) -> Double {
        let products = (before * after).sum(axes: [0])
        let sizes = sqrt(square(before).sum(axes: [0])) * sqrt(square(after).sum(axes: [0]))
        return Double((products / sizes).min().item())
    }

    // MARK: Claims

    var claims: [Claim] {
        func extreme(_ kind: Kind, _ name: String, _ choose: @escaping @Sendable ([Double]) -> Double?)
            -> @Sendable (LabResults) -> Evidence
        {
            { results in
                let arms = Constraints.rates.map { results["\(kind.rawValue)-\($0)"].numbers(name) }
                return .mean(
                    results.seeds.indices.map { seed in choose(arms.map { $0[seed] }.filter(\.isFinite)) ?? .nan })
            }
        }
        return [
            Claim(
                "max-norm-holds",
                Words(
                    "Max-norm 3: after every step, at every rate, no unit's norm is above 3.",
                    "최대 노름 3: 모든 학습률에서 모든 걸음 뒤에 어떤 유닛의 노름도 3을 넘지 않는다."),
                statistic: Words("greatest norm of a unit", "유닛 노름의 최댓값"), .atMost(3 + 1e-5), basis: .theory,
                isTaught: true,
                evidence: extreme(.maxNorm, "greatest") { $0.max() }),
            Claim(
                "unit-norm-holds",
                Words("Unit norm: every norm is 1 after every step.", "단위 노름: 모든 걸음 뒤에 노름은 1이다."),
                statistic: Words("least norm of a unit", "유닛 노름의 최솟값"), .within(1 - 1e-5...1 + 1e-5), basis: .theory,
                evidence: extreme(.unitNorm, "least") { $0.min() }),
            Claim(
                "non-negative-holds",
                Words("Non-negative: no weight is below 0 after any step.", "음수 아님: 어느 걸음 뒤에도 가중치는 0보다 작지 않다."),
                statistic: Words("least weight", "가중치의 최솟값"), .atLeast(0), basis: .theory,
                evidence: extreme(.nonNegative, "lowest") { $0.min() }),
            Claim(
                "direction-kept",
                Words("Max-norm keeps a unit's direction.", "최대 노름은 유닛의 방향을 지킨다."),
                statistic: Words("least cosine of before and after", "앞뒤 방향의 코사인 최솟값"), .atLeast(1 - 1e-5),
                basis: .theory
            ) { .mean($0["maxNorm-0.1"].numbers("cosineOfNorm")) },
            Claim(
                "clipping-is-the-same",
                Words(
                    "Max-norm is clipping of elements: that keeps the direction, too.",
                    "최대 노름은 원소 자르기이다. 즉 자르기도 방향을 지킨다."),
                statistic: Words("least cosine of before and after clipping at 1", "1에서 자른 앞뒤 방향의 코사인 최솟값"),
                .atLeast(0.99), basis: .predicted, isTaught: true
            ) { .mean($0["none-0.1"].numbers("cosineOfClipping")) },
            Claim(
                "binds-at-usual-rates",
                Words(
                    "Without a constraint, at rate 0.1, some unit comes to a norm of 3, so that max-norm 3 acts.",
                    "제약 없이 학습률 0.1에서도 노름 3에 이르는 유닛이 있어 최대 노름 3이 작용한다."),
                statistic: Words("greatest norm of a unit without constraint, rate 0.1", "제약 없는 유닛 노름의 최댓값, 학습률 0.1"),
                .atLeast(3), basis: .predicted
            ) { .mean($0["none-0.1"].numbers("greatest")) },
            Claim(
                "larger-rates",
                Words(
                    "With max-norm 3 a rate at least three times as large still learns.",
                    "최대 노름 3이 있으면 세 배 이상 큰 학습률로도 학습한다."),
                statistic: Words(
                    "greatest rate that reaches a training accuracy of 0.5, with ÷ without; mean of log₁₀",
                    "훈련 정확도 0.5에 이르는 가장 큰 학습률, 있음 ÷ 없음; log₁₀의 평균"), .atLeast(log10(3)), basis: .predicted,
                isTaught: true
            ) { results in
                func usable(_ kind: Kind, _ seed: Int) -> Double {
                    Constraints.rates.last { results["\(kind.rawValue)-\($0)"].numbers("learns")[seed] == 1 } ?? .nan
                }
                return .mean(results.seeds.indices.map { log10(usable(.maxNorm, $0) / usable(.none, $0)) })
            },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let rates = LabFigure.Control(
            Words("Rate", "학습률")[language], .slider, options: Constraints.rates.map { "\($0)" }, first: 4)
        return [
            LabFigure(
                "norms",
                caption: Words(
                    "The greatest norm of a unit after each step. Drag the rate: only where weights run away does the ceiling act.",
                    "걸음마다 유닛 노름의 최댓값. 학습률을 끌어 보자. 가중치가 폭주할 때에만 천장이 작용한다.")[language],
                controls: [rates]
            ) { choice in
                LineChart(
                    "", x: Axis(Words("Step", "걸음")[language]),
                    y: Axis(Words("Greatest norm", "노름의 최댓값")[language], scale: .logarithmic, range: 0.5...100),
                    series: Kind.allCases.map { kind in
                        let band = results["\(kind.rawValue)-\(Constraints.rates[choice[0]])"].band("greatest")
                        return LineChart.Series(
                            kind.title[language], y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
            LabFigure(
                "accuracy",
                caption: Words("Training accuracy at the end, for every rate.", "학습률마다 마지막 훈련 정확도.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Learning rate", "학습률")[language], scale: .logarithmic),
                    y: Axis(Words("Training accuracy", "훈련 정확도")[language], range: 0...1),
                    series: Kind.allCases.map { kind in
                        LineChart.Series(
                            kind.title[language], x: Constraints.rates,
                            y: Constraints.rates.map { results["\(kind.rawValue)-\($0)"].mean("accuracy") })
                    })),
        ]
    }
}
