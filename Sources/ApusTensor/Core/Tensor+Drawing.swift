public import ApusGraph

extension Tensor {
    /// Integers of a range, each equally likely (`randint`); a pure function of the key.
    ///
    /// - Parameters:
    ///   - shape: The shape of the result.
    ///   - range: What is drawn from; its bounds must fit the type.
    ///   - key: The key that names the draw.
    ///   - type: `int32`, `int64` or `uint8`.
    public static func integers(
        _ shape: Shape, in range: Range<Int>, key: RandomKey, type: ElementType = .int32
    ) -> Tensor {
        func problem(_ message: String) -> Tensor { Tensor(Node(problem: message, operation: "integers")) }
        guard type.isInteger, type != .bool else {
            return problem("expected the type int32, int64 or uint8 but received \(type)")
        }
        guard !range.isEmpty else { return problem("there is no integer in the range \(range)") }
        func fits(_ bound: Int) -> Bool { Scalar.integer(Int64(bound)).rounded(to: type).integer == Int64(bound) }
        // Bounds are kept as `Double`.
        let exact = -(1 << 53)...(1 << 53)
        guard fits(range.lowerBound), fits(range.upperBound - 1), exact.contains(range.lowerBound),
            exact.contains(range.upperBound)
        else { return problem("the range \(range) does not fit \(type)") }
        return uniform(shape, low: Double(range.lowerBound), high: Double(range.upperBound), key: key, type: type)
    }

    /// Classes drawn by their logits, [..., C] → int64 [...]: class c with the probability softmax(logits)[c] (`categorical`,
    /// `multinomial`); a pure function of the key.
    ///
    /// Divide logits by a temperature to draw more boldly (above 1) or more timidly. A class of −∞ is never drawn.
    ///
    /// - Parameters:
    ///   - logits: Unnormalized log probabilities of floating-point type, classes along the last axis.
    ///   - key: The key that names the draw.
    public static func categorical(_ logits: Tensor, key: RandomKey) -> Tensor {
        guard logits.problems.isEmpty else { return logits }
        guard logits.rank > 0, logits.elementType.isFloatingPoint else {
            return logits.invalid(
                "expected logits [..., classes] of a floating-point type but received \(logits.node.type)",
                in: "categorical")
        }
        // The largest of logits with Gumbel noise, −log(−log u), is a class with just its probability.
        let type = logits.elementType.accumulator
        let uniform = Tensor.uniform(logits.shape, low: 0x1p-126, high: 1, key: key, type: type)
        return (logits.cast(to: type) - log(-log(uniform))).argmax()
    }

    /// Whether a position lies within each sequence's length, lengths [N] → bool [N, length]: what an attention's mask for padded
    /// sequences is made of (Keras's `sequence_mask`).
    ///
    /// - Parameters:
    ///   - lengths: How many positions of each sequence count, as integers.
    ///   - length: The number of positions.
    public static func sequenceMask(_ lengths: Tensor, length: Int) -> Tensor {
        guard lengths.problems.isEmpty else { return lengths }
        guard length >= 0, lengths.rank == 1, lengths.elementType.isInteger else {
            return lengths.invalid(
                "expected lengths [N] as integers and a length that is not negative but received "
                    + "\(lengths.node.type) and \(length)", in: "sequenceMask")
        }
        let places = Tensor(.iota(axis: 1, TensorType([lengths.count, length], .int64)), [])
        return places .< lengths.expandingShape(at: 1)
    }
}
