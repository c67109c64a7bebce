import Apus
import ApusCharts
import ApusOptimizers
import ApusSearch
import Foundation

/// B3: exponentially weighted averages of daily temperatures.
struct Averages: LabExperiment {
    static let decays = [0.5, 0.9, 0.98]

    let about = LabAbout(
        "ewa", number: "B3", part: .descent, title: Words("Averages that forget", "지수 가중 평균"),
        question: Words(
            "What do an average's β and its bias correction do?", "β와 편향 보정은 평균에 어떤 영향을 주는가?"),
        taught: [
            .init(
                Words(
                    "v = βv + (1 − β)θ averages about 1/(1 − β) days: 2, 10 and 50 for β = 0.5, 0.9 and 0.98. A greater β is smoother and comes later; dividing by 1 − βᵗ mends the first days.",
                    "v = βv + (1 − β)θ는 약 1/(1 − β)일을 평균한다. β가 0.5, 0.9, 0.98이면 2일, 10일, 50일이다. β가 클수록 부드럽지만 늦게 따라가며, 1 − βᵗ로 나누면 처음 며칠이 바로잡힌다."
                ),
                source: "deeplearning.ai, Improving Deep Neural Networks, week 2")
        ],
        setup: Words(
            "The mean of the highest and lowest temperature of each day in Seattle, 2012 to 2015. How late an average is, is measured as the shift of its yearly wave, fitted by least squares over all days but the first 365.",
            "2012~2015년 시애틀의 하루 최고·최저 기온의 평균을 쓴다. 평균이 얼마나 늦는지는 처음 365일을 뺀 기간에 최소제곱으로 맞춘 1년 주기 파동의 이동으로 잰다."),
        recipes: [
            .init(
                Words("One curve in Swift", "Swift로 쓴 한 곡선"), .swift,
                """
                import ApusOptimizers

                let days = [8.9, 6.7, 9.45, 8.9, 5.85]
                print(try ExponentialAverage.averages(of: days, decay: 0.9))
                print(try ExponentialAverage.averages(of: days, decay: 0.9, correctsBias: false))
                """)
        ],
        lesson: Words(
            "Held, but for the rule of thumb: for β = 0.98 the yearly wave comes 40.5 days late, not 49, since a year is not long against the window.",
            "성립한다. 다만 어림 규칙은 예외이다. β = 0.98에서 1년 주기 파동은 49일이 아니라 40.5일 늦는다. 1년이 평균 창에 비해 그리 길지 않기 때문이다."),
        surprise: Words(
            "Correction makes the first days unbiased, not right: they are averages of few days, and so as noisy as those.",
            "보정은 처음 며칠의 편향을 없앨 뿐 정확하게 하지는 않는다. 며칠만의 평균이라 그만큼 잡음이 크다."),
        next: [
            .init(
                Words("See the same averages at work in Adam.", "같은 평균이 Adam 안에서 하는 일을 보자."), .shell,
                "apus lab run paths")
        ], seeds: 1, seconds: 1, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Double>] {
        Averages.decays.map { LabArm("\($0)", Words("β = \($0)"), $0) }
    }

    /// The daily means, in °C.
    static let temperatures: [Double] = String(decoding: PackageResources.seattle_temperatures_csv, as: UTF8.self)
        .split(separator: "\n").dropFirst().compactMap { line in
            let cells = line.split(separator: ",").dropFirst().compactMap { Double($0) }
            return cells.count == 2 ? (cells[0] + cells[1]) / 2 : nil
        }

    static let frequency = 2 * Double.pi / 365.25

    func measure(_ decay: Double, seed: UInt64) throws -> LabMeasurement {
        let days = Averages.temperatures
        let raw = try ExponentialAverage.averages(of: days, decay: decay, correctsBias: false)
        let corrected = try ExponentialAverage.averages(of: days, decay: decay)
        let lag = Averages.shift(corrected) - Averages.shift(days)
        let exact = ExponentialAverage.lag(decay: decay, frequency: Averages.frequency)
        let closeDay = zip(raw, corrected).enumerated().first { abs($1.0 / $1.1 - 1) < 0.05 }?.offset ?? days.count
        return LabMeasurement(
            [
                "lag": lag, "exactLag": exact, "lagError": abs(lag - exact), "rule": decay / (1 - decay),
                "ruleError": abs(lag - decay / (1 - decay)), "first": raw[0], "firstCorrected": corrected[0],
                "firstShare": raw[0] / days[0], "closeDay": Double(closeDay + 1),
                "roughness": Averages.roughness(corrected) / Averages.roughness(days),
            ], series: ["raw": raw, "corrected": corrected])
    }

    /// Where the yearly wave of a series is, in days: the phase of a cosine that is fitted by least squares to all days but the first 365.
    private static func shift(_ values: [Double]) -> Double {
        // The normal equations of 1, cos ωt and sin ωt.
        var (matrix, right) = ([[Double]](repeating: [0, 0, 0], count: 3), [0.0, 0, 0])
        for (day, value) in values.enumerated().dropFirst(365) {
            let basis = [1, cos(frequency * Double(day)), sin(frequency * Double(day))]
            for row in 0..<3 {
                right[row] += basis[row] * value
                for column in 0..<3 { matrix[row][column] += basis[row] * basis[column] }
            }
        }
        for pivot in 0..<3 {
            for row in (pivot + 1)..<3 {
                let factor = matrix[row][pivot] / matrix[pivot][pivot]
                for column in pivot..<3 { matrix[row][column] -= factor * matrix[pivot][column] }
                right[row] -= factor * right[pivot]
            }
        }
        let sine = right[2] / matrix[2][2]
        let cosine = (right[1] - matrix[1][2] * sine) / matrix[1][1]
        return atan2(sine, cosine) / frequency
    }

