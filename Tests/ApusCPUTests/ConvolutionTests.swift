import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import CKernels
import Testing

/// Which kernel computes a convolution, and how exactly.
@Suite(.serialized) struct ConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var image: Shape
        var kernel: Shape
        var geometry = ConvolutionGeometry(padding: ImagePadding(top: 1, left: 1, bottom: 1, right: 1))
        var type = ElementType.float32
        var testDescription: String { "\(image) \(kernel) \(geometry)" }
    }

    /// The graph of a convolution with bias and ReLU and all gradients of Σ y · r.
    private func graph(_ item: Case) -> Graph {
        let x = Node(.input("x", TensorType(item.image, item.type)))
        let w = Node(.input("w", TensorType(item.kernel, item.type)))
        let b = Node(.input("b", TensorType([item.kernel[3]], .float32)))
        let y = Node.binary(.add, Node(.convolution(item.geometry), [x, w]), b.cast(to: item.type)).unary(.relu)
        let r = Node(.input("r", y.type))
        let total = Node.binary(.multiply, y, r).reduce(.sum, [0, 1, 2, 3])
        let gradients = Node.gradients(of: [total], withRespectTo: [x, w, b])
        return ApusTestSupport.graph([x, w, b, r], [y] + gradients)
    }

    private static func rule(_ change: (inout Case) -> Void) -> Case {
        var item = Case(image: [2, 12, 12, 32], kernel: [3, 3, 32, 32])
        change(&item)
        return item
    }

    private static func geometry(strides: Int = 1, dilation: Int = 1, groups: Int = 1, padding: Int = 1)
        -> ConvolutionGeometry
    {
        ConvolutionGeometry(
            strides: ImageSize(height: strides, width: strides),
            padding: ImagePadding(top: padding, left: padding, bottom: padding, right: padding),
            dilation: ImageSize(height: dilation, width: dilation), groups: groups)
    }

    /// Each row of the rule: what Winograd takes, and one step beyond each of its bounds.
    static let rows: [(Case, isWinograd: Bool)] = [
        (rule { _ in }, true),
        (rule { $0.geometry = geometry(padding: 0) }, true),
        (rule { $0.geometry = geometry(padding: 2) }, true),
        (rule { $0.geometry = geometry(padding: 3) }, false),
        (rule { $0.geometry = geometry(strides: 2) }, false),
        (rule { $0.geometry = geometry(dilation: 2) }, false),
        (
            rule {
                $0.geometry = geometry(groups: 2)
                $0.kernel = [3, 3, 16, 32]
            }, false
        ),
        (rule { $0.kernel = [5, 5, 32, 32] }, false),
        (rule { $0.kernel = [1, 1, 32, 32] }, false),
        (
            rule {
                $0.image = [2, 12, 12, 31]
                $0.kernel = [3, 3, 31, 32]
            }, false
        ),
        (rule { $0.kernel = [3, 3, 32, 31] }, false),
        (rule { $0.image = [16, 4, 4, 32] }, true),
        (rule { $0.image = [15, 4, 4, 32] }, false),
        (rule { $0.image = [16, 3, 8, 32] }, false),
        (rule { $0.type = .bfloat16 }, true),
    ]

    @Test(arguments: rows.indices) func choice(_ index: Int) throws {
        let (item, isWinograd) = ConvolutionTests.rows[index]
        let names = try CPU.compile(graph(item)).stepNames.filter { $0.contains("convolution") }
        #expect(names.count == 3)
        for name in names { #expect(name.hasPrefix("winograd ") == isWinograd, "\(name)") }
        #expect(names.contains("winograd convolution+bias+relu") == isWinograd)
    }

    // MARK: Products

    /// Each row of the rule for one pixel by one pixel: what is a product forward, to the image, to the kernel, and one step beyond
    /// each of its bounds.
    static let products: [(Case, isProduct: [Bool])] = [
        (product { _ in }, [true, true, true]),
        (product { $0.geometry = geometry(strides: 2, padding: 0) }, [false, false, false]),
        (product { $0.geometry = geometry(padding: 1) }, [false, false, false]),
        (product { $0.kernel = [1, 2, 32, 40] }, [false, false, false]),
        (
            product {
                $0.geometry = geometry(groups: 2, padding: 0)
                $0.kernel = [1, 1, 16, 40]
            }, [false, false, false]
        ),
        // Without AVX-512 the library has no bfloat16; its gradients are then computed in float32, between casts.
        (
            product { $0.type = .bfloat16 },
            apus_isa() == APUS_ISA_AVX512 ? [false, false, false] : [false, true, true]
        ),
        (
            product {
                $0.image = [2, 8, 8, 31]
                $0.kernel = [1, 1, 31, 40]
            }, [false, true, true]
        ),
        (product { $0.kernel = [1, 1, 32, 31] }, [true, false, true]),
        (product { $0.kernel = [1, 1, 32, 23] }, [true, false, false]),
        (product { $0.image = [1, 8, 15, 32] }, [true, false, true]),
    ]

    private static func product(_ change: (inout Case) -> Void) -> Case {
        var item = Case(image: [2, 8, 8, 32], kernel: [1, 1, 32, 40], geometry: geometry(padding: 0))
        change(&item)
        return item
    }

    @Test(arguments: products.indices) func choiceOfProducts(_ index: Int) throws {
        let (item, isProduct) = ConvolutionTests.products[index]
        let graph = graph(item)
        let names = try CPU.compile(graph).stepNames
        let expected = [
            "gemm convolution+bias+relu", "gemm convolution input gradient", "gemm convolution kernel gradient",
        ]
        #expect(expected.map(names.contains) == isProduct)
        guard item.type == .float32 else { return }
        let values = draw(graph, seed: 7)
        expectClose(try CPU.values(graph, values), try ReferenceBackend().run(graph, inputs: values), 1e-6)
    }

    /// relu(conv(x) + b + r), where r is an input, or computed before.
    @Test(arguments: [false, true], [false, true]) func residual(hasBias: Bool, hasReLU: Bool) throws {
        let (x, w, b, r) = (
            input("x", [2, 5, 7, 32]), input("w", [1, 1, 32, 20]), input("b", [20]), input("r", [2, 5, 7, 20])
        )
        func result(_ residual: Node) -> Node {
            var y = Node(.convolution(ConvolutionGeometry()), [x, w])
            if hasBias { y = .binary(.add, y, b) }
            y = .binary(.add, residual, y)
            return hasReLU ? y.unary(.relu) : y
        }
        let name = "gemm convolution" + (hasBias ? "+bias" : "") + "+add" + (hasReLU ? "+relu" : "")
        #expect(try steps([x, w, b, r], [result(r)]) == [name])
        // What others read lies in memory; what only the sum reads is computed with it.
        let shared = r.unary(.exp)
        #expect(try steps([x, w, b, r], [result(shared), shared]) == ["exp", name])
        #expect(
            try steps([x, w, b, r], [result(r.unary(.exp))]).first == "gemm convolution" + (hasBias ? "+bias" : ""))
    }

    /// Of two convolutions that are added, one adds the other; after a ReLU nothing is added, and one row is no residual.
    @Test func residuals() throws {
        let (x, w, b) = (input("x", [2, 5, 7, 32]), input("w", [1, 1, 32, 20]), input("b", [20]))
        let (w2, row, r) = (input("w2", [1, 1, 32, 20]), input("row", [20]), input("r", [2, 5, 7, 20]))
        func convolution(_ w: Node, _ b: Node) -> Node {
            .binary(.add, Node(.convolution(ConvolutionGeometry()), [x, w]), b)
        }
        let both = Node.binary(.add, convolution(w, b), convolution(w2, row)).unary(.relu)
        #expect(
            try steps([x, w, b, w2, row], [both]) == ["gemm convolution+bias", "gemm convolution+bias+add+relu"])
        let late = Node.binary(.add, convolution(w, b).unary(.relu), r)
        #expect(try steps([x, w, b, r], [late]).first == "gemm convolution+bias+relu")
        let rows = Node.binary(.add, convolution(w, b), row)
        #expect(try steps([x, w, b, row], [rows]).first == "gemm convolution+bias")
    }

    /// Compares with the reference; returns the steps.
    private func steps(_ inputs: [Node], _ outputs: [Node]) throws -> [String] {
        let graph = ApusTestSupport.graph(inputs, outputs)
        let values = draw(graph, seed: 3)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        for options in [CompileOptions.fused, .unfused] {
            expectClose(try CPU.values(graph, values, options: options), expected, 1e-6)
        }
        return try CPU.compile(graph).stepNames
    }

    /// Prime sizes, one pixel beyond whole tiles, channels beside multiples of the vectors, uneven edges.
    static let shapes: [Case] = [
        Case(image: [3, 7, 11, 33], kernel: [3, 3, 33, 48]),
        Case(image: [2, 13, 17, 32], kernel: [3, 3, 32, 65]),
        Case(image: [16, 4, 5, 64], kernel: [3, 3, 64, 33], geometry: geometry(padding: 0)),
        Case(
            image: [2, 9, 29, 35], kernel: [3, 3, 35, 37],
            geometry: ConvolutionGeometry(padding: ImagePadding(top: 0, left: 2, bottom: 1, right: 0))),
        Case(image: [1, 31, 23, 40], kernel: [3, 3, 40, 32], geometry: geometry(padding: 2)),
    ]

    @Test(arguments: shapes) func winogradIsExactEnough(_ item: Case) throws {
        let graph = graph(item)
        let values = draw(graph, seed: 7)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        let program = try CPU.compile(graph)
        #expect(program.stepNames.count { $0.hasPrefix("winograd ") } == 3)
        expectClose(try program.values(values), expected, 5e-6)
        expectClose(try CPU.values(graph, values, options: .unfused), expected, 5e-6)
    }

    // MARK: Unfolding

    private static let narrow = CPUModel(hasBFloat16: false, hasTiles: false, hasWideVectors: false)

    static let unfolded: [Case] = [
        Case(image: [3, 9, 7, 33], kernel: [3, 3, 33, 48], geometry: geometry(strides: 2)),
        Case(image: [2, 13, 17, 32], kernel: [5, 3, 32, 65], geometry: geometry(strides: 3, padding: 2)),
        Case(image: [2, 11, 10, 40], kernel: [3, 3, 40, 32], geometry: geometry(dilation: 2, padding: 0)),
        Case(image: [1, 5, 6, 64], kernel: [3, 3, 64, 33], geometry: geometry(padding: 1)),
        Case(
            image: [1, 6, 6, 64], kernel: [2, 2, 64, 33], geometry: geometry(strides: 2, padding: 0), type: .bfloat16),
    ]

    /// What CPUs with narrow vectors compute of pixels that are copied, in every direction.
    @Test(arguments: unfolded) func unfoldedIsExactEnough(_ item: Case) throws {
        let graph = graph(item)
        let values = draw(graph, seed: 7)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        try KernelChoices.$cpu.withValue(ConvolutionTests.narrow) {
            let program = try CPU.compile(graph)
            let names = program.stepNames.filter { $0.hasPrefix("unfolded ") }
            #expect(names.count == 3 && (item.type == .bfloat16 || names.contains("unfolded convolution+bias+relu")))
            let tolerance = item.type == .bfloat16 ? 1e-2 : 1e-6
            expectClose(try program.values(values), expected, tolerance)
            expectClose(try CPU.values(graph, values, options: .unfused), expected, tolerance)
        }
    }

    /// A residual is added before the ReLU.
    @Test func unfoldedResidual() throws {
        let (x, w, b, r) = (
            input("x", [2, 7, 7, 32]), input("w", [3, 3, 32, 36]), input("b", [36]), input("r", [2, 3, 3, 36])
        )
        let geometry = ConvolutionTests.geometry(strides: 2, padding: 0)
        let y = Node.binary(.add, .binary(.add, Node(.convolution(geometry), [x, w]), b), r).unary(.relu)
        let names = try KernelChoices.$cpu.withValue(ConvolutionTests.narrow) { try steps([x, w, b, r], [y]) }
        #expect(names == ["unfolded convolution+bias+add+relu"])
    }
}
