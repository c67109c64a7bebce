import ApusGraph
public import ApusTensor
import Foundation

/// What attention knows of positions, beside what was added to its input.
///
/// ```swift
/// let layer = MultiHeadAttention(heads: 8, isCausal: true, positions: .rotary)
/// ```
public enum AttentionPositions: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing: without a mask the order of positions makes no difference.
    case none
    /// Queries and keys are turned by angles that grow with their positions, so that their products depend on the distance:
    /// `rotated(base:)`. Su et al. (2021).
    case rotary
}

extension Tensor {
    /// Each head's vector turned by its position: pairs (x[i], x[i + D/2]) by the angle t · base^(−2i/D), [N, T, heads, D].
    ///
    /// Halves are paired as in GPT-NeoX and Llama; the paper pairs neighbours, which is another order of the same features.
    /// Su et al. (2021), “RoFormer”.
    ///
    /// - Parameter base: The base of the angles, above 1.
    public func rotated(base: Double = 10_000) -> Tensor { rotated(base: base, at: nil) }

    /// - Parameter places: The positions of the vectors, [T, 1]; 0, 1, 2, … if `nil`.
    func rotated(base: Double, at places: Tensor?) -> Tensor {
        guard problems.isEmpty else { return self }
        guard rank == 4, shape[3] % 2 == 0, elementType.isFloatingPoint, base > 1, base.isFinite else {
            return .invalid(
                "expected vectors [N, T, heads, D] of an even size D and a base above 1 but received "
                    + "\(elementType)\(shape) and \(base)")
        }
        let type = elementType.accumulator
        let angles = Tensor.angles(
            at: places ?? .places(shape[1]), count: shape[3] / 2, base: base
        ).expandingShape(at: 1)
        let (cosine, sine) = (cos(angles).cast(to: type), sin(angles).cast(to: type))
        let halves = cast(to: type).split(into: 2, axis: 3)
        return Tensor.concatenated(
            [halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine], axis: 3
        ).cast(to: elementType)
    }

    /// 0, 1, 2, …: [count, 1].
    static func places(_ count: Int) -> Tensor { Tensor(.iota(axis: 0, TensorType([count, 1], .float64)), []) }

    /// t · base^(−i / count) in float64, [T, count], at places t [T, 1].
    static func angles(at places: Tensor, count: Int, base: Double) -> Tensor {
        let index = Tensor(.iota(axis: 1, TensorType([1, count], .float64)), [])
        let step = -Foundation.log(base) / Double(Swift.max(1, count))
        return places.cast(to: .float64) * exp(index * step)
    }
}
