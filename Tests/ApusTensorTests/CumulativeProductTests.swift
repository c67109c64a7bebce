import ApusGraph
import ApusTensor
import Testing

@Suite struct CumulativeProductTests {
    @Test func products() throws {
        let x = Tensor([2.0, -3, 0, 4, 5])
        try expectElements([2, -6, 0, 0, 0], at: [x]) { $0[0].cumulativeProduct() }
        try expectElements([1, 2, -6, 0, 0], at: [x]) { $0[0].cumulativeProduct(exclusive: true) }
        try expectElements([0, 0, 0, 20, 5], at: [x]) { $0[0].cumulativeProduct(reverse: true) }
        try expectElements([0, 0, 20, 5, 1], at: [x]) { $0[0].cumulativeProduct(exclusive: true, reverse: true) }
        let matrix = Tensor([[1.0, 2], [3, 4]])
        try expectElements([1, 2, 3, 8], at: [matrix]) { $0[0].cumulativeProduct(axis: 0) }
        #expect(Tensor([3, 4, 5, 6, 7, 8, 9]).cumulativeProduct().scalars(as: Int.self).last == 181_440)
        #expect(Tensor([2, 3], type: .int32).cumulativeProduct().elementType == .int32)
        #expect(Tensor.zeros([2, 0]).cumulativeProduct().shape == [2, 0])
        #expect(Tensor([7.0]).cumulativeProduct(exclusive: true).scalars == [1])
    }

    /// Each prefix's derivative is the product of its others, also beside a zero.
    @Test func gradients() throws {
        let x = Tensor([2.0, -3, 0, 4])
        // d/dx of x₀ + x₀x₁ + x₀x₁x₂ + x₀x₁x₂x₃
        try expectElements([-2, 2, -30, 0], at: [x]) { slope(of: $0[0]) { $0.cumulativeProduct() } }
    }

    @Test func problems() {
        #expect(
            Tensor([1.0]).cumulativeProduct(axis: 1).problem
                == "cumulativeProduct: axis 1 is outside the shape [1], which has 1 axes")
    }
}
