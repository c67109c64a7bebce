public import Apus

/// The numbers with which every framework starts, so that their first losses are equal when they do the same work.
///
/// A number is a function of its stream and its place alone: the bits of `place + stream · 0x9E3779B9`, mixed. Stream 0 is the
/// inputs, 1 the labels, 2 and on the kernels in the order of their layers, a residual body before its shortcut, the kernel of an
/// LSTM's inputs before that of its state, those of attention in the order query, key, value, output.
/// Benchmarks/peers/start_values.py has the same.
public enum StartValues {
    /// The bits at a place of a stream; the mixing is lowbias32 of Wellons, "Prospecting for hash functions" (2018).
    static func bits(_ stream: Int, _ place: Int) -> UInt32 {
        var x = UInt32(truncatingIfNeeded: place) &+ UInt32(truncatingIfNeeded: stream) &* 0x9E37_79B9
        x ^= x >> 16
        x &*= 0x7FEB_352D
        x ^= x >> 15
        x &*= 0x846C_A68B
        return x ^ (x >> 16)
    }

    /// Uniform numbers up to the limit to both sides of a center.
    public static func uniform(_ stream: Int, _ shape: Shape, limit: Double, center: Double = 0) -> Tensor {
        let numbers = (0..<shape.count).map { place in
            Float((Double(bits(stream, place) >> 8) / 0x80_0000 - 1) * limit + center)
        }
        return Tensor(numbers, shape: shape)
    }

    /// Inputs of variance 1, [batch, …], and labels from 0 to 9, [batch]; or tokens, and a token as the label of each.
    public static func batch(_ workload: Workload) -> Batch {
        let shape = Shape([workload.batch] + workload.input.dimensions)
        if let vocabulary = workload.vocabulary {
            func tokens(_ stream: Int) -> Tensor {
                Tensor((0..<shape.count).map { Int32(bits(stream, $0) % UInt32(vocabulary)) }, shape: shape)
            }
            return Batch(inputs: tokens(0), targets: tokens(1))
        }
        let inputs = uniform(0, shape, limit: 3.0.squareRoot())
        let labels = (0..<workload.batch).map { Int32(bits(1, $0) % 10) }
        return Batch(inputs: inputs, targets: Tensor(labels))
    }

    /// Kernels and embeddings drawn as He et al. (2015) do, uniformly; other variables stay as they are.
    public static func setKernels(of variables: inout Variables) throws {
        let names = ["kernel", "recurrentKernel", "embeddings"]
        let kernels = variables.paths.filter { path in names.contains { path.hasSuffix("/\($0)") } }
        for (number, path) in kernels.enumerated() {
            let shape = variables[path]!.shape
            let inputs = shape.dimensions.dropLast().reduce(1, *)
            try variables.setValue(path, uniform(2 + number, shape, limit: (6 / Double(inputs)).squareRoot()))
        }
    }
}
