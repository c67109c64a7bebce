import ApusTensor
import Foundation

/// A number of an optimizer's step: a `Double` where the step is known, and an expression where it is itself computed, in a
/// function that is compiled.
///
/// Rules write what they derive from the step once, for both; see `OptimizerRule.scales(rate:step:)`.
///
/// ```swift
/// func corrected<Number: StepNumber>(_ rate: Number, _ step: Number) -> Number {
///     rate / (1 - Number.power(0.9, step))   // η / (1 − β₁ᵗ)
/// }
/// print(corrected(0.01, 1.0))
/// ```
public protocol StepNumber: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    /// A number that is known.
    init(_ value: Double)

    /// The sum.
    static func + (a: Self, b: Self) -> Self
    /// The difference.
    static func - (a: Self, b: Self) -> Self
    /// The product.
    static func * (a: Self, b: Self) -> Self
    /// The quotient.
    static func / (a: Self, b: Self) -> Self

    /// √a
    func squareRoot() -> Self

    /// baseᵃ
    static func power(_ base: Double, _ exponent: Self) -> Self

    /// a where the number is greater than the bound, else b.
    func ifGreater(than bound: Double, _ a: Self, else b: Self) -> Self

    /// f(1) · f(2) · … · f(n), where n is the number, at most the limit.
    func product(limit: Int, of factor: (Double) -> Double) -> Self
}

extension Double: StepNumber {
    public static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    public func ifGreater(than bound: Double, _ a: Double, else b: Double) -> Double { self > bound ? a : b }

    public func product(limit: Int, of factor: (Double) -> Double) -> Double {
        var (result, index) = (1.0, 1.0)
        while index <= Swift.min(self, Double(limit)) {
            result *= factor(index)
            index += 1
        }
        return result
    }
}

/// The numbers that a rule derives from the step, at most four.
///
/// ```swift
/// let scales = StepScales(0.01, 0.9)   // two numbers that a rule derives from the step
/// print(scales[0], scales[1])          // 0.01 0.9
/// ```
public struct StepScales<Number: StepNumber> {
    private let numbers: (Number, Number, Number, Number)

    /// One to four numbers.
    public init(_ a: Number, _ b: Number = 0, _ c: Number = 0, _ d: Number = 0) {
        numbers = (a, b, c, d)
    }

    /// The number at a place, from 0.
    public subscript(index: Int) -> Number {
        switch index {
        case 0: numbers.0
        case 1: numbers.1
        case 2: numbers.2
        default: numbers.3
        }
    }
}

/// A number in a graph: a float64 scalar.
struct StepTensor: StepNumber {
    let tensor: Tensor

    /// - Parameter tensor: A scalar of any type.
    init(_ tensor: Tensor) { self.tensor = tensor.cast(to: .float64) }

    init(_ value: Double) { tensor = .full([], value, type: .float64) }
    init(floatLiteral value: Double) { self.init(value) }
    init(integerLiteral value: Int) { self.init(Double(value)) }

    static func + (a: StepTensor, b: StepTensor) -> StepTensor { StepTensor(a.tensor + b.tensor) }
    static func - (a: StepTensor, b: StepTensor) -> StepTensor { StepTensor(a.tensor - b.tensor) }
    static func * (a: StepTensor, b: StepTensor) -> StepTensor { StepTensor(a.tensor * b.tensor) }
    static func / (a: StepTensor, b: StepTensor) -> StepTensor { StepTensor(a.tensor / b.tensor) }

    func squareRoot() -> StepTensor { StepTensor(sqrt(tensor)) }

    static func power(_ base: Double, _ exponent: StepTensor) -> StepTensor {
        StepTensor(pow(StepTensor(base).tensor, exponent.tensor))
    }

    func ifGreater(than bound: Double, _ a: StepTensor, else b: StepTensor) -> StepTensor {
        StepTensor(select(tensor .> StepTensor(bound).tensor, a.tensor, b.tensor))
    }

    func product(limit: Int, of factor: (Double) -> Double) -> StepTensor {
        var table = [1.0]
        for index in 1...limit { table.append(table[index - 1] * factor(Double(index))) }
        let index = minimum(tensor, StepTensor(Double(limit)).tensor).cast(to: .int64)
        return StepTensor(Tensor(table, type: .float64).gathered(index))
    }
}
