import ApusGraph
import ApusTensor
import Testing

@Suite struct TensorBasicsTests {
    // MARK: Values

    @Test func arithmeticBroadcasts() {
        let x = Tensor([[1.0, 2, 3], [4, 5, 6]])
        #expect((x + Tensor([10.0, 20, 30])).scalars == [11, 22, 33, 14, 25, 36])
        #expect((x * 2 - 1).scalars == [1, 3, 5, 7, 9, 11])
        #expect((1 / Tensor([2.0, 4])).scalars == [0.5, 0.25])
        #expect((x - x.mean(axes: [1], keepingAxes: true)).scalars == [-1, 0, 1, -1, 0, 1])
    }

    @Test func numbersWrittenInTheProgramTakeTheTensorsType() {
        let integers = Tensor([1, 2, 3], type: .int32)
        #expect((integers + 1).elementType == .int32)
        #expect((integers + 0.5).elementType == .float32)
        #expect((integers + 0.5).scalars == [1.5, 2.5, 3.5])
        #expect((Tensor([1.0], type: .float64) * 2).elementType == .float64)
        #expect((Tensor([1.0], type: .bfloat16) * 2.5).elementType == .bfloat16)
        #expect((integers + Tensor([1.0, 2, 3])).elementType == .float32)
        #expect((integers .> 1).scalars(as: Bool.self) == [false, true, true])
    }

    @Test func slicesAsInNumPy() {
        let x = Tensor((0..<24).map { $0 }, shape: [2, 3, 4], type: .int32)
        #expect(x[1].scalars(as: Int.self) == Array(12..<24))
        #expect(x[-1, -1].scalars(as: Int.self) == [20, 21, 22, 23])
        #expect(x[0, 1..<3, 2].scalars(as: Int.self) == [6, 10])
        #expect(x[TensorSlice.ellipsis, 0].shape == [2, 3])
        #expect(x[0, 0, TensorSlice.every(2)].scalars(as: Int.self) == [0, 2])
        #expect(x[0, 0, TensorSlice.every(.max)].scalars(as: Int.self) == [0])
        #expect(x[TensorSlice.newAxis, 0].shape == [1, 3, 4])
        #expect(x[0..., ..<2].shape == [2, 2, 4])
        #expect(x[5].problems.first?.message == "index 5 is outside axis 0 of shape [2, 3, 4]")
    }

    @Test func reductionsAndOrder() {
        let x = Tensor([[3.0, 1, 2], [9, 7, 8]])
        #expect(x.sum().item() == 30)
        #expect(x.max(axes: [0]).scalars == [9, 7, 8])
        #expect(x.argmax().scalars(as: Int.self) == [0, 0])
        #expect(x.sorted().scalars == [1, 2, 3, 7, 8, 9])
        let (values, indices) = x.topK(2)
        #expect(values.scalars == [3, 2, 9, 8])
        #expect(indices.scalars(as: Int.self) == [0, 2, 0, 2])
        #expect(x.cumulativeSum().scalars == [3, 4, 6, 9, 16, 24])
        #expect(Tensor([2.0, 4, 4, 4, 5, 5, 7, 9]).standardDeviation().item() == 2)
    }

    @Test func productsOfVectorsAndBatches() {
        let v = Tensor([1.0, 2, 3])
        #expect(v.matmul(v).item() == 14)
        let m = Tensor([[1.0, 0, 0], [0, 2, 0]])
        #expect(m.matmul(v).scalars == [1, 4])
        let batch = Tensor.ones([4, 2, 3])
        #expect(batch.matmul(Tensor.ones([3, 5])).shape == [4, 2, 5])
        #expect(batch.matmul(Tensor.ones([4, 3, 5])).scalars.allSatisfy { $0 == 3 })
    }

    @Test func softplusDoesNotOverflow() {
        let y = softplus(Tensor([-1000.0, 0, 1000])).scalars
        #expect(y[0] == 0 && y[2] == 1000)
        #expect(abs(y[1] - 0.693_147_2) < 1e-6)
    }

    // MARK: Printing

