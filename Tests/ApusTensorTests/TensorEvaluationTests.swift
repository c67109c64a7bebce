import ApusGraph
import ApusTensor
import Testing

/// When expressions are computed, and what is remembered.
@Suite struct TensorEvaluationTests {
    /// The number of programs that a piece of work compiles.
    private func compilations(_ work: () throws -> Void) rethrows -> Int {
        let counter = CompilationCounter()
        try CompilationCounter.$current.withValue(counter, operation: work)
        return counter.count
    }

    @Test func anExpressionBuiltAgainIsNotCompiledAgain() throws {
        let x = try Tensor.full([3, 5, 2], 0.25).evaluated()
        func value(_ factor: Double) -> Float { (tanh(x) * factor + Tensor.full([3, 5, 2], factor)).sum().item() }
        #expect(compilations { _ = value(3) } == 1)
        #expect(compilations { for index in 0..<20 { _ = value(3.25 + Double(index)) } } == 0)
        // Tensors filled with NaN have a structure, too.
        _ = Tensor.full([7, 3], .nan).sum().item()
        #expect(compilations { _ = Tensor.full([7, 3], .nan).sum().item() } == 0)
    }

    @Test func whatIsHeldIsKept() throws {
        let x = try Tensor.full([17, 3], 0.5).evaluated()
        let product = x.matmul(Tensor.full([3, 19], 0.125))
        let hidden = tanh(product)
        let chosen = select(hidden .> 0, hidden, -hidden)
        _ = (chosen * 2).sum().item()
        #expect(product.buffer != nil && hidden.buffer != nil && chosen.buffer != nil)
    }

    @Test func whatIsNotHeldIsNotKept() throws {
        let x = try Tensor.full([17, 3], 0.5).evaluated()
        func sum() -> Tensor { exp(x).sum() }
        let total = sum()
        #expect(total.item() > 84)
        #expect(compilations { _ = total.item() } == 0)
    }

    @Test func expressionsBuiltBeforeFindTheValue() throws {
        let x = try Tensor.full([4, 23], 0.5).evaluated()
        let expensive = sigmoid(x).cumulativeSum()
        let later = expensive * 2 + 1
        _ = try expensive.evaluated()
        // The same program as of a leaf of that shape: nothing is left of the sigmoid.
        let leaf = try Tensor.full([4, 23], 0.75).evaluated()
        _ = (leaf * 2 + 1).scalars
        #expect(compilations { _ = (expensive * 2 + 1).scalars } == 0)
        let before = later.scalars
        #expect(before == (expensive * 2 + 1).scalars)
    }

    @Test func readingInsideADifferentiatedFunctionChangesNothing() {
        let x = Tensor([1.0, 2, 3])
        var seen: [Float] = []
        let (value, gradients) = valueAndGradient(at: [x]) { p in
            seen = p[0].scalars
            let squares = p[0] * p[0]
            seen += squares.scalars
            let sum = (squares * p[0]).sum()
            seen.append(sum.item())
            return sum
        }
        #expect(seen == [1, 2, 3, 1, 4, 9, 36])
        #expect(value.item() == 36)
        #expect(gradients[0].scalars == [3, 12, 27])
    }

