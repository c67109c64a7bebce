import Apus
import ApusCharts
import Foundation

/// B4: optimizers on the ravine x²/20 + y², and on the same ravine turned by 45°.
struct Paths: LabExperiment {
    /// An optimizer on a ravine.
    struct Setting: Codable, Hashable, Sendable {
        var method: Method
        var isTurned: Bool
        /// Whether the best of 81 rates is taken; else the book's.
        var isTuned: Bool
        var steps = 30

        var id: String { "\(method.rawValue)\(isTurned ? "-turned" : "")\(isTuned ? "-tuned" : "")" }
    }

    enum Method: String, Codable, CaseIterable {
        case sgd, momentum, nesterov, adagrad, rmsprop, adam

        var title: String {
            switch self {
            case .sgd: "SGD"
            case .momentum: "Momentum"
            case .nesterov: "Nesterov"
            case .adagrad: "AdaGrad"
            case .rmsprop: "RMSprop"
            case .adam: "Adam"
            }
        }

        var optimizer: Optimizer {
            switch self {
            case .sgd: .sgd(learningRate: 0.95)
            case .momentum: .sgd(learningRate: 0.1, momentum: 0.9)
            case .nesterov: .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true)
            case .adagrad: .adagrad(learningRate: 1.5, initialAccumulator: 0)
            case .rmsprop: .rmsprop(learningRate: 0.1, rho: 0.99)
            case .adam: .adam(learningRate: 0.3)
            }
        }