    @Test func printsForPeople() {
        #expect("\(Tensor([1.0, 2.5, -3]))" == "[ 1.0000,  2.5000, -3.0000]")
        #expect("\(Tensor([[1.0, 2], [3, 4]]))" == "[[1., 2.],\n [3., 4.]]")
        #expect("\(Tensor([1, 20, 300], type: .int32))" == "[  1,  20, 300] int32")
        #expect("\(Tensor([true, false]))" == "[ true, false] bool")
        #expect("\(Tensor([1e-8, 2e9]))" == "[1.0000e-08, 2.0000e+09]")
        #expect("\(Tensor([Float.nan, .infinity, 1]))" == "[nan, inf,  1.]")
        #expect("\(Tensor.arange(0, 2000))" == "[   0.,    1.,    2., ..., 1997., 1998., 1999.]")
    }

    // MARK: Random

    @Test func randomNumbersAreAFunctionOfTheKey() {
        var key = RandomKey(seed: 1)
        let (a, b) = (key.next(), key.next())
        let x = Tensor.normal([10_000], key: a)
        #expect(x.scalars == Tensor.normal([10_000], key: a).scalars)
        #expect(x.scalars != Tensor.normal([10_000], key: b).scalars)
        #expect(abs(x.mean().item()) < 0.05)
        #expect(abs(x.standardDeviation().item() - 1) < 0.05)
        #expect(RandomKey(seed: 3).permutation(100).sorted() == Array(0..<100))
    }

    // MARK: Gradients

    @Test func gradientsAndTheirGradients() {
        let x = Tensor([1.0, 2, 3])
        let (value, gradients) = valueAndGradient(at: [x]) { p in (p[0] * p[0] * p[0]).sum() }
        #expect(value.item() == 36)
        #expect(gradients[0].scalars == [3, 12, 27])
        let second = gradient(at: x) { p in
            gradient(at: p) { q in (q * q * q).sum() }.sum()
        }
        #expect(second.scalars == [6, 12, 18])
    }

    @Test func whatAFunctionCapturesIsAConstant() {
        let w = Tensor([2.0])
        #expect(gradient(at: w) { p in (p * w).sum() }.item() == 2)
    }

    // MARK: Evaluation

    @Test func anExpressionInALoopIsCompiledOnce() throws {
        // A shape that no other test uses, so that the count is this loop's.
        let x = Tensor.full([3, 7, 11, 2], 1)
        try x.evaluated()
        var sums: [Float] = []
        let counter = CompilationCounter()
        CompilationCounter.$current.withValue(counter) {
            for index in 0..<50 { sums.append((tanh(x) * (Double(index) + 3.25) + 0.1).sum().item()) }
        }
        #expect(Set(sums).count == 50)
        #expect(counter.count == 1)
        let calls = compile { (x: Tensor) in tanh(x) * 2 }
        #expect(try calls(x).scalars == (tanh(x) * 2).scalars)
    }

    @Test func errorsAreCollectedAndThrown() throws {
        let a = Tensor.ones([2, 3]) + Tensor.ones([4])
        let b = Tensor.ones([2, 3]).matmul(Tensor.ones([2, 3]))
        let sum = a.sum() + b.sum()
        #expect(sum.problems.count == 2)
        let error = #expect(throws: GraphError.self) { try sum.evaluated() }
        #expect(
            error?.description == """
                2 problems:
                - add: shapes [2, 3] and [4] do not fit together: aligned at the last axis, each extent must be equal or 1
                - matmul: the left matrix [2, 3] has 3 columns but the right matrix [2, 3] has 2 rows
                """)
    }

    @Test func aLongChainIsEvaluated() throws {
        var x = Tensor([0.0])
        for _ in 0..<3000 { x = x + 1 }
        #expect(x.item() == 3000)
    }

    @Test func tensorsCrossTasks() async throws {
        let x = Tensor.arange(0, 1000)
        let sums = await withTaskGroup(of: Float.self) { group in
            for index in 0..<16 { group.addTask { (x * Double(index)).sum().item() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums.sorted() == (0..<16).map { Float($0) * 499_500 })
    }
}
