import ApusBackend
import ApusGraph
import ApusTensor
import Testing

/// Expects elements of a function of tensors when it is evaluated, compiled, and computed by the reference; NaN equals NaN.
func expectElements(
    _ expected: [Float], within tolerance: Float = 0, at arguments: [Tensor] = [],
    sourceLocation: SourceLocation = #_sourceLocation, _ function: @escaping @Sendable ([Tensor]) -> Tensor
) throws {
    let program = compile { (arguments: [Tensor]) in function(arguments) }
    let results = [
        ("evaluated", try function(arguments).evaluated()),
        ("compiled", try program(arguments)),
        ("reference", try Device.reference { try function(arguments).evaluated() }),
    ]
    for (way, result) in results {
        let found = result.scalars
        let isEqual =
            found.count == expected.count
            && zip(found, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= tolerance }
        #expect(isEqual, "\(way): \(found), not \(expected)", sourceLocation: sourceLocation)
    }
}

extension Tensor {
    /// What is wrong, with the operation's name; "sound" if nothing is.
    var problem: String { problems.isEmpty ? "sound" : problems.map(\.description).joined(separator: "\n") }
}

/// The gradient of the sum of what a function yields.
func slope(of x: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
    gradient(at: x) { function($0).sum() }
}
