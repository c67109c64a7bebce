import ApusGraph
import Testing

@Suite struct CostTests {
    @Test func matmul() {
        let node = Node.matmul(input([3, 5]), input([5, 7]))
        #expect(node.cost == Cost(flops: 2 * 3 * 5 * 7, bytes: 4 * (15 + 35 + 21)))
    }

    @Test func convolutionAndGradientsCostTheSame() {
        let geometry = ConvolutionGeometry(
            strides: ImageSize(height: 2, width: 2), padding: ImagePadding(top: 1, left: 1, bottom: 1, right: 1),
            groups: 2)
        let x = input([2, 8, 8, 4])
        let kernel = input([3, 3, 2, 6])
        let y = Node(.convolution(geometry), [x, kernel])
        #expect(y.shape == [2, 4, 4, 6])
        let flops = 2 * (2 * 4 * 4 * 6) * (3 * 3 * 2)
        #expect(y.cost.flops == flops)
        #expect(y.cost.bytes == 4 * (512 + 108 + 192))
        let gradient = input(y.shape)
        let image = ImageSize(height: 8, width: 8)
        #expect(Node(.convolutionInputGradient(geometry, image: image), [gradient, kernel]).cost.flops == flops)
        let window = ImageSize(height: 3, width: 3)
        #expect(Node(.convolutionKernelGradient(geometry, window: window), [x, gradient]).cost.flops == flops)
    }

    /// Two products for each pair of a query and a key that it sees; backward five, of which keys and values have one each.
    @Test func attention() {
        let (q, k, v) = (input([2, 5, 4, 3]), input([2, 7, 2, 3]), input([2, 7, 2, 6]))
        for (isCausal, pairs) in [(false, 5 * 7), (true, 1 + 2 + 3 + 4 + 5)] {
            let form = AttentionForm(isCausal: isCausal, scale: 1)
            let y = Node(.attention(form), [q, k, v])
            #expect(y.cost.flops == 2 * 4 * pairs * (2 * (3 + 6) + 5))
            let costs = AttentionOperand.allCases.map {
                Node(.attentionGradient(form, of: $0), [q, k, v, y, y]).cost.flops
            }
            #expect(costs == [2 * (3 + 6 + 3) + 8, 2 * 3, 2 * 6].map { 2 * 4 * pairs * $0 })
        }
        // More queries than keys: the last ones see them all.
        let form = AttentionForm(isCausal: true, scale: 1)
        #expect(
            Node(.attention(form), [v, input([2, 2, 2, 6]), input([2, 2, 2, 1])]).cost.flops == 4 * (1 + 6 * 2) * 19)
    }

    @Test func viewsCostNothing() {
        #expect(input([3, 4]).cost == .zero)
        #expect(input([3, 4]).reshape([12]).cost == .zero)
        #expect(Node(.stopGradient, [input([3])]).cost == .zero)
    }

    @Test func elementwise() {
        #expect(input([3, 4], .bfloat16).unary(.exp).cost == Cost(flops: 12, bytes: 48))
        #expect(input([3, 4]).reduce(.sum, [1]).cost == Cost(flops: 12, bytes: 4 * (12 + 3)))
    }
}