    @Test func aGradientOfAValueThatWasReadIsAnError() throws {
        let x = Tensor([1.0, 2])
        let y = (x * x).sum()
        #expect(gradient(of: y, withRespectTo: [x])[0].scalars == [2, 4])
        _ = y.item()
        #expect(
            gradient(of: y, withRespectTo: [x])[0].problems.first?.message
                == "the value has been read, which forgets how it was computed; take the gradient first, or use valueAndGradient"
        )
    }

    @Test func gradientsOfWhatIsIndependentAreZero() {
        let (x, y) = (Tensor([1.0, 2]), Tensor([[3.0]]))
        let (_, gradients) = valueAndGradient(at: [x, y]) { ($0[0] * 2).sum() }
        #expect(gradients[1].shape == [1, 1] && gradients[1].item() == 0)
        let (wrong, _) = valueAndGradient(at: [x]) { $0[0] }
        #expect(wrong.problems.first?.message.hasPrefix("expected a function that yields one number") == true)
    }

    // MARK: Compiled functions

    private final class Counter: @unchecked Sendable {
        var count = 0
    }

    @Test func aFunctionIsTracedOncePerType() throws {
        let calls = Counter()
        let offset = Tensor([10.0])
        let function = compile { arguments in
            calls.count += 1
            return [arguments[0] * 2 + offset, arguments[0]]
        }
        for index in 0..<5 { #expect(try function([Tensor([Double(index)])])[0].scalars == [Float(2 * index + 10)]) }
        #expect(calls.count == 1)
        #expect(try function([Tensor([1.0, 2])])[0].scalars == [12, 14])
        #expect(calls.count == 2)
        let results = try function([Tensor([3], type: .int32)])
        #expect(calls.count == 3)
        #expect(results[0].elementType == .float32 && results[1].elementType == .int32)
        #expect(results[1].scalars(as: Int.self) == [3])
    }

    @Test func compiledFunctionsThrowWhatIsWrong() throws {
        let mismatched = compile { [$0[0] + $0[1]] }
        #expect(throws: GraphError.self) { try mismatched([Tensor.ones([2]), Tensor.ones([3])]) }
        let reading = compile { arguments in [arguments[0] * Double(try arguments[0].sum().evaluated().item())] }
        let error = #expect(throws: GraphError.self) { try reading([Tensor.ones([2])]) }
        #expect(
            error?.description
                == "argument 0: a value inside a function that is being compiled can't be read; return it from the function instead"
        )
    }

    @Test func compiledFunctionsTakeExpressionsAndRunFromManyTasks() async throws {
        let function = compile { [sigmoid($0[0]).sum()] }
        let expected = try function([Tensor.arange(0, 100) * 0.01])[0].item()
        try await withThrowingTaskGroup(of: Float.self) { group in
            for _ in 0..<16 { group.addTask { try function([Tensor.arange(0, 100) * 0.01])[0].item() } }
            for try await sum in group { #expect(abs(sum - expected) < 1e-4) }
        }
    }

    // MARK: Size

    @Test(arguments: [true, false]) func chainsOfHundredThousandOperations(readsOnTheWay: Bool) {
        var x = Tensor([0.0])
        for index in 0..<100_000 {
            x = x + 1
            if readsOnTheWay, index % 20_000 == 0 { _ = x.item() }
        }
        #expect(x.item() == 100_000)
    }

    @Test func gradientsOfLongChains() {
        let (value, gradients) = valueAndGradient(at: [Tensor([1.0])]) { p in
            (0..<20_000).reduce(p[0]) { x, _ in x * 1.0001 }.sum()
        }
        #expect(abs(value.item() - gradients[0].item()) < 1e-3)
        #expect(abs(value.item() - 7.3883) < 0.02)
    }

    @Test func shapesBeyondAllMemoryAreErrors() {
        let huge = Tensor.zeros([1 << 40, 1 << 40])
        #expect(
            huge.problems.first?.message == "a tensor of shape [1099511627776, 1099511627776] has too many elements")
        #expect(!Tensor([1.0]).broadcast(to: [1 << 62, 4]).problems.isEmpty)
        #expect(!Tensor([1.0]).reshaped(to: [1 << 62, 4]).problems.isEmpty)
        #expect(!Tensor.arange(0, 1e300).problems.isEmpty)
    }

    @Test func indicesOutOfRangeAreThrown() throws {
        let x = Tensor.arange(0, 5)
        #expect(throws: (any Error).self) { try x.gathered(Tensor([1, 5])).evaluated() }
        #expect(try x.gathered(Tensor([1, 4])).evaluated().scalars == [1, 4])
    }
}
