import ApusGraph
import ApusTensor

extension Initializer {
    /// The orthonormal factor of a matrix of normal numbers, in float64.
    static func orthogonal(_ gain: Double, _ shape: Shape, _ key: RandomKey) -> Tensor {
        guard shape.rank >= 2 else {
            return Tensor(
                Node(
                    problem: "only matrices and kernels can be orthogonal, received shape \(shape)",
                    operation: "orthogonal"))
        }
        let columns = shape[-1]
        let rows = shape.count / Swift.max(1, columns)
        let isWide = columns > rows
        let (length, count) = isWide ? (columns, rows) : (rows, columns)
        let draw = Tensor.normal([count, length], key: key, type: .float64)
        guard draw.problems.isEmpty, shape.count > 0 else { return draw }
        var vectors = draw.scalars(as: Double.self)
        vectors.withUnsafeMutableBufferPointer { orthonormalize($0, length: length) }
        let matrix = Tensor(vectors.map { $0 * gain }, shape: [count, length], type: .float32)
        return (isWide ? matrix : matrix.transposed()).reshaped(to: shape)
    }

    /// Makes each vector orthogonal to those before it and of length 1 (Gram and Schmidt's way, done twice, which keeps full accuracy).
    private static func orthonormalize(_ vectors: UnsafeMutableBufferPointer<Double>, length: Int) {
        for start in stride(from: 0, to: vectors.count, by: length) {
            let vector = UnsafeMutableBufferPointer(rebasing: vectors[start..<(start + length)])
            for _ in 0..<2 {
                for other in stride(from: 0, to: start, by: length) {
                    var product = 0.0
                    for index in 0..<length { product += vector[index] * vectors[other + index] }
                    for index in 0..<length { vector[index] -= product * vectors[other + index] }
                }
            }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for index in 0..<length { vector[index] /= norm }
        }
    }
}
