import ApusGraph
import ApusTensor
import Testing

/// What NumPy's `einsum` yields.
@Suite struct EinsumTests {
    private let a = Tensor([[0.0, 1, 2], [3, 4, 5]])
    private let b = Tensor((0..<12).map { Double($0) - 5 }, shape: [3, 4])
    private let x = Tensor((0..<8).map { Double($0) - 3 }, shape: [2, 2, 2])

    @Test func products() throws {
        try expectElements([5, 8, 11, 14, -4, 8, 20, 32], at: [a, b]) { einsum("ij,jk", $0[0], $0[1]) }
        try expectElements([5, -4, 8, 8, 11, 20, 14, 32], at: [a, b]) { einsum(" ij, jk -> ki ", $0[0], $0[1]) }
        try expectElements([-9, -14, -1, -2, -5, -2, -13, -6], at: [x]) {
            einsum("bij,bjk->bik", $0[0], $0[0].reversed(axes: [0]))
        }
        // An axis of one tensor alone is summed first.
        try expectElements([4, 0, 4, 16], at: [x]) { einsum("bij,cjk->ik", $0[0], $0[0]) }
        try expectElements([-44], at: [Tensor([1.0, -2]), a, Tensor([1.0, 2, 3])]) {
            einsum("i,ij,j->", $0[0], $0[1], $0[2])
        }
        #expect(einsum("ij,kl->ijkl", a, b).shape == [2, 3, 3, 4])
        #expect(einsum("ij,kl->ljki", a, b)[3, 2, 1, 1].item() == 5 * 2)
    }

    @Test func oneTensor() throws {
        let square = Tensor((0..<9).map { Double($0) }, shape: [3, 3])
        try expectElements([12], at: [square]) { einsum("ii->", $0[0]) }
        try expectElements([12], at: [square]) { einsum("ii", $0[0]) }
        try expectElements([0, 4, 8], at: [square]) { einsum("ii->i", $0[0]) }
        try expectElements([0, 3, 1, 4, 2, 5], at: [a]) { einsum("ba", $0[0]) }
        try expectElements([-1, 3], at: [x]) { einsum("iji->j", $0[0]) }
        #expect(einsum("ij->ij", a).scalars == a.scalars && einsum("->", Tensor(2.5)).item() == 2.5)
    }

    @Test func ellipses() throws {
        try expectElements([-3, -1, -2, 0, 1, 3, 2, 4], at: [x]) { einsum("...ij->...ji", $0[0]) }
        try expectElements(
            [22, 64], at: [Tensor([[1.0, 2, 3], [4, 5, 6]]), Tensor([[1.0, 2], [3, 4], [5, 6]])]
        ) { einsum("...i,i...->...", $0[0], $0[1]) }
        // An extent of 1 stretches; without an arrow the ellipsis comes first.
        try expectElements([11, 6, 3, 2, -5, -2, -13, -6], at: [x]) { einsum("...ij,...jk", $0[0], $0[0][0..<1]) }
        #expect(einsum("...,...->...", Tensor.ones([3, 1, 2]), Tensor.ones([4, 1])).shape == [3, 4, 2])
        #expect(einsum("i...,j...->ij...", Tensor.ones([2, 3]), Tensor.ones([5, 4, 1])).shape == [2, 5, 4, 3])
    }

    @Test func elementTypes() {
        let integers = Tensor([[1, 2], [3, 4]], type: .int32)
        let product = einsum("ij,jk->ik", integers, integers)
        #expect(product.elementType == .int32 && product.scalars(as: Int.self) == [7, 10, 15, 22])
        #expect(einsum("ij,j", integers, Tensor([0.5, 1])).elementType == .float32)
        #expect(einsum("ij,j", integers, Tensor([0.5, 1])).scalars == [2.5, 5.5])
        #expect(einsum("i,i->", Tensor.zeros([0]), Tensor.zeros([0])).item() == 0)
        #expect(einsum("ij,jk->ik", Tensor.zeros([2, 0]), Tensor.zeros([0, 3])).scalars == [0, 0, 0, 0, 0, 0])
    }

    @Test func gradients() throws {
        try expectElements([-14, 2, 18, -14, 2, 18], at: [a]) { slope(of: $0[0]) { einsum("ij,jk->ik", $0, b) } }
        try expectElements([0, 6, 12, 18, 24, 30], at: [a]) { slope(of: $0[0]) { einsum("ij,ij->", $0, $0) * 3 } }
        // The trace's is the identity.
        try expectElements([1, 0, 0, 1], at: [Tensor([[5.0, 6], [7, 8]])]) { slope(of: $0[0]) { einsum("ii", $0) } }
    }

    @Test func problems() {
        func problem(_ subscripts: String, _ tensors: Tensor...) -> String {
            let result =
                tensors.count == 1 ? einsum(subscripts, tensors[0]) : einsum(subscripts, tensors[0], tensors[1])
            return result.problem
        }
        #expect(problem("ij", a, b) == "einsum: the subscripts \"ij\" name 1 tensors but there are 2")
        #expect(problem("ij->i->j", a) == "einsum: expected one arrow, as in \"ij,jk->ik\", but received \"ij->i->j\"")
        #expect(problem("ijk", a) == "einsum: \"ijk\" names 3 axes but tensor 0 has the shape [2, 3]")
        #expect(problem("i", a) == "einsum: \"i\" names 1 axes but tensor 0 has the shape [2, 3]")
        #expect(problem("...ijk", a) == "einsum: \"...ijk\" names 3 axes but tensor 0 has the shape [2, 3]")
        #expect(
            problem("ij,ik", a, b) == "einsum: the axis i has the extent 2 in tensor 0 but 3 in tensor 1")
        #expect(
            problem("...,...", a, b)
                == "einsum: an axis of the ellipsis has the extent 2 in tensor 0 but 3 in tensor 1")
        #expect(problem("ij->ik", a) == "einsum: the result's axis k is in none of the tensors")
        #expect(problem("ij->ii", a) == "einsum: the axis i stands twice in the result")
        for text in ["i1", "i.j", "......", "i—j"] {
            #expect(
                problem(text, a)
                    == "einsum: expected letters and at most one ellipsis \"...\" for a tensor but received \"\(text)\""
            )
        }
        #expect(problem("ij,jk", a + b, b).hasPrefix("add: shapes [2, 3] and [3, 4] do not fit together"))
        #expect(problem("ii", Tensor([[true, false], [false, true]])).hasPrefix("sum: expected numbers"))
    }
}
