package import ApusBackend
package import ApusGraph

/// How far a backend's values may lie from the `Float64` meaning.
package struct Tolerance: Sendable, Hashable {
    /// ‖received − expected‖₂ / ‖expected‖₂
    package var norm: Double
    /// |received − expected| / (|expected| + root mean square of the expected values), each element.
    package var element: Double

    package init(norm: Double, element: Double) {
        self.norm = norm
        self.element = element
    }

    /// The one table: tolerances of an operation whose inputs are exact in the type.
    package static func of(_ type: ElementType) -> Tolerance {
        switch type {
        case .float32: Tolerance(norm: 1e-6, element: 4e-6)
        case .bfloat16: Tolerance(norm: 3e-3, element: 8e-3)
        case .float64: Tolerance(norm: 1e-13, element: 1e-12)
        case .int32, .int64, .uint8, .bool: .exact
        }
    }

    package static let exact = Tolerance(norm: 0, element: 0)

    package static func * (tolerance: Tolerance, factor: Double) -> Tolerance {
        Tolerance(norm: tolerance.norm * factor, element: tolerance.element * factor)
    }
}

extension OperationRow {
    /// How far a result of an element type may lie from the meaning.
    package func tolerance(_ type: ElementType) -> Tolerance { isExact ? .exact : .of(type) * toleranceFactor }
}

/// Compares a backend's value with the meaning, which is rounded to the type first.
///
/// NaN equals NaN, an infinity only itself.
/// - Returns: What differs, or `nil`.
package func difference(_ received: ReferenceValue, from expected: ReferenceValue, _ tolerance: Tolerance) -> String? {
    guard received.type == expected.type else { return "expected \(expected.type) but received \(received.type)" }
    guard received.values.count == expected.values.count else {
        return "expected \(expected.values.count) values but received \(received.values.count)"
    }
    let target = expected.values.map { Scalar.floating($0).rounded(to: expected.elementType).double }
    let finite = target.filter(\.isFinite)
    let scale = (finite.reduce(0) { $0 + $1 * $1 } / Double(max(1, finite.count))).squareRoot()
    var (squaredError, squaredNorm) = (0.0, 0.0)
    for (position, (value, expected)) in zip(received.values, target).enumerated() {
        if value == expected || (value.isNaN && expected.isNaN) {
            squaredNorm += expected.isFinite ? expected * expected : 0
            continue
        }
        let error = abs(value - expected)
        guard error <= tolerance.element * (abs(expected) + scale) else {
            return "element \(position): expected \(expected) but received \(value)"
        }
        squaredError += error * error
        squaredNorm += expected * expected
    }
    let relative = squaredError == 0 ? 0 : (squaredError / squaredNorm).squareRoot()
    return relative <= tolerance.norm ? nil : "relative error \(relative) is above \(tolerance.norm)"
}

/// Whether all elements lie nearer than a distance, and there are as many of both.
package func areClose(_ a: [Double], _ b: [Double], within distance: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < distance }
}

/// ‖a − b‖ / (‖a‖ + ‖b‖); 0 where both vanish, infinite where one has more elements.
package func relativeDifference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let error = norm(zip(a, b).map { $0 - $1 })
    return error == 0 ? 0 : error / (norm(a) + norm(b))
}
