import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import CKernelsTestSupport
import Testing

/// What becomes of NaN: the same on every path, and as in PyTorch. It passes ReLU, extremes, clamping and pooling; it is the first
/// extreme of its axis; compared with anything it is false.
@Suite(.serialized) struct NaNTests {
    private static let infinities: [Double] = [.nan, -1, 2, 0, .infinity, -.infinity, -0.5, 1.5, .nan, -3, 4, 0.25]

    private struct Case: Sendable, CustomStringConvertible {
        var description: String
        var shape: Shape
        var output: @Sendable (Node) -> Node
        /// Whether NaN goes nowhere else: transformed and padded convolutions spread it further.
        var isExact = true
    }

    private static let pool = PoolGeometry(
        window: ImageSize(height: 2, width: 2), strides: ImageSize(height: 2, width: 2))

    private static let elementwise: [Case] = [
        Case(description: "relu", shape: [12]) { $0.unary(.relu) },
        Case(description: "relu between", shape: [12]) { (($0 * 2).unary(.relu) + 1).unary(.negate) },
        Case(description: "absolute", shape: [12]) { $0.unary(.absolute) },
        Case(description: "sign", shape: [12]) { $0.unary(.sign) },
        Case(description: "clamp", shape: [12]) { Node(.clamp(low: .floating(-1), high: .floating(1)), [$0]) },
        Case(description: "maximum", shape: [12]) { .binary(.maximum, $0, .constant(0.5, [], $0.elementType)) },
        Case(description: "maximum, NaN last", shape: [12]) {
            .binary(.maximum, .constant(0.5, [], $0.elementType), $0)
        },
        Case(description: "minimum", shape: [12]) { .binary(.minimum, $0, .constant(0.5, [], $0.elementType)) },
        Case(description: "minimum, NaN last", shape: [12]) {
            .binary(.minimum, .constant(0.5, [], $0.elementType), $0)
        },
        Case(description: "maximum of two", shape: [12]) { .binary(.maximum, $0, Node(.reverse(axes: [0]), [$0])) },
        Case(description: "less", shape: [12]) { .binary(.less, $0, .constant(0, [], $0.elementType)) },
        Case(description: "greaterOrEqual", shape: [12]) {
            .binary(.greaterOrEqual, $0, .constant(0, [], $0.elementType))
        },
        Case(description: "equal", shape: [12]) { .binary(.equal, $0, $0) },
        Case(description: "notEqual", shape: [12]) { .binary(.notEqual, $0, $0) },
        Case(description: "maximum of lines", shape: [3, 4]) { $0.reduce(.maximum, [1]) },
        Case(description: "minimum of lines", shape: [3, 4]) { $0.reduce(.minimum, [1]) },
        Case(description: "maximum of columns", shape: [3, 4]) { $0.reduce(.maximum, [0]) },
        Case(description: "maximum of all", shape: [700]) { $0.reduce(.maximum, [0]) },
        Case(description: "minimum of all", shape: [700]) { $0.reduce(.minimum, [0]) },
        Case(description: "argmax of lines", shape: [3, 4]) { Node(.argReduce(.argmax, axis: 1), [$0]) },
        Case(description: "argmin of lines", shape: [3, 4]) { Node(.argReduce(.argmin, axis: 1), [$0]) },
        Case(description: "argmax of columns", shape: [3, 4]) { Node(.argReduce(.argmax, axis: 0), [$0]) },
        Case(description: "argmax of a long line", shape: [700]) { Node(.argReduce(.argmax, axis: 0), [$0]) },
        Case(description: "argmin of a long line", shape: [700]) { Node(.argReduce(.argmin, axis: 0), [$0]) },
        Case(description: "maxPool", shape: [1, 6, 4, 5]) { Node(.maxPool(pool), [$0]) },
        Case(description: "maxPool of many channels", shape: [2, 4, 4, 40]) { Node(.maxPool(pool), [$0]) },
        Case(description: "maxPool behind ReLU", shape: [1, 6, 4, 5]) { Node(.maxPool(pool), [$0.unary(.relu)]) },
        Case(description: "softmax", shape: [3, 4]) { Node(.softmax(axis: 1), [$0]) },
    ]

    /// Weights are inputs: of constants, other programs are made.
    private static func weights(_ shape: Shape, _ type: ElementType) -> Node {
        Node(.input("weights", TensorType(shape, type)))
    }

