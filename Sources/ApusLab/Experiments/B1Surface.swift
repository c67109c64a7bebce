import Apus
import ApusCharts
import Foundation

/// B1: gradient descent on a ravine, around a saddle, and on a wave.
struct SurfaceWalks: LabExperiment {
    /// A walk of plain gradient descent.
    struct Setting: Codable, Hashable, Sendable {
        var surface: Surface
        var rate: Double
        var steps: Int
        var start: [Double]
        var noise = 0.0
    }

    /// Rates of the ravine: its limit is 2/λ = 1, λ = 2 being the greatest curvature.
    static let rates = [0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 1.01, 1.05, 1.1]
    static let waveStarts = [-1.4, -0.9, 0.1, 0.4, 1.6]

    let about = LabAbout(
        "surface", number: "B1", part: .descent, title: Words("Ravine, saddle, wave", "손실 곡면"),
        question: Words("When does gradient descent arrive, and when does it not?", "경사하강법은 언제 도착하고 언제 실패하는가?"),
        taught: [
            .init(
                Words(
                    "Too small a rate is slow, too large a rate overshoots; descent may end in a local minimum or stop at a saddle.",
                    "학습률이 너무 작으면 느리고 너무 크면 지나친다. 지역 최솟값이나 안장점에서 멈출 수 있다."),
                source: "Dive into Deep Learning, optimization and gradient descent")
        ],
        setup: Words(
            "Plain gradient descent. On the ravine x²/20 + y² from (−7, 2), nine rates around the limit 2/λ = 1, where λ = 2 is the greatest curvature. On the saddle x² − y² from (1, 10⁻⁹) and from exactly on the axis, rate 0.1, until |y| is 1; with and without noise of standard deviation 10⁻³ in the gradient. On the wave x cos πx from five starts.",
            "순수한 경사하강법을 쓴다. 골짜기 x²/20 + y²에서는 (−7, 2)에서 한계 2/λ = 1 주변의 학습률 아홉 개를 쓴다(λ = 2는 가장 큰 곡률). 안장 x² − y²에서는 (1, 10⁻⁹)과 정확히 축 위에서 출발해 |y|가 1이 될 때까지 학습률 0.1로 걷는다. 기울기에 표준편차 10⁻³의 잡음을 넣은 경우도 잰다. 파동 x cos πx에서는 다섯 곳에서 출발한다."
        ),
        recipes: [
            .init(
                Words("One walk in Swift", "Swift로 쓴 한 경로"), .swift,
                """
                import Apus

                let saddle: @Sendable (Tensor, Tensor) -> Tensor = { x, y in x * x - y * y }
                let walk = try DescentPath(of: .sgd(learningRate: 0.1), on: saddle, from: (1, 1e-9), steps: 120)
                print(walk.y.firstIndex { abs($0) >= 1 } ?? -1)
                """)
        ],
        lesson: Words(
            "Held. On the ravine the limit of the rate is 2 divided by the greatest curvature, exactly. On the wave the start decides in which valley descent ends, and exactly on a saddle's axis it never leaves.",
            "성립한다. 골짜기에서 학습률의 한계는 정확히 2 ÷ 가장 큰 곡률이다. 파동에서는 출발점이 어느 골짜기에서 끝날지를 정하고, 정확히 안장점의 축 위에서는 떠나지 못한다."),
        surprise: Words(
            "A little noise in the gradient, as mini-batches have, halves the time that descent needs to leave the saddle.",
            "미니배치가 주는 것 같은 기울기의 작은 잡음이 안장을 떠나는 데 걸리는 시간을 절반으로 줄인다."),
        next: [
            .init(
                Words("See how other optimizers go down the same ravine.", "같은 골짜기를 다른 옵티마이저는 어떻게 내려가는지 보자."), .shell,
                "apus lab run paths")
        ], seeds: 10, seconds: 1)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        SurfaceWalks.rates.map {
            LabArm(
                "ravine-\($0)", Words("ravine, rate \($0)", "골짜기, 학습률 \($0)"),
                Setting(surface: .ravine, rate: $0, steps: 400, start: [-7, 2]))
        } + [
            LabArm(
                "saddle", Words("saddle, beside the axis", "안장, 축 옆"),
                Setting(surface: .saddle, rate: 0.1, steps: 150, start: [1, 1e-9])),
            LabArm(
                "saddle-axis", Words("saddle, on the axis", "안장, 축 위"),
                Setting(surface: .saddle, rate: 0.1, steps: 1000, start: [1, 0])),
            LabArm(
                "saddle-noise", Words("saddle, with noise", "안장, 잡음"),
                Setting(surface: .saddle, rate: 0.1, steps: 150, start: [1, 1e-9], noise: 1e-3)),
        ]
            + SurfaceWalks.waveStarts.map {
                LabArm(
                    "wave-\($0)", Words("wave from \($0)", "파동, \($0)에서"),
                    Setting(surface: .wave, rate: 0.02, steps: 100, start: [$0, 0]))
            }
    }

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let surface = setting.surface
        let path = try DescentPath(
            of: .sgd(learningRate: setting.rate), on: { surface($0, $1) }, from: (setting.start[0], setting.start[1]),
            steps: setting.steps, noise: setting.noise, seed: seed)
        let escape = path.y.firstIndex { abs($0) >= 1 } ?? path.y.count
        return LabMeasurement(
            [
                "value": path.values.last ?? .nan, "start": path.values[0], "end": path.x.last ?? .nan,
                "turns": Double(zip(path.y, path.y.dropFirst()).prefix(30).count { $0 * $1 < 0 }),
                "escape": Double(escape), "height": abs(path.y.last ?? .nan),
                "shrinks": (path.values.last ?? .infinity) < path.values[0] ? 1 : 0,
            ],
            series: [
                "x": Array(path.x.prefix(61)), "y": Array(path.y.prefix(61)), "values": Array(path.values.prefix(151)),
                "heights": path.y.prefix(151).map { abs($0) },
            ])
    }

    // MARK: Claims

    var claims: [Claim] {
        let (below, above) = (SurfaceWalks.rates.filter { $0 < 1 }, SurfaceWalks.rates.filter { $0 > 1 })
        return [
            Claim(
                "converges-below",
                Words(
                    "On the ravine every rate below 2/λ = 1 converges.", "골짜기에서 2/λ = 1보다 작은 학습률은 모두 수렴한다."),
                statistic: Words("greatest f after 400 steps, divided by its start", "400걸음 뒤 f의 최댓값 ÷ 처음 값"),
                .atMost(1e-3),
                basis: .theory, isTaught: true
            ) { results in
                .exact(
                    below.map {
                        let arm = results["ravine-\($0)"]
                        return arm.mean("value") / arm.mean("start")
                    }.max() ?? .nan)
            },
            Claim(
                "diverges-above",
                Words("Every rate above 1 diverges.", "1보다 큰 학습률은 모두 발산한다."),
                statistic: Words("share of rates above 1 whose f grew", "1보다 큰 학습률 중 f가 커진 비율"), .equal(to: 1),
                basis: .theory, isTaught: true
            ) { results in
                .exact(above.map { 1 - results["ravine-\($0)"].mean("shrinks") }.reduce(0, +) / Double(above.count))
            },
            Claim(
                "zigzag",
                Words(
                    "With 0.95 the sign of y changes at each of 30 steps.", "0.95에서는 30걸음 모두 y의 부호가 바뀐다."),
                statistic: Words("changes of the sign of y in 30 steps", "30걸음 중 y의 부호가 바뀐 횟수"), .equal(to: 30),
                basis: .theory, isTaught: true
            ) { .mean($0["ravine-0.95"].numbers("turns")) },
            Claim(
                "escape",
                Words(
                    "From y = 10⁻⁹ leaving the saddle takes ln 10⁹ / ln 1.2 = 114 steps.",
                    "y = 10⁻⁹에서 안장을 떠나는 데 ln 10⁹ / ln 1.2 = 114걸음이 걸린다."),
                statistic: Words("steps until |y| ≥ 1", "|y| ≥ 1이 될 때까지의 걸음"), .within(113...115), basis: .theory
            ) { .mean($0["saddle"].numbers("escape")) },
            Claim(
                "axis",
                Words("Exactly on the axis it never leaves.", "정확히 축 위에서는 떠나지 못한다."),
                statistic: Words("|y| after 1000 steps", "1000걸음 뒤의 |y|"), .equal(to: 0), basis: .theory, isTaught: true
            ) { .mean($0["saddle-axis"].numbers("height")) },
            Claim(
                "noise-helps",
                Words("With noise of 10⁻³ it takes less than half as long.", "잡음 10⁻³이 있으면 절반도 걸리지 않는다."),
                statistic: Words("steps with noise ÷ steps without", "잡음이 있을 때의 걸음 ÷ 없을 때의 걸음"), .atMost(0.5),
                basis: .measured
            ) { .mean($0.ratios("escape", "saddle-noise", over: "saddle")) },
            Claim(
                "wave-ends",
                Words(
                    "On the wave the start decides: two that are 0.3 apart, 0.1 and 0.4, end in different valleys.",
                    "파동에서는 출발점이 결정한다. 0.3 떨어진 0.1과 0.4는 서로 다른 골짜기에서 끝난다."),
                statistic: Words("distance of their ends", "두 도착점의 거리"), .atLeast(1), basis: .theory, isTaught: true
            ) { .exact(abs($0["wave-0.4"].mean("end") - $0["wave-0.1"].mean("end"))) },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let rates = LabFigure.Control(
            Words("Rate", "학습률")[language], .slider, options: SurfaceWalks.rates.map { "\($0)" }, first: 4)
        let step = Axis(Words("Step", "걸음")[language])
        return [
            LabFigure(
                "ravine",
                caption: Words(
                    "The first steps on x²/20 + y²; drag the rate across 1.", "x²/20 + y²에서의 첫 걸음들. 학습률을 1 너머로 끌어 보자.")[
                        language],
                controls: [rates]
            ) { choice in
                let arm = results["ravine-\(SurfaceWalks.rates[choice[0]])"]
                return ContourChart(
                    "", x: Axis("x", range: -8...8), y: Axis("y", range: -4...4),
                    levels: Surface.ravineLevels,
                    paths: [.init("", x: arm.series("x").first ?? [], y: arm.series("y").first ?? [])]
                ) { Surface.ravine($0, $1) }
            },
            LabFigure(
                "values",
                caption: Words("f step by step for every rate.", "학습률마다 걸음에 따른 f.")[language],
                chart: LineChart(
                    "", x: step, y: Axis("f", scale: .logarithmic, range: 1e-6...1e4),
                    series: SurfaceWalks.rates.map {
                        LineChart.Series("\($0)", from: 0, y: results["ravine-\($0)"].series("values").first ?? [])
                    })),
            LabFigure(
                "saddle",
                caption: Words(
                    "How far from the axis: beside it descent leaves the saddle exponentially, with noise sooner. On the axis itself nothing happens.",
                    "축에서 떨어진 거리. 축 옆에서는 지수적으로 안장을 떠나고, 잡음이 있으면 더 빠르다. 축 위에서는 아무 일도 일어나지 않는다.")[language],
                chart: LineChart(
                    "", x: step, y: Axis("|y|", scale: .logarithmic, range: 1e-10...10),
                    series: ["saddle", "saddle-noise"].map {
                        LineChart.Series(
                            results[$0].title[language], from: 0, y: results[$0].series("heights").first ?? [])
                    })),
            LabFigure(
                "wave",
                caption: Words(
                    "x cos πx and where five walks end: which valley it is depends on the start.",
                    "x cos πx와 다섯 경로가 끝나는 곳. 어느 골짜기인지는 출발점이 정한다.")[language],
                chart: wave(results, language)),
        ]
    }

    private func wave(_ results: LabResults, _ language: Language) -> any Chart {
        let x = (0...300).map { -1.5 + 3.7 * Double($0) / 300 }
        let walks = SurfaceWalks.waveStarts.map { start -> LineChart.Series in
            let arm = results["wave-\(start)"]
            return LineChart.Series(
                Words("from \(start)", "\(start)에서")[language], x: Array((arm.series("x").first ?? []).prefix(30)),
                y: Array((arm.series("values").first ?? []).prefix(30)))
        }
        return LineChart(
            "", x: Axis("x"), y: Axis("f"),
            series: [.init("x cos πx", x: x, y: x.map { Surface.wave($0, 0) }, style: .faint)] + walks)
    }
}
