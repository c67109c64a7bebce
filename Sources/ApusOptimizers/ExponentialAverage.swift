import Foundation

/// An exponentially weighted average of a series: vₜ = β vₜ₋₁ + (1 − β) θₜ from v₀ = 0, about the mean of the last 1/(1 − β) values.
///
/// Since it starts at 0 it is too small at first; divided by 1 − βᵗ it is an average from the first value on (Kingma and Ba 2015,
/// section 3).
///
/// ```swift
/// let temperatures = [4.0, 9.0, 6.0, 11.0]
/// let smooth = try ExponentialAverage.averages(of: temperatures, decay: 0.9)
/// let uncorrected = try ExponentialAverage.averages(of: temperatures, decay: 0.9, correctsBias: false)
/// print(smooth[0], uncorrected[0])   // 4.0 0.4
/// ```
public struct ExponentialAverage: Sendable, Hashable {
    /// β, the share of what was that is kept.
    public let decay: Double
    /// Whether the average is divided by 1 − βᵗ.
    public let correctsBias: Bool
    /// The number of values so far: t.
    public private(set) var count = 0
    private var sum = 0.0

    /// The average of nothing yet.
    ///
    /// - Throws: `OptimizerError` unless 0 ≤ β < 1.
    public init(decay: Double, correctsBias: Bool = true) throws(OptimizerError) {
        guard decay >= 0, decay < 1 else {
            throw OptimizerError("expected a decay of at least 0 and below 1 but received \(decay)")
        }
        self.decay = decay
        self.correctsBias = correctsBias
    }

    /// The average; NaN of nothing where the bias is corrected.
    public var value: Double { correctsBias ? sum / (1 - pow(decay, Double(count))) : sum }

    /// Takes a value in, and returns the average then.
    @discardableResult
    public mutating func add(_ value: Double) -> Double {
        sum = decay * sum + (1 - decay) * value
        count += 1
        return self.value
    }

    /// The average after each value of a series.
    ///
    /// - Throws: `OptimizerError` unless 0 ≤ β < 1.
    public static func averages(
        of series: [Double], decay: Double, correctsBias: Bool = true
    ) throws(OptimizerError) -> [Double] {
        var average = try ExponentialAverage(decay: decay, correctsBias: correctsBias)
        return series.map { average.add($0) }
    }

    /// By how many steps the average of a wave lags behind it, at an angular frequency in radians a step:
    /// atan(β sin ω / (1 − β cos ω)) / ω, which is β/(1 − β) for waves that are long against the window.
    public static func lag(decay: Double, frequency: Double) -> Double {
        guard frequency != 0 else { return decay / (1 - decay) }
        return atan2(decay * sin(frequency), 1 - decay * cos(frequency)) / frequency
    }
}
