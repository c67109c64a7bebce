import ApusGraph
import ApusTensor

extension Parallel {
    /// How several tensors become one.
    public enum Merge: String, Sendable, Hashable, Codable, CaseIterable {
        /// Side by side along the last axis.
        case concatenate
        /// The sum, element by element.
        case add
        /// The first less the others, element by element.
        case subtract
        /// The product, element by element.
        case multiply
        /// The mean, element by element.
        case average
        /// The largest, element by element.
        case maximum
        /// The smallest, element by element.
        case minimum
        /// The scalar product of two along the last axis, [..., 1].
        case dot

        /// One tensor of several.
        ///
        /// - Parameter what: What they are, for messages: `branches`.
        func merged(_ values: [Tensor], of what: String, _ kind: String) -> Tensor {
            var check = Check(kind, values.first ?? .zeros([]))
            check.expect(!values.isEmpty, "there are no \(what)")
            let shapes = values.filter { $0.problems.isEmpty }.map(\.shape)
            let text = shapes.map(\.description).joined(separator: ", ")
            check.expect(
                shapes.allSatisfy { isCompatible($0, shapes[0]) },
                "the \(what) yield the shapes \(text); "
                    + (self == .concatenate ? "all axes but the last must be equal" : "they must be equal"))
            check.expect(
                self != .dot || values.count == 2 && shapes.allSatisfy { $0.rank > 1 },
                "a scalar product needs two \(what) of shape [N, ...], received \(values.count) of \(text)")
            guard check.passed, values.allSatisfy({ $0.problems.isEmpty }) else {
                return values.reduce(check.failure, Tensor.failing)
            }
            let others = values.dropFirst()
            switch self {
            case .concatenate: return Tensor.concatenated(values, axis: -1)
            case .add: return others.reduce(values[0], +)
            case .subtract: return others.reduce(values[0], -)
            case .multiply: return others.reduce(values[0], *)
            case .average: return others.reduce(values[0], +) / Double(values.count)
            case .maximum: return others.reduce(values[0]) { ApusTensor.maximum($0, $1) }
            case .minimum: return others.reduce(values[0]) { ApusTensor.minimum($0, $1) }
            case .dot: return (values[0] * values[1]).sum(axes: [-1], keepingAxes: true)
            }
        }

        private func isCompatible(_ a: Shape, _ b: Shape) -> Bool {
            self == .concatenate ? a.rank > 0 && a.dimensions.dropLast() == b.dimensions.dropLast() : a == b
        }
    }
}