    /// The standard deviation of the change from day to day.
    private static func roughness(_ values: [Double]) -> Double {
        let changes = zip(values.dropFirst(), values).map { $0 - $1 }
        return ScoreSummary(changes)?.standardDeviation ?? .nan
    }

    // MARK: Claims

    var claims: [Claim] {
        @Sendable func number(_ results: LabResults, _ name: String, _ arm: String) -> Double {
            results[arm].numbers(name).first ?? .nan
        }
        let arms = Averages.decays.map { "\($0)" }
        return [
            Claim(
                "lag-exact",
                Words(
                    "The yearly wave is late by atan(β sin ω/(1 − β cos ω))/ω days.",
                    "1년 주기 파동은 atan(β sin ω/(1 − β cos ω))/ω일 늦는다."),
                statistic: Words("greatest distance to the formula, days", "공식과의 최대 차이(일)"), .atMost(0.5),
                basis: .theory
            ) { results in .exact(arms.map { number(results, "lagError", $0) }.max() ?? .nan) },
            Claim(
                "lag-rule",
                Words(
                    "The rule of thumb says the lag within 5 days: β/(1 − β).", "어림 규칙 β/(1 − β)는 지연을 5일 안으로 맞힌다."),
                statistic: Words("greatest distance to the rule, days", "규칙과의 최대 차이(일)"), .atMost(5),
                basis: .predicted, isTaught: true
            ) { results in .exact(arms.map { number(results, "ruleError", $0) }.max() ?? .nan) },
            Claim(
                "first-day",
                Words(
                    "Without correction the first value is (1 − β) times the first day.",
                    "보정하지 않은 첫 값은 첫날의 (1 − β)배이다."),
                statistic: Words("greatest distance to 1 − β", "1 − β와의 최대 차이"), .atMost(1e-12), basis: .theory,
                isTaught: true
            ) { results in
                .exact(Averages.decays.map { abs(number(results, "firstShare", "\($0)") - (1 - $0)) }.max() ?? .nan)
            },
            Claim(
                "bias-ends",
                Words(
                    "The bias falls below 5 % on day ⌈ln 0.05 / ln β⌉.", "편향은 ⌈ln 0.05 / ln β⌉일째에 5 % 아래로 내려간다."),
                statistic: Words("greatest distance to that day", "그날과의 최대 차이(일)"), .equal(to: 0), basis: .theory
            ) { results in
                .exact(
                    Averages.decays.map { decay in
                        abs(number(results, "closeDay", "\(decay)") - (log(0.05) / log(decay)).rounded(.up))
                    }.max() ?? .nan)
            },
            Claim(
                "smoother",
                Words(
                    "A greater β is smoother: at 0.98 the changes from day to day are below a tenth.",
                    "β가 클수록 부드럽다. 0.98에서 하루 변화는 10분의 1 아래이다."),
                statistic: Words(
                    "standard deviation of the daily change, average ÷ days", "하루 변화의 표준편차, 평균 ÷ 원래"), .atMost(0.1),
                basis: .measured, isTaught: true
            ) { .exact(number($0, "roughness", "0.98")) },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let correction = LabFigure.Control(
            Words("Average", "평균")[language], .choice,
            options: [Words("corrected", "보정함")[language], Words("uncorrected", "보정 안 함")[language]])
        let day = Axis(Words("Day", "날")[language])
        let degrees = Axis(Words("Temperature", "기온")[language], unit: "°C")
        func curves(_ name: String, days: Int) -> [LineChart.Series] {
            [
                LineChart.Series(
                    Words("days", "하루 기온")[language], y: Array(Averages.temperatures.prefix(days)), style: .faint)
            ]
                + results.arms.enumerated().map { place, arm in
                    LineChart.Series(
                        arm.title[language], y: Array((arm.series(name).first ?? []).prefix(days)),
                        paint: .category(place + 1))
                }
        }
        return [
            LabFigure(
                "averages",
                caption: Words(
                    "The greater β, the smoother and the later.", "β가 클수록 부드럽고 늦다.")[language],
                controls: [correction]
            ) { choice in
                Sized(
                    LineChart(
                        "", x: day, y: degrees, series: curves(choice[0] == 0 ? "corrected" : "raw", days: 1461)),
                    ChartSize(width: 860, height: 380))
            },
            LabFigure(
                "start",
                caption: Words(
                    "The first sixty days. Without correction every average begins at (1 − β) times the first day.",
                    "처음 60일. 보정하지 않으면 모든 평균이 첫날의 (1 − β)배에서 시작한다.")[language],
                controls: [correction]
            ) { choice in
                LineChart(
                    "", x: day, y: Axis(degrees.title, unit: "°C", range: -2...12),
                    series: curves(choice[0] == 0 ? "corrected" : "raw", days: 60))
            },
            LabFigure(
                "weights",
                caption: Words("How much each earlier day counts.", "지난 날들이 차지하는 무게.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Days ago", "며칠 전")[language]), y: Axis(Words("Weight", "무게")[language]),
                    series: Averages.decays.enumerated().map { place, decay in
                        LineChart.Series(
                            "β = \(decay)", from: 0, y: (0...80).map { (1 - decay) * pow(decay, Double($0)) },
                            paint: .category(place + 1))
                    })),
        ]
    }
}
