import ApusGraph
import ApusTensor
import Testing

@Suite struct TriangleTests {
    private let numbers = Tensor((1...12).map(Double.init), shape: [3, 4])

    // MARK: Triangles

    @Test func triangles() throws {
        try expectElements([1, 0, 0, 0, 5, 6, 0, 0, 9, 10, 11, 0], at: [numbers]) { tril($0[0]) }
        try expectElements([1, 2, 3, 4, 0, 6, 7, 8, 0, 0, 11, 12], at: [numbers]) { triu($0[0]) }
        try expectElements([0, 0, 0, 0, 5, 0, 0, 0, 9, 10, 0, 0], at: [numbers]) { tril($0[0], diagonal: -1) }
        try expectElements([0, 0, 3, 4, 0, 0, 0, 8, 0, 0, 0, 0], at: [numbers]) { triu($0[0], diagonal: 2) }
        try expectElements([1, 2, 3, 0, 5, 6, 7, 8, 9, 10, 11, 12], at: [numbers]) { tril($0[0], diagonal: 2) }
        try expectElements([1, 2, 3, 4, 5, 6, 7, 8, 0, 10, 11, 12], at: [numbers]) { triu($0[0], diagonal: -1) }
    }

    /// Diagonals at the corners and anywhere beyond them.
    @Test func trianglesOfAllAndOfNothing() {
        let (all, none) = (numbers.scalars, Array(repeating: Float(0), count: 12))
        for diagonal in [3, 4, 1 << 40, Int.max] { #expect(tril(numbers, diagonal: diagonal).scalars == all) }
        for diagonal in [-3, -4, -1 << 40, Int.min] { #expect(tril(numbers, diagonal: diagonal).scalars == none) }
        for diagonal in [4, 5, 1 << 40, Int.max] { #expect(triu(numbers, diagonal: diagonal).scalars == none) }
        for diagonal in [-2, -3, -1 << 40, Int.min] { #expect(triu(numbers, diagonal: diagonal).scalars == all) }
    }

    @Test func trianglesOfBatches() throws {
        let batch = Tensor((1...8).map { $0 }, shape: [2, 1, 2, 2], type: .int32)
        try expectElements([1, 0, 3, 4, 5, 0, 7, 8], at: [batch]) { tril($0[0]) }
        #expect(triu(batch).shape == [2, 1, 2, 2] && triu(batch).elementType == .int32)
        let mask = tril(Tensor.full([2, 2], 1, type: .bool))
        #expect(mask.elementType == .bool && mask.scalars(as: Bool.self) == [true, false, true, true])
        #expect(triu(Tensor.ones([2, 2], type: .bfloat16)).elementType == .bfloat16)
        #expect(tril(Tensor.zeros([2, 0, 3])).shape == [2, 0, 3] && tril(Tensor.zeros([2, 0, 3])).scalars == [])
    }

    /// Scores that are not to be seen may be anything.
    @Test func nothingIsLeftOutside() throws {
        let x = Tensor([[1.0, .nan], [.infinity, 4]])
        try expectElements([1, 0, .infinity, 4], at: [x]) { tril($0[0]) }
        try expectElements([1, .nan, 0, 4], at: [x]) { triu($0[0]) }
        #expect(slope(of: x) { square(tril($0)) }.scalars == [2, 0, .infinity, 8])
    }

    @Test func gradientsOfTriangles() throws {
        let x = Tensor((1...8).map(Double.init), shape: [2, 2, 2])
        try expectElements([2, 0, 6, 8, 10, 0, 14, 16], at: [x]) { slope(of: $0[0]) { square(tril($0)) } }
        try expectElements([0, 1, 0, 0, 0, 1, 0, 0], at: [x]) { slope(of: $0[0]) { triu($0, diagonal: 1) } }
    }

    // MARK: Diagonals

    @Test func diagonalsOfMatrices() throws {
        try expectElements([1, 6, 11], at: [numbers]) { $0[0].diagonal() }
        try expectElements([3, 8], at: [numbers]) { $0[0].diagonal(offset: 2) }
        try expectElements([5, 10], at: [numbers]) { $0[0].diagonal(offset: -1) }
        try expectElements([4], at: [numbers]) { $0[0].diagonal(offset: 3) }
        try expectElements([1, 4, 5, 8], at: [Tensor((1...8).map { $0 }, shape: [2, 2, 2])]) { $0[0].diagonal() }
        for offset in [4, -3, .max, .min] { #expect(numbers.diagonal(offset: offset).shape == [0]) }
        #expect(Tensor.zeros([5, 0, 3]).diagonal().shape == [5, 0])
        try expectElements([0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], at: [numbers]) {
            slope(of: $0[0]) { $0.diagonal(offset: 1) }
        }
    }

    @Test func matricesOfDiagonals() throws {
        let x = Tensor([[1.0, .nan], [3, 4]])
        try expectElements([1, 0, 0, .nan, 3, 0, 0, 4], at: [x]) { Tensor.diagonal($0[0]) }
        let flags = Tensor.diagonal(Tensor([true, true]))
        #expect(flags.elementType == .bool && flags.scalars(as: Bool.self) == [true, false, false, true])
        #expect(Tensor.diagonal(Tensor.zeros([3, 0])).shape == [3, 0, 0])
        #expect(Tensor.diagonal(Tensor.zeros([4, 3, 2])).shape == [4, 3, 2, 2])
        #expect(
            slope(of: Tensor([2.0, 3])) { Tensor.diagonal($0).matmul(Tensor([[1.0, 2], [3, 4]])) }.scalars == [3, 7])
    }

    // MARK: Problems

    @Test func problems() {
        let vector = Tensor([1.0, 2])
        #expect(tril(vector).problem == "tril: expected matrices [..., n, m] but received shape [2]")
        #expect(triu(Tensor(1.0)).problem == "triu: expected matrices [..., n, m] but received shape []")
        #expect(vector.diagonal().problem == "diagonal: expected matrices [..., n, m] but received shape [2]")
        #expect(Tensor.diagonal(Tensor(1.0)).problem == "diagonal: expected vectors [..., n] but received shape []")
        #expect(
            Tensor.diagonal(Tensor.zeros([1 << 40])).problem
                == "iota: a tensor of shape [1099511627776, 1099511627776] has too many elements")
    }
}
