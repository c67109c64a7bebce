import Apus
import ApusGraph
import ApusTestKit

/// A chain of operations that are drawn by a seed: axes are moved, joined, divided, reduced and stretched in any order.
struct RandomChain: Layer {
    let seed: UInt64
    var length = 9

    /// A value, and which of its axes is that of the samples: it is not cut, joined or reduced.
    private struct Value {
        var x: Tensor
        var samples: Int

        var rank: Int { x.rank }
        /// The other axes, and their extents.
        var axes: [Int] { (0..<rank).filter { $0 != samples } }
        var extents: [Int] { axes.map { x.shape[$0] } }

        func with(_ x: Tensor) -> Value { Value(x: x, samples: samples) }
    }

    func output(for x: Tensor, in context: Context) -> Tensor {
        var random = SeededGenerator(seed: seed)
        var values = [Value(x: x, samples: 0)]
        for step in 0..<length {
            let value = values[random.below(4) == 0 ? random.below(values.count) : values.count - 1]
            var next = drawn(value, values, &random, context["\(step)"])
            // Chains that grow are cut.
            while next.extents.product > 2000 {
                let axis = next.axes.max { next.x.shape[$0] < next.x.shape[$1] }!
                next = Value(x: next.x.mean(axes: [axis]), samples: next.samples - (axis < next.samples ? 1 : 0))
            }
            values.append(next)
        }
        return values[values.count - 1].x
    }

    private func drawn(
        _ value: Value, _ values: [Value], _ random: inout SeededGenerator, _ context: Context
    ) -> Value {
        let (x, rank, samples, axes) = (value.x, value.rank, value.samples, value.axes)
        guard !axes.isEmpty else {
            return Value(x: x.expandingShape(at: 1) * Tensor([1, 2, 3, 4] as [Float], shape: [4]), samples: 0)
        }
        let axis = random.pick(axes)
        var shape = x.shape.dimensions
        switch random.below(20) {
        case 0: return value.with(relu(x))
        case 1: return value.with(tanh(x) * 0.5 + x)
        case 2:
            var order = Array(0..<rank)
            order.shuffle(using: &random)
            return Value(x: x.transposed(order), samples: order.firstIndex(of: samples)!)
        case 3:
            guard let first = axes.first(where: { axes.contains($0 + 1) }) else { return value.with(-x) }
            shape.replaceSubrange(first...(first + 1), with: [shape[first] * shape[first + 1]])
            return Value(x: x.reshaped(to: Shape(shape)), samples: samples - (first < samples ? 1 : 0))
        case 4:
            guard rank < 6, let factor = [2, 3, 5].first(where: { shape[axis] % $0 == 0 }) else {
                return value.with(abs(x))
            }
            let parts = [factor, shape[axis] / factor]
            shape.replaceSubrange(axis...axis, with: random.below(2) == 0 ? parts : parts.reversed())
            return Value(x: x.reshaped(to: Shape(shape)), samples: samples + (axis < samples ? 1 : 0))
        case 5:
            // Cuts across axes.
            guard samples == 0 else { return value.with(sin(x)) }
            let count = value.extents.product
            let factor = [4, 3, 2, 5, 7].first { count % $0 == 0 } ?? 1
            return value.with(x.reshaped(to: [shape[0], factor, count / factor]))
        case 6: return value.with(x.mean(axes: [axis], keepingAxes: true) + x)
        case 7:
            guard rank > 2 else { return value.with(x * x.min(axes: [axis], keepingAxes: true)) }
            return Value(x: x.max(axes: [axis]), samples: samples - (axis < samples ? 1 : 0))
        case 8: return value.with(x - x.sum(axes: axes, keepingAxes: true) * 0.1)
        case 9: return value.with(softmax(x, axis: axis))
        case 10:
            guard shape[axis] > 2 else { return value.with(cos(x)) }
            let slices = shape.enumerated().map { place, extent in
                place == axis
                    ? AxisSlice(start: 1, count: (extent - 1) / 2, stride: 2) : AxisSlice(start: 0, count: extent)
            }
            return value.with(Tensor(.slice(slices), [x.node]))
        case 11:
            return value.with(
                x.padded((0..<rank).map { $0 == axis ? (low: 1, high: 2) : (low: 0, high: 0) }, value: 0.5))
        case 12: return value.with(Tensor.concatenated([x, x * 2, relu(x)], axis: axis))
        case 13: return value.with(x.reversed(axes: [axis]))
        case 14:
            guard samples == 0, rank == 4 else {
                return rank < 6 ? value.with(x.expandingShape(at: rank)) : value.with(x * x)
            }
            return value.with(Conv2D(filters: 3, kernelSize: [1, 2], padding: .same)(x, in: context))
        case 15: return value.with(samples == rank - 1 ? exp(-abs(x)) : Dense(4)(x, in: context))
        case 16: return value.with(samples == rank - 1 ? x * 0.3 : LayerNorm()(x, in: context))
        case 17: return value.with(samples == 0 ? BatchNorm()(x, in: context) : x + 1)
        case 18:
            let other = values.last { $0.samples == samples && $0.rank == rank && $0.extents == value.extents }
            guard let other else { return value.with(x * x) }
            return value.with(maximum(x, other.x * 0.7) + other.x)
        default:
            guard rank >= 3, samples < rank - 2 else { return value.with(sigmoid(x)) }
            var order = Array(0..<rank)
            order.swapAt(rank - 1, rank - 2)
            return value.with(x.matmul(x.transposed(order)) * (1 / Double(shape[rank - 1])))
        }
    }
}

extension ExportCase {
    /// Chains of operations on images, sequences and rows.
    static func random(_ count: Int) -> [ExportCase] {
        (0..<count).map { number in
            let shapes: [Shape] = [[6, 5, 4], [5, 4, 3], [8, 6], [12], [4, 4, 1]]
            return ExportCase("random-\(number)", shapes[number % 5], RandomChain(seed: UInt64(number)))
        }
    }
}
