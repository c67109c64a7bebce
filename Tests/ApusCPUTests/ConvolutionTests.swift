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
}
