import ApusGraph
import ApusTensor
import Testing

@Suite struct SplittingTests {
    private let numbers = Tensor((1...6).map(Double.init), shape: [2, 3])

    // MARK: Parts

    @Test func equalParts() throws {
        let x = Tensor((0..<24).map { $0 }, shape: [4, 6], type: .int32)
        let parts = x.split(into: 3, axis: -1)
        #expect(parts.map(\.shape) == [[4, 2], [4, 2], [4, 2]])
        #expect(parts[1].scalars(as: Int.self) == [2, 3, 8, 9, 14, 15, 20, 21])
        #expect(x.split(into: 2)[1].scalars(as: Int.self) == Array(12..<24))
        #expect(x.split(into: 1)[0].scalars == x.scalars)
        #expect(Tensor.zeros([0, 2]).split(into: 3).map(\.shape) == [[0, 2], [0, 2], [0, 2]])
        try expectElements([3, 30, 6, 60], at: [numbers]) {
            let parts = $0[0].split(into: 3, axis: 1)
            return Tensor.concatenated([parts[2], parts[2] * 10], axis: -1)
        }
    }

    @Test func partsOfSizes() throws {
        let parts = numbers.split(sizes: [0, 2, 1], axis: 1)
        #expect(parts.map(\.shape) == [[2, 0], [2, 2], [2, 1]])
        #expect(parts[1].scalars == [1, 2, 4, 5] && parts[2].scalars == [3, 6])
        #expect(numbers.split(sizes: [1, 1])[1].scalars == [4, 5, 6])
        #expect(Tensor.zeros([0]).split(sizes: []).isEmpty)
        try expectElements([1, 10, 100, 1, 10, 100], at: [numbers]) {
            slope(of: $0[0]) {
                let parts = $0.split(sizes: [1, 1, 1], axis: -1)
                return parts[0] + parts[1] * 10 + parts[2] * 100
            }
        }
    }

