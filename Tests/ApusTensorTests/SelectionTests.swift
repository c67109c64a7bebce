import ApusGraph
import ApusTensor
import Testing

@Suite struct SelectionTests {
    private let flags = Tensor([true, false, true])

    // MARK: Where

    @Test func whereAConditionHolds() throws {
        let (a, b) = (Tensor([1.0, 2, 3]), Tensor([10.0, 20, 30]))
        try expectElements([1, 20, 3], at: [flags, a, b]) { Tensor.where($0[0], $0[1], $0[2]) }
        try expectElements([7, 20, 7], at: [flags, b]) { Tensor.where($0[0], 7, $0[1]) }
        try expectElements([1, -0.5, 3], at: [flags, a]) { Tensor.where($0[0], $0[1], -0.5) }
        let low: Float = 2
        #expect(Tensor.where(flags, low, a).scalars == [2, 2, 2])
        #expect(Tensor.where(flags, Tensor([[1.0], [2]]), 0).scalars == [1, 0, 1, 2, 0, 2])
        #expect(slope(of: a) { Tensor.where(flags, square($0), 0) }.scalars == [2, 0, 6])
    }

    /// A number takes the type of the tensor beside it, as with operators.
    @Test func numbersTakeTheTensorsType() {
        for type in [ElementType.uint8, .int32, .int64, .bfloat16, .float32, .float64] {
            let x = Tensor([1, 2, 3], type: type)
            #expect(Tensor.where(flags, x, 5).elementType == type)
            #expect(Tensor.where(flags, 5, x).elementType == type)
            #expect(select(flags, x, 5).elementType == type && select(flags, x, 5).scalars == [1, 5, 3])
        }
        #expect(Tensor.where(flags, Tensor([1, 2, 3]), 0.5).elementType == .float32)
        #expect(Tensor.where(flags, 9_007_199_254_740_993, Tensor([0])).item(at: 0) == 9_007_199_254_740_993)
        #expect(Tensor.where(flags, Tensor([0.0], type: .float64), 0.1).scalars(as: Double.self)[1] == 0.1)
        let written = Tensor.where(flags, 1, 0.5)
        #expect(written.elementType == .float32 && written.scalars == [1, 0.5, 1])
    }

