import Apus
import ApusGraph

/// One head of attention over a sequence, with the sequence's own features.
private struct Attention: Layer {
    let heads: Int

    func output(for x: Tensor, in context: Context) -> Tensor {
        let (n, length, features) = (x.shape[0], x.shape[1], x.shape[2])
        func divided(_ name: String) -> Tensor {
            Dense(features)(x, in: context[name]).reshaped(to: [n, length, heads, features / heads])
                .transposed([0, 2, 1, 3])
        }
        let (q, k, v) = (divided("query"), divided("key"), divided("value"))
        let weights = softmax(q.matmul(k.transposed([0, 1, 3, 2])) / Double(features / heads).squareRoot())
        let joined = weights.matmul(v).transposed([0, 2, 1, 3]).reshaped(to: [n, length, features])
        return Dense(features)(joined, in: context["output"])
    }
}

/// A learned token before a sequence, and learned places.
private struct ClassToken: Layer {
    func output(for x: Tensor, in context: Context) -> Tensor {
        let (n, features) = (x.shape[0], x.shape[2])
        let token = context.parameter("token", shape: [1, 1, features], initializer: .uniform())
        let places = context.parameter("places", shape: [1, x.shape[1] + 1, features], initializer: .uniform())
        return Tensor.concatenated([token.broadcast(to: [n, 1, features]), x], axis: 1) + places
    }
}

/// A convolution whose kernel is computed from weights.
private struct Standardized: Layer {
    func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = context.parameter("kernel", shape: [3, 3, x.shape[3], 4], initializer: .glorotUniform)
        let centered = kernel - kernel.mean(axes: [0, 1, 2], keepingAxes: true)
        let geometry = ConvolutionGeometry()
        return Tensor(.convolution(geometry), [x.node, centered.node])
    }
}

/// Squeeze and excitation: channels weighed by what is in all of the image.
private struct Excitation: Layer {
    func output(for x: Tensor, in context: Context) -> Tensor {
        let means = GlobalAveragePool(keepsAxes: true)(x, in: context["squeeze"])
        let weights = Conv2D(filters: x.shape[3], kernelSize: 1, activation: .hardSigmoid)(means, in: context["excite"])
        return x * weights
    }
}

extension ExportCase {
    private static func lambda(
        _ name: String, _ input: Shape = [4, 6], _ function: @escaping @Sendable (Tensor) -> Tensor
    ) -> ExportCase {
        ExportCase("operation-\(name)", input, Lambda(name, function))
    }

    /// What layers of one's own may compute.
    static let custom: [ExportCase] =
        [
            ExportCase("attention", [6, 8], Attention(heads: 2)),
            ExportCase(
                "transformer", [6, 8],
                Sequential {
                    ClassToken()
                    Residual(
                        body: Sequential {
                            LayerNorm(); Attention(heads: 4)
                        })
                    Residual(
                        body: Sequential {
                            LayerNorm(); Dense(16, activation: .gelu()); Dense(8)
                        })
                    Lambda("first") { $0[0..., 0] }
                    Dense(3)
                }),
            ExportCase("standardized", [6, 5, 3], Standardized()),
            ExportCase(
                "excitation", [6, 5, 3],
                Sequential {
                    Conv2D(filters: 4, kernelSize: 3); Excitation(); MaxPool2D(2)
                }),
            ExportCase(
                "depth-to-space", [3, 4, 8],
                Sequential {
                    Conv2D(filters: 8, kernelSize: 3, padding: .same)
                    Lambda("toSpace") { x in
                        x.reshaped(to: [x.shape[0], 3, 4, 2, 2, 2]).transposed([0, 1, 3, 2, 4, 5])
                            .reshaped(to: [x.shape[0], 6, 8, 2])
                    }
                    Conv2D(filters: 2, kernelSize: 3)
                }),
            ExportCase(
                "shuffle", [3, 4, 6],
                Sequential {
                    Conv2D(filters: 6, kernelSize: 1, groups: 3)
                    Lambda("shuffle") { x in
                        x.reshaped(to: [x.shape[0], 3, 4, 3, 2]).transposed([0, 1, 2, 4, 3])
                            .reshaped(to: [x.shape[0], 3, 4, 6])
                    }
                    Conv2D(filters: 2, kernelSize: 3)
                }),
            ExportCase(
                "concat-slice", [6, 5, 4],
                Sequential {
                    Conv2D(filters: 4, kernelSize: 3)
                    Lambda("parts") { x in
                        Tensor.concatenated([x[0..., 0..., 0..., 2..<4], x[0..., 0..., 0..., 0..<1]], axis: -1)
                    }
                    Conv2D(filters: 2, kernelSize: 1)
                }),
        ] + operations + almost

    /// A response to neighbouring channels, but for their order, number or place.
    private static func almostResponse(_ name: String, _ starts: [Int], _ edge: AxisPadding) -> ExportCase {
        lambda("almost-lrn-\(name)", [3, 3, 6]) { x in
            let squares = square(x).padded([(0, 0), (0, 0), (0, 0), (edge.low, edge.high)])
            let whole = [x.shape[0], 3, 3].map { AxisSlice(start: 0, count: $0) }
            let parts = starts.map { Tensor(.slice(whole + [AxisSlice(start: $0, count: 6)]), [squares.node]) }
            return x / pow(parts.dropFirst().reduce(parts[0], +) * 0.2 + 1, 0.75)
        }
    }

