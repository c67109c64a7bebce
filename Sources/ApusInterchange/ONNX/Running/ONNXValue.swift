import ApusGraph
import ApusTensor

/// A value of a graph while it is traced: a tensor, and in which order the axes of the file lie in it.
///
/// ONNX speaks of images [N, C, H, W], Apus computes on [N, H, W, C]. What a convolution yields stays as it lies, until an operator
/// needs the order of the file: so a chain of convolutions, normalizations and poolings moves nothing.
struct ONNXValue: Sendable {
    /// The elements as they lie.
    let tensor: Tensor
    /// Which axis of the file lies at each axis of the tensor.
    let order: [Int]
    /// The type in the file; the tensor's is the one in which it is computed.
    let type: ONNXType

    init(_ tensor: Tensor, _ type: ONNXType, order: [Int]? = nil) {
        self.tensor = tensor
        self.type = type
        self.order = order ?? Array(0..<tensor.rank)
    }

    /// The number of axes.
    var rank: Int { order.count }
    /// The number of elements.
    var count: Int { tensor.count }

    /// The extents in the order of the file.
    var shape: [Int] {
        var shape = Array(repeating: 1, count: rank)
        for (axis, place) in order.enumerated() { shape[place] = tensor.shape[axis] }
        return shape
    }

    /// Where an axis of the file lies in the tensor.
    func place(_ axis: Int) -> Int { order.firstIndex(of: axis) ?? axis }

    /// Whether the axes lie as in the file.
    var isPlain: Bool { order == Array(0..<rank) }

    // MARK: Orders

    /// The order of images and sequences of a rank: [N, H, W, C] of [N, C, H, W].
    static func channelsLast(_ rank: Int) -> [Int] {
        rank < 3 ? Array(0..<rank) : [0] + Array(2..<rank) + [1]
    }

    /// The order of kernels of a rank: [H, W, I, O] of [O, I, H, W].
    static func kernelOrder(_ rank: Int) -> [Int] { Array(2..<rank) + [1, 0] }

    /// The elements in an order of axes.
    func laid(_ target: [Int]) -> Tensor {
        guard target != order else { return tensor }
        let permutation = target.map(place)
        // Where only extents of 1 change their places, nothing moves.
        let moved = permutation.filter { tensor.shape[$0] != 1 }
        if moved == moved.sorted() { return tensor.reshaped(to: Shape(permutation.map { tensor.shape[$0] })) }
        return tensor.transposed(permutation)
    }

    /// The elements in the order of the file.
    var plain: Tensor { laid(Array(0..<rank)) }

    /// Another tensor whose axes lie as here.
    func with(_ tensor: Tensor, _ type: ONNXType? = nil) -> ONNXValue {
        ONNXValue(tensor, type ?? self.type, order: order)
    }

    /// Each element transformed; the type stays.
    func map(_ transform: (Tensor) throws -> Tensor) rethrows -> ONNXValue { with(try transform(tensor)) }

    // MARK: Several values

    /// The elements of several values in one order of axes, aligned at the last axis of the file, so that they can be combined.
    static func aligned(_ values: [ONNXValue]) -> (tensors: [Tensor], order: [Int]) {
        let rank = values.map(\.rank).max() ?? 0
        let wide = values.filter { $0.rank == rank }
        let leader = wide.max { ($0.count, $1.isPlain ? 1 : 0) < ($1.count, $0.isPlain ? 1 : 0) }
        let order = leader?.order ?? []
        let tensors = values.map { value in
            guard value.rank < rank else { return value.laid(order) }
            guard value.rank > 0 else { return value.tensor }
            let shape = Array(repeating: 1, count: rank - value.rank) + value.shape
            return ONNXValue(value.plain.reshaped(to: Shape(shape)), value.type).laid(order)
        }
        return (tensors, order)
    }

    /// Values combined element by element.
    static func combined(
        _ values: [ONNXValue], type: ONNXType? = nil, _ combine: ([Tensor]) throws -> Tensor
    ) rethrows -> ONNXValue {
        let (tensors, order) = aligned(values)
        let result = try combine(tensors)
        // What does not fit has no axes.
        guard result.problems.isEmpty, result.rank == order.count else {
            return ONNXValue(result, type ?? values[0].type)
        }
        return ONNXValue(result, type ?? values[0].type, order: order).narrowed
    }

    /// Whole numbers of a narrower type than that in which they are computed wrap around.
    var narrowed: ONNXValue {
        guard let (low, count) = type.narrowRange, tensor.elementType.isInteger else { return self }
        return with((tensor - low) % Tensor.full([], Double(count), type: tensor.elementType) + low)
    }

    /// One number a channel of values of a rank, [C] as [C, 1, 1].
    func alongChannels(of rank: Int) -> ONNXValue {
        guard self.rank == 1, rank > 2 else { return self }
        return ONNXValue(tensor.reshaped(to: Shape(shape + Array(repeating: 1, count: rank - 2))), type)
    }
}