    @Test func problemsOfConditions() {
        let x = Tensor([1.0, 2, 3])
        #expect(Tensor.where(x, x, x).problem == "select: expected a bool condition but received float32[3]")
        #expect(
            Tensor.where(flags, Tensor([1.0, 2]), 0).problem == "select: shapes [3], [2] and [] do not fit together")
        #expect(
            Tensor.where(flags, Tensor([UInt8(1)]), 300).problem
                == "constant: the number 300 does not fit uint8; convert the tensor with cast(to:)")
    }

    // MARK: What is not a number

    @Test func whatIsNotFinite() throws {
        for type in [ElementType.float32, .float64, .bfloat16] {
            let x = Tensor([1, .nan, .infinity, -.infinity, 0, -3e38], type: type)
            try expectElements([0, 1, 0, 0, 0, 0], at: [x]) { isNaN($0[0]) }
            try expectElements([0, 0, 1, 1, 0, 0], at: [x]) { isInfinite($0[0]) }
            try expectElements([1, 0, 0, 0, 1, 1], at: [x]) { isFinite($0[0]) }
            #expect(isNaN(x).elementType == .bool && isInfinite(x).elementType == .bool)
        }
        for x in [Tensor([Int.max, .min, 0]), Tensor([true, false, true]), Tensor([UInt8(255), 0, 1])] {
            #expect(isNaN(x).scalars == [0, 0, 0] && isInfinite(x).scalars == [0, 0, 0])
        }
        // What was computed, in one program with its test.
        try expectElements([1, 0], at: [Tensor([0.0, 1])]) { isNaN($0[0] / $0[0] - 1) }
        try expectElements([1, 0], at: [Tensor([0.0, 1])]) { isInfinite(1 / $0[0]) }
    }

    // MARK: Bounds

    @Test func bounds() throws {
        let x = Tensor([-2.0, 0.5, 3, .nan, .infinity])
        try expectElements([-1, 0.5, 1, .nan, 1], at: [x]) { $0[0].clamped(min: -1, max: 1) }
        try expectElements([-1, 0.5, 3, .nan, .infinity], at: [x]) { $0[0].clamped(min: -1) }
        try expectElements([-2, 0.5, 1, .nan, 1], at: [x]) { $0[0].clamped(max: 1) }
        for type in [ElementType.uint8, .int32, .int64] {
            let numbers = Tensor([0, 5, 200], type: type)
            #expect(numbers.clamped(min: 3).elementType == type)
            #expect(numbers.clamped(min: 3).scalars(as: Int.self) == [3, 5, 200])
            #expect(numbers.clamped(max: 3).scalars(as: Int.self) == [0, 3, 3])
        }
        let slopes = slope(of: Tensor([-2.0, -1, 0.5, 1, 3])) { $0.clamped(min: -1, max: 1) }
        #expect(slopes.scalars == [0, 1, 1, 1, 0])
        #expect(slope(of: Tensor([-2.0, 9])) { $0.clamped(min: -1) }.scalars == [0, 1])
    }

    @Test func problemsOfBounds() {
        let x = Tensor([1.0])
        #expect(x.clamped().problem == "clamp: expected a bound, min, max or both, but received none")
        #expect(x.clamped(min: 2, max: 1).problem == "clamp: the lower bound 2.0 is above the upper bound 1.0")
        #expect(Tensor([true]).clamped(min: 0).problem.hasPrefix("clamp: expected numbers but received bool[1]"))
    }

    // MARK: Problems of operands

    /// The first problem is the one to see, not that its tensor has no axes.
    @Test func problemsOfOperandsAreKept() {
        let wrong = Tensor([1.0, 2]) + Tensor([1.0, 2, 3])
        let x = Tensor([1.0, 2])
        let results = [
            wrong.expandingShape(at: 2), wrong.squeezingShape(at: 0), wrong[0], wrong[0, 1], tril(wrong), triu(wrong),
            wrong.diagonal(), Tensor.diagonal(wrong), wrong.split(into: 2)[1], wrong.split(into: 0)[0],
            wrong.split(sizes: [1, 1])[1], wrong.repeated(2, axis: 0), wrong.tiled([2, -1]),
            wrong.rolled(by: 1, axis: 0),
            wrong.norm(), wrong.norm(order: 3), wrong.norm(axes: [1]), wrong.logSumExp(axes: [0]), wrong.dot(x),
            x.dot(wrong), wrong.outer(x), x.outer(wrong), wrong.clamped(), Tensor.where(wrong, 1, x),
            Tensor.where(.!isNaN(wrong), x, 1), isInfinite(wrong), wrong.unstacked()[0],
            wrong.cumulativeProduct(axis: 2),
            einsum("i,i", x, wrong), Tensor.categorical(wrong, key: RandomKey(seed: 1)),
            Tensor.sequenceMask(wrong, length: 2), dotProductAttention(x, wrong, x), wrong.argsort(axis: 1),
            wrong.topK(3).values,
        ]
        for (index, result) in results.enumerated() {
            #expect(result.problems.count == 1, "result \(index): \(result.problem)")
            #expect(result.problem.hasPrefix("add: shapes [2] and [3] do not fit together"), "result \(index)")
        }
        #expect(
            Tensor([1.0, 2, 3]).matmul(Tensor.ones([2, 2])).problem
                == "matmul: the left matrix [1, 3] has 3 columns but the right matrix [2, 2] has 2 rows")
    }
}

extension Tensor {
    /// An element of a vector, exactly.
    fileprivate func item(at index: Int) -> Int { scalars(as: Int.self)[index] }
}