    @Test func singleIndices() throws {
        let x = Tensor((0..<12).map { $0 }, shape: [2, 3, 2], type: .int32)
        let parts = x.unstacked(axis: 1)
        #expect(parts.map(\.shape) == [[2, 2], [2, 2], [2, 2]])
        #expect(parts[1].scalars(as: Int.self) == [2, 3, 8, 9])
        #expect(Tensor.stacked(parts, axis: 1).scalars == x.scalars)
        #expect(x.unstacked().count == 2 && Tensor.zeros([0, 2]).unstacked().isEmpty)
        try expectElements([1, 2, 3, 1, 2, 3], at: [numbers]) {
            slope(of: $0[0]) {
                let columns = $0.unstacked(axis: -1)
                return columns[0] + columns[1] * 2 + columns[2] * 3
            }
        }
        #expect(
            x.unstacked(axis: 3).map(\.problem)
                == ["unstacked: axis 3 is outside the shape [2, 3, 2], which has 3 axes"])
    }

    /// As many tensors as are asked for, so that no index is out of range before somebody sees the problem.
    @Test func problemsOfParts() {
        let divided = numbers.split(into: 4, axis: -1)
        #expect(divided.count == 4)
        #expect(
            divided[3].problem
                == "split: expected a number of parts that divides the 3 elements of axis -1 of shape [2, 3] "
                + "but received 4; use split(sizes:axis:)")
        for count in [0, -1, Int.min, Int.max] {
            #expect(
                numbers.split(into: count).map(\.problem)
                    == ["split: expected 1 to 1048576 parts but received \(count)"])
        }
        #expect(
            numbers.split(into: 2, axis: 2).map(\.problem)
                == Array(repeating: "split: axis 2 is outside the shape [2, 3], which has 2 axes", count: 2))
        #expect(
            numbers.split(sizes: [1, 3], axis: 1).map(\.problem)
                == Array(
                    repeating: "split: expected sizes of 3 together, the extent of axis 1 of shape [2, 3], "
                        + "but received [1, 3]", count: 2))
        #expect(
            numbers.split(sizes: []).map(\.problem)
                == ["split: expected sizes of 2 together, the extent of axis 0 of shape [2, 3], but received []"])
        #expect(numbers.split(sizes: [3, -1])[0].problem == "split: sizes can't be negative, received [3, -1]")
        #expect(!numbers.split(sizes: [.max, .max, 4])[2].problems.isEmpty)
        #expect(
            numbers.split(sizes: [2], axis: -3)[0].problem
                == "split: axis -3 is outside the shape [2, 3], which has 2 axes")
    }

    // MARK: Repetition

    @Test func repeatedElements() throws {
        try expectElements([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], at: [numbers]) { $0[0].repeated(2, axis: -1) }
        try expectElements([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6], at: [numbers]) { $0[0].repeated(2, axis: 0) }
        #expect(numbers.repeated(2, axis: 0).shape == [4, 3])
        #expect(numbers.repeated(0, axis: 1).shape == [2, 0])
        #expect(Tensor.zeros([0, 2], type: .bool).repeated(3, axis: 0).shape == [0, 2])
        let weights = Tensor([1.0, 10, 100, 1000])
        try expectElements([11, 1100], at: [Tensor([1.0, 1])]) {
            slope(of: $0[0]) { $0.repeated(2, axis: 0) * weights }
        }
        #expect(numbers.repeated(-1, axis: 0).problem == "repeated: a count can't be negative, received -1")
        #expect(
            numbers.repeated(2, axis: 2).problem == "repeated: axis 2 is outside the shape [2, 3], which has 2 axes")
        #expect(numbers.repeated(.max, axis: 0).problem.hasPrefix("broadcast: a tensor of shape [2, "))
    }

    @Test func tiles() throws {
        let x = Tensor([[1.0, 2], [3, 4]])
        try expectElements([1, 2, 1, 2, 3, 4, 3, 4], at: [x]) { $0[0].tiled([2]) }
        try expectElements([1, 2, 3, 4, 1, 2, 3, 4], at: [x]) { $0[0].tiled([2, 1]) }
        try expectElements([1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4], at: [x]) { $0[0].tiled([2, 2]) }
        #expect(x.tiled([3, 1, 2]).shape == [3, 2, 4] && x.tiled([]).shape == [2, 2])
        #expect(x.tiled([3, 1, 2])[2].scalars == [1, 2, 1, 2, 3, 4, 3, 4])
        #expect(x.tiled([0, 2]).shape == [0, 4])
        #expect(Tensor(7).tiled([2, 2]).scalars(as: Int.self) == [7, 7, 7, 7])
        let weights = Tensor([1.0, 10, 100, 1000])
        try expectElements([101, 1010], at: [Tensor([1.0, 1])]) { slope(of: $0[0]) { $0.tiled([2]) * weights } }
        #expect(x.tiled([1, -2]).problem == "tiled: counts can't be negative, received [1, -2]")
        #expect(x.tiled([.max, .max]).problem.hasPrefix("broadcast: a tensor of shape ["))
    }

    /// More axes than kernels take.
    @Test func tilesOfManyAxes() {
        let x = Tensor((0..<64).map(Double.init), shape: [2, 2, 2, 2, 2, 2])
        let tiled = x.tiled([2, 2, 2, 2, 2, 2]) + 1
        #expect(tiled.shape == [4, 4, 4, 4, 4, 4])
        #expect(tiled[1, 2, 3, 0, 1, 2].item() == x[1, 0, 1, 0, 1, 0].item() + 1)
        #expect(tiled.sum().item() == 64 * (63 * 32 + 64))
    }

    @Test func rolls() throws {
        try expectElements([3, 1, 2, 6, 4, 5], at: [numbers]) { $0[0].rolled(by: 1, axis: 1) }
        try expectElements([2, 3, 1, 5, 6, 4], at: [numbers]) { $0[0].rolled(by: -1, axis: -1) }
        try expectElements([4, 5, 6, 1, 2, 3], at: [numbers]) { $0[0].rolled(by: 7, axis: 0) }
        #expect(numbers.rolled(by: -3, axis: 1).scalars == numbers.scalars)
        // 2⁶³ = 3 · … + 2
        #expect(numbers.rolled(by: .min, axis: 1).scalars == numbers.rolled(by: -2, axis: 1).scalars)
        #expect(Tensor.zeros([2, 0]).rolled(by: 5, axis: 1).shape == [2, 0])
        let weights = Tensor([1.0, 10, 100])
        try expectElements([10, 100, 1], at: [Tensor([1.0, 1, 1])]) {
            slope(of: $0[0]) { $0.rolled(by: 1, axis: 0) * weights }
        }
        #expect(
            numbers.rolled(by: 1, axis: -3).problem == "rolled: axis -3 is outside the shape [2, 3], which has 2 axes")
    }
}