    /// A normalization of groups whose variance is not around their mean, or of which no root is taken.
    private static func grouped(_ x: Tensor, centers: Bool) -> Tensor {
        let groups = x.reshaped(to: [x.shape[0], 12, 3, 2])
        let centered = groups - groups.mean(axes: [1, 3], keepingAxes: true)
        let variance = square(centers ? centered : groups).mean(axes: [1, 3], keepingAxes: true)
        return (centered * (centers ? reciprocal(variance + 0.1) : rsqrt(variance + 0.1))).reshaped(to: x.shape)
    }

    /// What looks like an operator of ONNX, and is none.
    private static let almost: [ExportCase] = [
        lambda("almost-leaky") { x in select(x .> 0, x, (x + 1) * 0.2) },
        lambda("almost-leaky-bound") { x in select(x .> 0.5, x, x * 0.2) },
        lambda("almost-leaky-other") { x in select(x * 2 - 1 .> 0, x, x * 0.2) },
        lambda("almost-celu") { x in select(x .> 0, x, expm1(select(x .> 0, Tensor.zeros([]), x) / 2) * 3) },
        lambda("almost-selu") { x in select(x .> 0, x, expm1(select(x .> 0, Tensor.zeros([]), x) / 2) * 2) * 1.5 },
        lambda("almost-hardsigmoid") { x in (x + 3).clamped(min: 0, max: 5) * (1.0 / 6) },
        lambda("almost-hardsigmoid-shift") { x in (x + 2).clamped(min: 0, max: 6) * (1.0 / 6) },
        lambda("almost-hardswish") { x in (x + 1) * ((x + 3).clamped(min: 0, max: 6) * (1.0 / 6)) },
        lambda("almost-softsign") { x in x / (abs(x + 1) + 1) },
        almostResponse("order", [0, 2, 1], AxisPadding(low: 1, high: 1)),
        almostResponse("twice", [0, 0, 2], AxisPadding(low: 1, high: 1)),
        almostResponse("shifted", [0, 1, 2], AxisPadding(low: 2, high: 0)),
        almostResponse("even", [0, 1], AxisPadding(low: 1, high: 0)),
        lambda("almost-groupnorm", [3, 4, 6]) { x in grouped(x, centers: false) },
        lambda("almost-groupnorm-root", [3, 4, 6]) { x in grouped(x, centers: true) },
        lambda("almost-resize", [3, 4, 2]) { x in
            x.expandingShape(at: 1).broadcast(to: [x.shape[0], 2, 3, 4, 2]).reshaped(to: [x.shape[0], 6, 4, 2])
        },
        lambda("almost-global", [3, 4, 2]) { x in x.mean(axes: [2, 3]) },
        // A constant for each row is no bias, however many rows there are; nor is one where the product is needed, too.
        ExportCase(
            "almost-bias", [4, 4, 3],
            Sequential {
                Conv2D(filters: 4, kernelSize: 1, useBias: false)
                Lambda("rows") { x in x + Tensor([1, 2, 3, 4] as [Float], shape: [4, 1]) }
            }),
        ExportCase(
            "almost-bias-used", [4],
            Lambda("twice") { x, context in
                let y = x.matmul(context.parameter("kernel", shape: [4, 3], initializer: .glorotUniform))
                return (y + context.parameter("bias", shape: [3], initializer: .ones)) * y
            }),
        ExportCase(
            "almost-bias-left", [4],
            Lambda("left") { x, context in
                context.parameter("bias", shape: [3], initializer: .ones)
                    + x.matmul(context.parameter("kernel", shape: [4, 3], initializer: .glorotUniform))
            }),
    ]

