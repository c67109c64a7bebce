import ApusGraph
import ApusNN
import ApusTensor
import Testing

@Suite struct DropoutTests {
    /// The output for ones, and the gradient to them.
    private func run(_ layer: some Layer, mode: Mode = .training, seed: Int = 7, step: Int = 0) throws -> (
        y: [Float], dx: [Float]
    ) {
        let x = Tensor(Array(repeating: Float(1), count: 20_000), shape: [200, 100])
        let y = TracedModel(layer, Values(x), mode: mode, key: Tensor([seed, step])).output
        let gradients = gradient(of: y.sum(), withRespectTo: [x])
        try evaluate([y] + gradients)
        return (y.scalars, gradients[0].scalars)
    }

    @Test(arguments: [0.1, 0.3, 0.5, 0.9]) func expectationIsKept(rate: Double) throws {
        let (y, dx) = try run(Dropout(rate))
        let kept = Float(1 / (1 - rate))
        #expect(y.allSatisfy { $0 == 0 || $0 == kept })
        let share = Double(y.count { $0 == 0 }) / 20_000
        #expect(abs(share - rate) < 5 * (rate * (1 - rate) / 20_000).squareRoot())
        #expect(abs(Double(y.reduce(0, +)) / 20_000 - 1) < 5 * (rate / (1 - rate) / 20_000).squareRoot())
        // The gradient passes where the value passed.
        #expect(y == dx)
    }

    @Test func isOffAtInference() throws {
        let (y, dx) = try run(Dropout(0.5), mode: .inference)
        #expect(y.allSatisfy { $0 == 1 } && dx.allSatisfy { $0 == 1 })
    }

    @Test func rateZeroChangesNothing() throws {
        #expect(try run(Dropout(0)).y.allSatisfy { $0 == 1 })
    }

    @Test func everyStepHasItsMask() throws {
        #expect(try run(Dropout(0.5), step: 1).y == run(Dropout(0.5), step: 1).y)
        #expect(try run(Dropout(0.5), step: 1).y != run(Dropout(0.5), step: 2).y)
        #expect(try run(Dropout(0.5), seed: 7).y != run(Dropout(0.5), seed: 8).y)
    }

    @Test func everyLayerHasItsMask() throws {
        let twice = Sequential {
            Dropout(0.5)
            Dropout(0.5)
        }
        let y = try run(twice).y
        // With one mask for both, half of the elements would pass twice.
        #expect(abs(Double(y.count { $0 == 4 }) / 20_000 - 0.25) < 0.02)
    }

    @Test func drawsOfOneLayerDiffer() throws {
        inContext { context in
            let masks = (0..<2).map { _ in context.bernoulli([1000], probability: 0.5).cast(to: .float32).scalars }
            #expect(masks[0] != masks[1])
            #expect(context.normal([1000]).scalars != context["inner"].normal([1000]).scalars)
            let numbers = context.uniform([1000], low: 2, high: 4).scalars
            #expect(numbers.allSatisfy { (2..<4).contains($0) })
            #expect(abs(numbers.reduce(0, +) / 1000 - 3) < 0.1)
        }
    }
}
