public import ApusTensor
public import Testing

/// How far computed values may lie from the fixtures', relative to the largest of the tensor.
///
/// Fixtures are rounded to float32 (6e-8). Sums of n products differ by the order in which they are added; gradients to parameters
/// add over the batch and all positions.
public enum FixtureTolerance: Double, Sendable {
    /// One rounding or two.
    case elementwise = 2e-7
    /// Short sums, exponentials, roots.
    case layer = 1e-6
    /// Long chains: a network, several steps of training.
    case network = 5e-6
}

/// Records an issue for the first element that is too far away, and for shapes that differ.
public func expectClose(
    _ received: Tensor, _ expected: Tensor, _ tolerance: FixtureTolerance, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try evaluate(received, expected)
    guard received.shape == expected.shape else {
        Issue.record(
            "\(name): expected the shape \(expected.shape) but received \(received.shape)",
            sourceLocation: sourceLocation)
        return
    }
    let (values, targets) = (received.scalars(as: Double.self), expected.scalars(as: Double.self))
    let largest = targets.map(abs).max() ?? 0
    // What cancels to nothing is compared with the size of what cancels.
    let scale = largest > 0 && largest < 1e-9 ? 0.3 : largest
    let errors = zip(values, targets).map { abs($0 - $1) }
    guard let worst = errors.indices.max(by: { errors[$0] < errors[$1] }) else {
        Issue.record("\(name): there are no elements to compare", sourceLocation: sourceLocation)
        return
    }
    // A NaN is not close to anything.
    let broken = values.indices.first { !values[$0].isFinite } ?? worst
    #expect(
        errors[broken] <= tolerance.rawValue * scale,
        "\(name), element \(broken): expected \(targets[broken]) but received \(values[broken]); relative to \(scale) that is \(errors[broken] / scale)",
        sourceLocation: sourceLocation)
}