    private static let operations: [ExportCase] = [
        lambda("negate") { -$0 }, lambda("abs") { abs($0) }, lambda("sign") { sign($0) }, lambda("exp") { exp($0) },
        lambda("expm1") { expm1($0) }, lambda("log") { log(abs($0) + 1) }, lambda("log1p") { log1p(abs($0)) },
        lambda("sqrt") { sqrt(abs($0)) }, lambda("rsqrt") { rsqrt(abs($0) + 1) }, lambda("square") { square($0) },
        lambda("reciprocal") { reciprocal(abs($0) + 1) }, lambda("sin") { sin($0) }, lambda("cos") { cos($0) },
        lambda("erf") { erf($0) }, lambda("floor") { floor($0 * 3) }, lambda("ceil") { ceil($0 * 3) },
        lambda("round") { round($0 * 3) }, lambda("minmax") { minimum(maximum($0, -0.5), $0 * $0) },
        lambda("clampLow") { $0.clamped(min: 0.25) }, lambda("clampHigh") { $0.clamped(max: 0.25) },
        lambda("power") { pow(abs($0) + 0.1, 1.7) }, lambda("remainder") { $0 % 0.3 + $0 % -0.4 },
        lambda("compare") { x in
            let conditions = (x .> 0.3) .| (x .<= -1) .^ (x .>= 0.1) .& (x .!= 2) .| .!(x .< 1)
            return select(conditions, x, x * 2 + (x .== 0.5).cast(to: .float32))
        },
        lambda("finite") { select(isFinite($0 / ($0 - $0 * 1)), $0, $0 + 1) },
        lambda("any") { x in (x .> 1).any(axes: [1]).cast(to: .float32) + (x .> -1).all(axes: [1]).cast(to: .float32) },
        lambda("sums") { $0.sum(axes: [1]) + $0.product(axes: [1]) + $0.min(axes: [1]) + $0.max(axes: [1]) },
        lambda("variance") {
            ($0 - $0.mean(axes: [2], keepingAxes: true)) / $0.standardDeviation(axes: [1], keepingAxes: true)
        },
        lambda("argmax") { x in
            x.argmax(axis: 1).cast(to: .float32)
                - x.argmin(axis: 2).cast(to: .float32).sum(axes: [1], keepingAxes: true)
        },
        lambda("cumulative") { x in
            x.cumulativeSum(axis: 1) + x.cumulativeSum(axis: 2, exclusive: true)
                + x.cumulativeSum(axis: 1, reverse: true)
        },
        lambda("determinant") { x in
            let (sign, logarithm) = x[0..., 0..., 0..<4].logDeterminant()
            return Tensor.stacked([x[0..., 0..<3, 1..<4].determinant(), sign * logarithm], axis: 1)
        },
        lambda("topK") { x in x.topK(3, axis: 2).values.sum(axes: [1]) },
        lambda("sorted") { $0.sorted(axis: 1) + $0.sorted(axis: 2, descending: true) },
        lambda("reversed") { $0.reversed(axes: [2]) + $0.reversed(axes: [1]) },
        lambda("strided") { $0[0..., 1..<4, TensorSlice.every(2)] },
        lambda("padded") { $0.padded([(0, 0), (2, 1), (0, 3)], value: -1.5) },
        lambda("stacked") { x in Tensor.stacked([x, x * 2, -x], axis: 2).sum(axes: [1]) },
        lambda("outer") { x in
            x.sum(axes: [1], keepingAxes: true) * x.sum(axes: [2], keepingAxes: true)
        },
        lambda("stretched") { x in
            Tensor.concatenated([x, x.mean(axes: [2], keepingAxes: true).broadcast(to: x.shape)], axis: 2)
        },
        lambda("ones") { x in Tensor.concatenated([x, Tensor.ones([x.shape[0], 4, 1])], axis: 2) },
        lambda("oneHot") { x in x.argmax(axis: 2).oneHot(classes: 6) * x },
        lambda("gram", [4, 6]) { x in x.matmul(x.transposed([0, 2, 1])) },
        lambda("leftProduct", [4, 6]) { x in
            Tensor.arange(12).reshaped(to: [3, 4]).matmul(x)
        },
        lambda("gatherChannels", [4, 5, 6]) { x in x.gathered(Tensor([4, 0, 2], type: .int32), axis: 3) },
        lambda("softmaxAxis", [4, 5, 6]) { x in softmax(x, axis: 1) + logSoftmax(x, axis: 2) },
        // Axes that were joined of other parts: neither fits the other.
        lambda("parts", [12]) { x in
            let n = x.shape[0]
            let rows = (x.reshaped(to: [n, 3, 4]) * Tensor([1, 2, 3, 4] as [Float], shape: [4])).reshaped(to: [n, 12])
            let columns = (x.reshaped(to: [n, 4, 3]) * Tensor([1, 2, 3] as [Float], shape: [3])).reshaped(to: [n, 12])
            return rows + columns
        },
        // A table that is read as it is, and with its axes exchanged.
        ExportCase(
            "tied", [4],
            Lambda("tied") { x, context in
                let table = context.parameter("table", shape: [4, 4], initializer: .uniform())
                let words = x.argmax(axis: 1)
                return table.transposed().gathered(words, axis: 0) * 2 + table.gathered(words, axis: 0)
            }),
        lambda("integers") { x in
            let whole = (x * 5).cast(to: .int32)
            return ((whole % 3) * 2 - whole / 2 + 7).cast(to: .float32)
        },
    ]

    /// The networks of the zoo on small images.
    static let networks: [ExportCase] = Zoo.allCases.map { zoo in
        ExportCase("zoo-\(zoo.rawValue)", zoo.smallInput, zoo.model())
    }
}

extension Zoo {
    /// The smallest of usual images that the network takes.
    var smallInput: Shape {
        let sizes: [Shape] = [[28, 28, 1]] + [32, 64, 96, 128, 224].map { [$0, $0, 3] }
        let model = model()
        let taken = self == .mlp || self == .lenet5 ? sizes : Array(sizes.dropFirst())
        return taken.first { (try? model.traced(input: $0, batch: 2, mode: .inference)) != nil } ?? [299, 299, 3]
    }
}