        /// Whether it scales each coordinate by itself.
        var isAdaptive: Bool { [.adagrad, .rmsprop, .adam].contains(self) }
    }

    /// From 10⁻³ to 10.
    static let rates = (0..<81).map { pow(10, -3 + Double($0) / 20) }
    static let start = (x: -7.0, y: 2.0)
    private static let half = 0.5.squareRoot()

    let about = LabAbout(
        "paths", number: "B4", part: .descent, title: Words("Ways down a ravine", "최적화 경로"),
        question: Words(
            "Which optimizer finds the short way down, and why?", "어떤 옵티마이저가 짧은 길로 내려가며, 왜 그런가?"),
        taught: [
            .init(
                Words(
                    "SGD zigzags down an elongated valley and is inefficient; momentum, AdaGrad and Adam take shorter ways.",
                    "SGD는 길쭉한 골짜기를 지그재그로 내려가 비효율적이다. 모멘텀, AdaGrad, Adam은 더 짧은 길로 간다."),
                source: "Deep Learning from Scratch, chapter 6, optimizer_compare_naive")
        ],
        setup: Words(
            "f(x, y) = x²/20 + y², 30 steps from (−7, 2), each optimizer with the rate of the book (Nesterov 0.1; RMSprop 0.1 with ρ = 0.99; AdaGrad starts with empty sums). The same ravine is then turned by 45°, start included; and for both, each optimizer takes the best of 81 rates from 0.001 to 10.",
            "f(x, y) = x²/20 + y²를 (−7, 2)에서 30걸음 내려간다. 학습률은 책의 값을 쓴다(Nesterov는 0.1, RMSprop은 0.1에 ρ = 0.99, AdaGrad의 합은 0에서 시작). 그다음 출발점까지 포함해 골짜기를 45° 돌린다. 두 경우 모두 0.001에서 10까지 81개 학습률 중 가장 좋은 것도 잰다."
        ),
        recipes: [
            .init(
                Words("One path in Swift", "Swift로 쓴 한 경로"), .swift,
                """
                import Apus

                let ravine: @Sendable (Tensor, Tensor) -> Tensor = { x, y in x * x / 20 + y * y }
                let path = try DescentPath(of: .adam(learningRate: 0.3), on: ravine, from: (-7, 2), steps: 30)
                print(path.values.last!, path.length)
                """)
        ],
        lesson: Words(
            "With the book's rates only AdaGrad ends below SGD. Each at its best rate, all three adaptive methods do, because the ravine lies along the axes: turned by 45°, plain SGD beats them.",
            "책의 학습률에서 SGD보다 낮게 끝나는 적응형 방법은 AdaGrad뿐이다. 각자 가장 좋은 학습률이면 셋 모두 SGD를 이기는데, 골짜기가 좌표축과 나란하기 때문이다. 45° 돌리면 평범한 SGD가 이긴다."
        ),
        surprise: Words(
            "With the rates of the book Adam ends worst of its four, although its path looks good. And on the turned ravine, with the best of 81 rates each, plain SGD beats all three adaptive methods.",
            "책의 학습률로는 경로가 좋아 보여도 Adam이 넷 가운데 가장 높은 곳에서 끝난다. 돌린 골짜기에서 각자 가장 좋은 학습률을 쓰면 평범한 SGD가 적응형 세 방법을 모두 이긴다."),
        next: [
            .init(
                Words("See the same optimizers on a real network.", "같은 옵티마이저를 실제 신경망에서 비교해 보자."), .shell,
                "apus lab run race")
        ], seeds: 1, seconds: 1)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        [(false, false), (true, false), (false, true), (true, true)].flatMap { isTurned, isTuned in
            Method.allCases.map { method in
                let setting = Setting(method: method, isTurned: isTurned, isTuned: isTuned)
                let title = Words(
                    "\(method.title)\(isTurned ? ", turned" : "")\(isTuned ? ", best rate" : "")",
                    "\(method.title)\(isTurned ? ", 45°" : "")\(isTuned ? ", 최적 학습률" : "")")
                return LabArm(setting.id, title, setting)
            }
        }
    }

    /// The ravine, along the axes or turned.
    private static func ravine(_ isTurned: Bool) -> @Sendable (Tensor, Tensor) -> Tensor {
        guard isTurned else { return { Surface.ravine($0, $1) } }
        return { x, y in
            Surface.ravine((x + y) * half, (y - x) * half)
        }
    }

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let start =
            setting.isTurned
            ? (x: (Paths.start.x - Paths.start.y) * Paths.half, y: (Paths.start.x + Paths.start.y) * Paths.half)
            : Paths.start
        let optimizer = setting.method.optimizer
        let rates = setting.isTuned ? Paths.rates : [optimizer.learningRate]
        let paths = try DescentPath.paths(
            of: optimizer, learningRates: rates, on: Paths.ravine(setting.isTurned), from: start, steps: setting.steps)
        let ends = paths.map { path in path.values.last.map { $0.isFinite ? $0 : .infinity } ?? .infinity }
        let best = ends.indices.min { ends[$0] < ends[$1] }!
        let path = paths[best]
        // Seen along the ravine, so that both are drawn on the same contours.
        let x = setting.isTurned ? zip(path.x, path.y).map { ($0 + $1) * Paths.half } : path.x
        let y = setting.isTurned ? zip(path.x, path.y).map { ($1 - $0) * Paths.half } : path.y
        return LabMeasurement(
            [
                "value": ends[best], "length": path.length, "rate": rates[best],
                "turns": Double(zip(y, y.dropFirst()).count { $0 * $1 < 0 }),
            ], series: ["x": x, "y": y, "values": path.values, "ends": ends])
    }

    // MARK: Claims

    var claims: [Claim] {
        @Sendable func value(_ results: LabResults, _ name: String, _ arm: String) -> Double {
            results[arm].numbers(name).first ?? .nan
        }
        func turnedRatio(_ method: Method) -> @Sendable (LabResults) -> Evidence {
            { .exact(value($0, "value", "\(method.rawValue)-turned") / value($0, "value", method.rawValue)) }
        }
        let turned = Words("f after 30 steps, turned ÷ along the axes", "30걸음 뒤의 f, 돌린 것 ÷ 축과 나란한 것")
        var claims = [
            Claim(
                "sgd-goes-round",
                Words("SGD walks at least three times as far as AdaGrad.", "SGD는 AdaGrad의 세 배 이상을 걷는다."),
                statistic: Words("length of the path, SGD ÷ AdaGrad", "경로의 길이, SGD ÷ AdaGrad"), .atLeast(3),
                basis: .measured, isTaught: true
            ) { .exact(value($0, "length", "sgd") / value($0, "length", "adagrad")) },
            Claim(
                "sgd-zigzags",
                Words("SGD crosses the bottom of the ravine at every step.", "SGD는 매 걸음 골짜기 바닥을 가로지른다."),
                statistic: Words("changes of the sign of y in 30 steps", "30걸음 중 y의 부호가 바뀐 횟수"),
                .equal(to: 30), basis: .theory, isTaught: true
            ) { .exact(value($0, "turns", "sgd")) },
            Claim(
                "momentum-calm",
                Words("Momentum crosses it at most six times.", "모멘텀은 많아야 여섯 번 가로지른다."),
                statistic: Words("changes of the sign of y", "y의 부호가 바뀐 횟수"), .atMost(6), basis: .measured,
                isTaught: true
            ) { .exact(value($0, "turns", "momentum")) },
            Claim(
                "adagrad-straight",
                Words("AdaGrad never crosses it.", "AdaGrad는 한 번도 가로지르지 않는다."),
                statistic: Words("changes of the sign of y", "y의 부호가 바뀐 횟수"), .equal(to: 0), basis: .measured,
                isTaught: true
            ) { .exact(value($0, "turns", "adagrad")) },
            Claim(
                "adam-better",
                Words("Adam, with the book's rate, ends below SGD.", "책의 학습률로 Adam은 SGD보다 낮은 곳에서 끝난다."),
                statistic: Words("f after 30 steps, Adam ÷ SGD", "30걸음 뒤의 f, Adam ÷ SGD"), .atMost(1),
                basis: .predicted,
                isTaught: true
            ) { .exact(value($0, "value", "adam") / value($0, "value", "sgd")) },
            Claim(
                "adagrad-turned",
                Words(
                    "Turning the ravine makes AdaGrad at least 100 times worse.", "골짜기를 돌리면 AdaGrad는 100배 이상 나빠진다."),
                statistic: turned, .atLeast(100), basis: .measured, evidence: turnedRatio(.adagrad)),
            Claim(
                "adam-turned",
                Words("Turning the ravine makes Adam at least 5 times worse.", "골짜기를 돌리면 Adam은 5배 이상 나빠진다."),
                statistic: turned, .atLeast(5), basis: .measured, evidence: turnedRatio(.adam)),
            Claim(
                "rmsprop-turned",
                Words("Turning the ravine makes RMSprop at least 5 times worse.", "골짜기를 돌리면 RMSprop은 5배 이상 나빠진다."),
                statistic: turned, .atLeast(5), basis: .measured, evidence: turnedRatio(.rmsprop)),
        ]
        for method in [Method.sgd, .momentum, .nesterov] {
            claims.append(
                Claim(
                    "\(method.rawValue)-turned",
                    Words(
                        "\(method.title) does not notice that the ravine was turned.",
                        "\(method.title): 골짜기를 돌려도 달라지지 않는다."),
                    statistic: turned, .within(0.999...1.001), basis: .theory, evidence: turnedRatio(method)))
        }
        claims.append(
            Claim(
                "adaptive-tuned",
                Words(
                    "On the turned ravine, each at its best rate, every adaptive method ends above SGD.",
                    "돌린 골짜기에서 각자 가장 좋은 학습률을 쓰면 적응형 방법은 모두 SGD보다 높은 곳에서 끝난다."),
                statistic: Words(
                    "f after 30 steps, best adaptive method ÷ SGD", "30걸음 뒤의 f, 가장 좋은 적응형 ÷ SGD"), .atLeast(1),
                basis: .measured
            ) { results in
                let best =
                    Method.allCases.filter(\.isAdaptive)
                    .map { value(results, "value", "\($0.rawValue)-turned-tuned") }.min() ?? .nan
                return .exact(best / value(results, "value", "sgd-turned-tuned"))
            })
        return claims
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let ravine = LabFigure.Control(
            Words("Ravine", "골짜기")[language], .choice,
            options: [Words("along the axes", "축과 나란히")[language], Words("turned by 45°", "45° 돌림")[language]])
        let rates = LabFigure.Control(
            Words("Rate", "학습률")[language], .choice,
            options: [Words("the book's", "책의 값")[language], Words("best of 81", "81개 중 최적")[language]])
        func arms(_ choice: [Int]) -> [(Method, LabResults.Arm)] {
            Method.allCases.map {
                ($0, results[Setting(method: $0, isTurned: choice[0] == 1, isTuned: choice[1] == 1).id])
            }
        }
        return [
            LabFigure(
                "paths",
                caption: Words(
                    "Thirty steps down the ravine, seen along its axes; the inner lines are lower.",
                    "골짜기를 내려가는 서른 걸음(골짜기의 축에 맞추어 그림). 안쪽 선이 더 낮다.")[language],
                controls: [ravine, rates]
            ) { choice in
                Figure(
                    "", columns: 2,
                    arms(choice).enumerated().map { place, arm in
                        let (method, result) = arm
                        let rate = NumberFormat.short(result.measurements.first?["rate"] ?? .nan)
                        let value = NumberFormat.short(result.measurements.first?["value"] ?? .nan)
                        let title = Words(
                            "\(method.title) \(rate): ends at \(value)", "\(method.title) \(rate): 끝 \(value)")[
                                language]
                        return ContourChart(
                            title, x: Axis("x", range: -8...8), y: Axis("y", range: -3...3),
                            levels: Surface.ravineLevels,
                            paths: [
                                .init(
                                    "", x: result.series("x").first ?? [], y: result.series("y").first ?? [],
                                    paint: .category(place))
                            ]
                        ) { Surface.ravine($0, $1) }
                    })
            },
            LabFigure(
                "values",
                caption: Words("The function after each step.", "걸음마다의 함숫값.")[language], controls: [ravine, rates]
            ) { choice in
                LineChart(
                    "", x: Axis(Words("Step", "걸음")[language]), y: Axis("f", scale: .logarithmic),
                    series: arms(choice).map { .init($0.title, from: 0, y: $1.series("values").first ?? []) })
            },
            LabFigure(
                "rates",
                caption: Words(
                    "Where 30 steps end for each of 81 rates: an optimizer is as good as its valley is wide and deep.",
                    "81개 학습률마다 30걸음이 끝나는 높이. 골이 넓고 깊을수록 좋은 옵티마이저이다.")[language], controls: [ravine]
            ) { choice in
                LineChart(
                    "", x: Axis(Words("Learning rate", "학습률")[language], scale: .logarithmic),
                    y: Axis(Words("f after 30 steps", "30걸음 뒤의 f")[language], scale: .logarithmic, range: 1e-6...100),
                    series: arms(choice + [1]).map {
                        .init($0.title, x: Paths.rates, y: $1.series("ends").first ?? [])
                    })
            },
        ]
    }
}