    /// A convolution with bias and ReLU, whose kernel depends on its shape.
    private static func convolution(
        _ image: Shape, _ kernel: Shape, stride: Int = 1, pools: Bool = false, isExact: Bool = true
    ) -> Case {
        Case(
            description: "convolution \(kernel)\(pools ? " with pooling" : "")", shape: image,
            output: { x in
                let type = x.elementType.accumulator
                let strides = ImageSize(height: stride, width: stride)
                let y = Node(.convolution(ConvolutionGeometry(strides: strides)), [x, weights(kernel, type)])
                let active = (y + weights([kernel[3]], type).cast(to: x.elementType)).unary(.relu)
                return pools ? Node(.maxPool(pool), [active]) : active
            }, isExact: isExact)
    }

    private static let products: [Case] = [
        convolution([8, 8, 8, 1], [3, 3, 1, 4]), convolution([16, 8, 8, 1], [3, 3, 1, 4], pools: true),
        convolution([1, 8, 8, 1], [5, 5, 1, 6], isExact: false),
        convolution([1, 8, 8, 3], [3, 3, 3, 16], stride: 2, isExact: false),
        convolution([2, 8, 8, 16], [1, 1, 16, 32]), convolution([2, 10, 10, 32], [5, 5, 32, 32], isExact: false),
        convolution([4, 12, 12, 32], [3, 3, 32, 32], isExact: false),
        Case(description: "dense with ReLU", shape: [20, 30]) { x in
            (.matmul(x, weights([30, 40], x.elementType)) + weights([40], x.elementType)).unary(.relu)
        },
        Case(description: "a vector times a matrix with ReLU", shape: [1, 300]) { x in
            (.matmul(x, weights([300, 4], x.elementType)) + weights([4], x.elementType)).unary(.relu)
        },
        Case(description: "batch normalization with ReLU", shape: [2, 4, 4, 8]) { x in
            let type = x.elementType.accumulator
            return Node(.batchNorm(epsilon: 1e-3), [x] + (0..<4).map { _ in weights([8], type) }).unary(.relu)
        },
    ]

    /// The graph of a case, and values of its inputs after the first: numbers that leave some results above 0 and some below.
    private func graph(_ item: Case, _ type: ElementType) -> (Graph, others: [ReferenceValue]) {
        let x = Node(.input("x", TensorType(item.shape, type)))
        let y = item.output(x)
        let others = Node.sorted([y]).filter { node in
            if case .input = node.operation { node != x } else { false }
        }
        let values = others.map { node in
            ReferenceValue(
                shape: node.shape, elementType: node.elementType,
                values: (0..<node.shape.count).map { Double(($0 * 5) % 7 + 1) / 8 })
        }
        return (Graph(inputs: [x] + others, outputs: [Graph.Output(name: "y", node: y)]), values)
    }

    private func check(_ item: Case, _ type: ElementType, _ set: InstructionSet, _ values: [Double]) throws {
        let (graph, others) = graph(item, type)
        let input = ReferenceValue(
            shape: item.shape, elementType: type, values: (0..<item.shape.count).map { values[$0 % values.count] })
        let expected = try ReferenceBackend().run(graph, inputs: [input] + others)[0]
        try set.use {
            for options in [CompileOptions.fused, .unfused] {
                let program = try CPU.compile(graph, options: options)
                let received = try program.values([input] + others)[0]
                #expect(received.values.count == expected.values.count)
                for (index, pair) in zip(received.values, expected.values).enumerated() {
                    // Where there is no NaN, infinities are the same.
                    let isRight = pair.0.isNaN == pair.1.isNaN && (!pair.1.isInfinite || pair.0 == pair.1)
                    let isSpread = !item.isExact && pair.0.isNaN
                    #expect(
                        isRight || isSpread,
                        "\(item) in \(type), \(program.stepNames): \(pair.0) for \(pair.1) at \(index)")
                    if !isRight, !isSpread { break }
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available) func isTreatedAlikeOnEveryPath(set: InstructionSet) throws {
        for type in [ElementType.float32, .bfloat16, .float64] {
            for item in Self.elementwise { try check(item, type, set, Self.infinities) }
            for item in Self.products {
                // One NaN among numbers, in one of the samples.
                var values = (0..<item.shape.count).map { Double(($0 * 7) % 11) / 8 - 0.5 }
                values[values.count / 3] = .nan
                try check(item, type, set, values)
            }
        }
    }

    /// The convolutions take every kernel there is.
    @Test func everyKernelTakesPart() throws {
        let names = try Self.products.flatMap { try CPU.compile(graph($0, .float32).0, options: .fused).stepNames }
        for kernel in ["winograd convolution+bias+relu", "convolution+bias+relu [oneDNN", "+relu+maxPool"] {
            #expect(names.contains { $0.contains(kernel) }, "\(kernel): \(names)")
        }
    }
}
