package import ApusBackend
package import ApusGraph

/// How a tensor of test values is drawn.
package enum Drawing: Sendable, Hashable {
    case uniform(ClosedRange<Double>)
    /// Either sign, with the absolute value in a range.
    case magnitude(ClosedRange<Double>)
    /// A shuffled grid around zero, (k + phase) · spacing: no ties, and no value nearer to 0 than the phase allows.
    /// For operations with kinks and extremes.
    case distinct(spacing: Double = 0.25, phase: Double = 0.25)
    case integers(ClosedRange<Int>)
    /// Exactly these, repeated as often as needed.
    case values([Double])

    func draw(_ count: Int, using generator: inout PhiloxGenerator) -> [Double] {
        switch self {
        case .uniform(let range): (0..<count).map { _ in Double.random(in: range, using: &generator) }
        case .magnitude(let range):
            (0..<count).map { _ in
                Double.random(in: range, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
            }
        case .distinct(let spacing, let phase):
            (0..<count).shuffled(using: &generator).map { (Double($0 - count / 2) + phase) * spacing }
        case .integers(let range): (0..<count).map { _ in Double(Int.random(in: range, using: &generator)) }
        case .values(let values): (0..<count).map { values[$0 % values.count] }
        }
    }
}

/// One input of a row of the operation table.
package struct TestInput: Sendable, Hashable {
    package var shape: Shape
    /// `nil`: the floating-point type under test.
    package var fixedType: ElementType?
    package var drawing: Drawing
    /// Whether the operation is differentiable with respect to this input.
    package var isDifferentiable: Bool
    /// Whether the input has the type in which sums over the type under test are kept.
    package var isWide = false

    /// Weights or statistics beside a tensor of the type under test: float32 where that is bfloat16.
    package static func wide(_ shape: Shape, _ drawing: Drawing = .uniform(-2...2)) -> TestInput {
        TestInput(shape: shape, fixedType: nil, drawing: drawing, isDifferentiable: true, isWide: true)
    }

    /// A tensor of the floating-point type under test.
    package static func floating(
        _ shape: Shape, _ drawing: Drawing = .uniform(-2...2), isDifferentiable: Bool = true
    ) -> TestInput {
        TestInput(shape: shape, fixedType: nil, drawing: drawing, isDifferentiable: isDifferentiable)
    }

    /// A tensor of one element type, whatever type is under test.
    package static func fixed(_ type: ElementType, _ shape: Shape, _ drawing: Drawing) -> TestInput {
        TestInput(shape: shape, fixedType: type, drawing: drawing, isDifferentiable: false)
    }

    package static func integers(_ shape: Shape, _ range: ClosedRange<Int>, _ type: ElementType = .int32) -> TestInput {
        .fixed(type, shape, .integers(range))
    }

    package static func bool(_ shape: Shape) -> TestInput { .fixed(.bool, shape, .integers(0...1)) }

    /// The key of a random operation.
    package static func key(_ seed: Int, _ step: Int) -> TestInput {
        .fixed(.int64, [2], .values([Double(seed), Double(step)]))
    }

    package func type(_ floatingType: ElementType) -> TensorType {
        TensorType(shape, fixedType ?? (isWide ? floatingType.accumulator : floatingType))
    }

    /// Values that the element type represents exactly.
    package func draw(_ floatingType: ElementType, using generator: inout PhiloxGenerator) -> ReferenceValue {
        let type = type(floatingType)
        let values = drawing.draw(shape.count, using: &generator)
        return ReferenceValue(
            shape: shape, elementType: type.elementType,
            values: values.map { Scalar.floating($0).rounded(to: type.elementType).double })
    }
}
