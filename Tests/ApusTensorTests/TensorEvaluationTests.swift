import ApusBackend
import ApusGraph
import ApusTensor
import Foundation
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
            _ = Tensor.ones([2]).scalars
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

    private static let forgotten =
        "a tensor on the way from float32[2] to the value has been read, which forgets how it was computed; "
        + "take the gradient before reading, use valueAndGradient, or say with stoppingGradient() that it is a constant"

    private func problem(_ value: Tensor, _ tensor: Tensor) -> String? {
        gradient(of: value, withRespectTo: [tensor])[0].problems.first?.message
    }

    /// Never a zero where the operations were forgotten.
    @Test func gradientsThroughWhatWasReadAreErrors() async throws {
        let w = Tensor([1.0, 2])
        let h = w * w
        let before = (h * h).sum()
        _ = h.scalars
        #expect(problem((h * h).sum(), w) == Self.forgotten)
        // What was built before keeps the operations.
        #expect(gradient(of: before, withRespectTo: [w])[0].scalars == [4, 32])
        // Also where nobody holds the tensor that was read, several reads ago, and beside another way.
        func far() throws -> Tensor { try ((w + 1).evaluated() * 2).evaluated() }
        #expect(try problem((far() * w).sum(), w) == Self.forgotten)
        // Whether a tensor is data, filled, computed, or a view.
        for source in [Tensor.ones([2]), Tensor.ones([2]) + 1, Tensor([1.0, 2, 3, 4])[..<2], w.reshaped(to: [2])] {
            let read = try exp(source).evaluated()
            #expect(problem((read * 2).sum(), source) == Self.forgotten)
            _ = source.scalars
            #expect(problem((read * 2).sum(), source) == Self.forgotten)
        }
        let number = 2.0
        let scalar = Tensor(number)
        let square = try (scalar * scalar).evaluated()
        #expect(problem(square * square, scalar)?.contains("has been read") == true)
        let written: Tensor = 2
        #expect(problem(written * written, written)?.contains("is a number that is written in the program") == true)
        #expect(try gradient(of: square * written, withRespectTo: [written.evaluated()])[0].problems.isEmpty)
        // By a compiled function, and on another device.
        let double = compile { (x: Tensor) in x * 2 }
        let doubled = try double(w)
        #expect(problem((doubled * 1).sum(), w) == Self.forgotten)
        #expect(try problem((h.moved(to: .reference) * 1).sum(), w) == Self.forgotten)
        // By another thread, inside a function that is differentiated.
        let other = Tensor([1.0, 2])
        let (_, gradients) = valueAndGradient(at: [other]) { p in
            let squares = p[0] * p[0]
            let thread = Thread { _ = squares.scalars }
            thread.start()
            while !thread.isFinished { usleep(100) }
            return (squares * p[0]).sum()
        }
        let received = gradients[0]
        #expect(received.problems.first?.message == Self.forgotten || received.scalars == [3, 12])
    }

    /// What was read and is a constant of the gradient is one.
    @Test func gradientsBesideWhatWasReadAreRight() throws {
        var w = Tensor([1.0, 2])
        let x = try (Tensor([3.0, 4]) * 2).evaluated()
        #expect(gradient(of: (x * w).sum(), withRespectTo: [w])[0].scalars == [6, 8])
        let h = try (w * w).evaluated()
        #expect(gradient(of: (h.stoppingGradient() * w).sum(), withRespectTo: [w])[0].scalars == [1, 4])
        #expect(gradient(of: (h * w).sum(), withRespectTo: [h])[0].scalars == [1, 2])
        #expect(gradient(of: select(h .> 2, w, -w).sum(), withRespectTo: [w])[0].scalars == [-1, 1])
        // A loop that trains by hand.
        for _ in 0..<3 {
            let change = gradient(of: (x * w).sum(), withRespectTo: [w])[0]
            #expect(change.problems.isEmpty)
            w = try (w - change * 0.5).evaluated()
        }
        #expect(w.scalars == [-8, -10])
    }

    @Test func onlyFloatingPointTensorsHaveGradients() {
        let whole = Tensor([1, 2], type: .int32), w = Tensor([1.0, 2])
        let message = problem((whole.cast(to: .float32) * w).sum(), whole)
        #expect(
            message
                == "what the gradient is taken with respect to is int32[2], but only floating-point tensors have gradients; "
                + "convert it with cast(to: .float32) before it is used")
        #expect(problem((w .> 1).any(), w)?.hasPrefix("the value is bool[], but only floating-point") == true)
        let (_, gradients) = valueAndGradient(at: [whole]) { ($0[0].cast(to: .float32) * w).sum() }
        #expect(gradients[0].problems.first?.message == message)
    }

    /// However many tensors one was computed from: each is known, and no other is taken for one.
    @Test func manyTensorsThatWereRead() throws {
        let many = (0..<3000).map { Tensor([Double($0)]) }
        let joined = try Tensor.concatenated(many).evaluated()
        let later = try (joined * 2).evaluated()
        for place in [0, 1500, 2999] {
            #expect(problem((later * 1).sum(), many[place])?.contains("has been read") == true)
        }
        let w = Tensor([1.0])
        #expect(gradient(of: (later.sum() * w).sum(), withRespectTo: [w])[0].scalars == [8_997_000])
    }

    /// Memory and time of a loop that reads do not grow with the turns.
    @Test func loopsThatReadForget() {
        let start = Tensor([0.0])
        var x = start
        for _ in 0..<20_000 {
            x = x + 1
            _ = x.item()
        }
        #expect(x.item() == 20_000)
        #expect(problem(x * 2, start)?.contains("has been read") == true)
    }

    @Test func gradientsOfWhatIsIndependentAreZero() {
        let (x, y) = (Tensor([1.0, 2]), Tensor([[3.0]]))
        let (_, gradients) = valueAndGradient(at: [x, y]) { ($0[0] * 2).sum() }
        #expect(gradients[1].shape == [1, 1] && gradients[1].item() == 0)
        let (wrong, _) = valueAndGradient(at: [x]) { $0[0] }
        #expect(wrong.problems.first?.message.hasPrefix("expected a function that yields one number") == true)
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

    /// What no machine holds is an error when it is computed, with the bytes.
    @Test(arguments: [Device.cpu, .reference]) func memoryThatIsNotThere(device: Device) {
        func message(_ body: () throws -> Void) -> String {
            do { try device { try body() } } catch { return "\(error)" }
            return "no error"
        }
        let shape = "constant: a tensor float32[4398046511104] takes 17.6 TB, but this machine has "
        #expect(message { try Tensor.zeros([1 << 42]).evaluated() }.hasPrefix(shape))
        #expect(message { try exp(Tensor([1.0]).broadcast(to: [1 << 42])).evaluated() }.contains("takes 17.6 TB"))
        #expect(message { try Tensor.normal([1 << 40], key: RandomKey(seed: 1)).evaluated() }.contains("4.4 TB"))
        #expect(message { try Tensor.identity(1 << 22).evaluated() }.contains("TB, but this machine has"))
        #expect(!Tensor.linspace(0, 1, count: 1 << 42).problems.isEmpty)
        #expect(!Tensor.arange(0, 0x1p39).problems.isEmpty)
        #expect(!Tensor(bytes: [0], TensorType([.max], .float64)).problems.isEmpty)
        #expect(Shape([2, .max, .max]).strides == [.max, .max, 1])
        #expect(!Tensor([1.0]).padded([(.max, .max)]).problems.isEmpty)
        #expect(!Tensor([1.0]).reshaped(to: [-1, .max, .max]).problems.isEmpty)
        #expect(!Tensor([1.0]).gathered(Tensor([0], type: .int32), axis: .max).problems.isEmpty)
        #expect(!Tensor([1.0]).scatterAdded(Tensor([0], type: .int32), size: .max, axis: .min).problems.isEmpty)
        #expect(!Tensor([1.0])[Int.max].problems.isEmpty && Tensor([1.0])[Int.min...].problems.isEmpty)
    }

    /// A sequence that is taken apart has one gradient, not the sum of one a part.
    @Test func gradientsOfManySlices() {
        let x = Tensor.normal([3, 50, 2], key: RandomKey(seed: 1))
        let (_, gradients) = valueAndGradient(at: [x]) { p in
            var sum = (p[0] * 0.5).sum()
            for step in 0..<50 where step % 7 != 3 {
                sum = sum + square(p[0][TensorSlice.all, step]).sum() * Double(step)
            }
            return sum
        }
        let weights = Tensor((0..<50).map { $0 % 7 == 3 ? 0 : 2 * Double($0) }).reshaped(to: [1, 50, 1])
        let expected = x * weights + 0.5
        #expect(zip(gradients[0].scalars, expected.scalars).allSatisfy { Swift.abs($0 - $1) < 1e-4 })
        #expect(gradients[0].scalars.count == 300)
    }

    @Test func indicesOutOfRangeAreThrown() throws {
        let x = Tensor.arange(0, 5)
        #expect(throws: (any Error).self) { try x.gathered(Tensor([1, 5])).evaluated() }
        #expect(try x.gathered(Tensor([1, 4])).evaluated().scalars == [1, 4])
    }
}
