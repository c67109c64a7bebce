import ApusTensor
import Testing

/// Products with second derivatives, against those that are written by hand and against differences of gradients.
@Suite struct HessianTests {
    @Test func ofAPolynomial() throws {
        // f = x²y + y³: H = [[2y, 2x], [2x, 6y]]
        let (x, y): (Float, Float) = (3, 5)
        let cases: [(direction: [Float], expected: [Float])] = [
            ([1, 0], [2 * y, 2 * x]), ([0, 1], [2 * x, 6 * y]), ([-1, 2], [-2 * y + 4 * x, -2 * x + 12 * y]),
        ]
        for (direction, expected) in cases {
            try expectElements(expected, at: [Tensor([x, y]), Tensor(direction)]) { arguments in
                hessianVectorProduct(at: arguments[0], along: arguments[1]) { p in
                    (square(p[0]) * p[1] + p[1] * p[1] * p[1]).sum()
                }
            }
        }
    }

    /// Of several tensors; what is captured besides is a constant, the direction too.
    @Test func ofATree() throws {
        let (a, b) = (Tensor([[1.0, 2], [3, 4]], type: .float64), Tensor([[0.5], [-1]], type: .float64))
        let function = { (p: [Tensor]) in square(tanh(p[0].matmul(p[1]))).sum() * a.sum() }
        let direction = [
            Tensor([[0.3, -0.2], [0.1, 0.4]], type: .float64), Tensor([[1.0], [2]], type: .float64),
        ]
        let products = hessianVectorProduct(at: [a, b], along: direction, of: function)
        let step = 1e-5
        func slopes(_ sign: Double) -> [Tensor] {
            gradient(at: zip([a, b], direction).map { $0 + $1 * (sign * step) }, of: function)
        }
        for (index, product) in products.enumerated() {
            let difference = (slopes(1)[index] - slopes(-1)[index]) / (2 * step)
            #expect(product.shape == [a, b][index].shape)
            let error: Float = abs(product - difference).max().item()
            #expect(product.elementType == .float64 && error < 1e-5)
        }
    }

    @Test func messages() {
        let point = Tensor([1.0, 2])
        let wrong = hessianVectorProduct(at: point, along: Tensor([1.0, 2, 3])) { square($0).sum() }
        #expect(
            wrong.problem.contains("expected a direction of the shapes of the point, [[2]], but received [[3]]"),
            "\(wrong.problem)")
        let several = hessianVectorProduct(at: point, along: point) { square($0) }
        #expect(several.problem.contains("expected a function that yields one number"), "\(several.problem)")
    }
}
