import ApusGraph
import ApusNN
import ApusTensor
import Testing

/// What layers do wrong with shapes is a problem like others.
@Suite struct TraceProblemTests {
    /// Looks at axes that images have.
    private struct Gate: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            let y = Dense(0)(x, in: context["hidden"])
            return y * Double(y.shape[2])
        }
    }

    private struct Wide: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor { x * Double(x.shape[3] + x.shape[-4]) }
    }

    /// The shape of what could not be built says nothing: only the first fault is reported.
    @Test func shapesOfWhatIsWrong() {
        let error = #expect(throws: GraphError.self) { try Gate().initialized(input: [4], seed: 1) }
        #expect(error?.problems.map(\.message) == ["units must be positive, received 0"])
    }

    @Test func axesThatAShapeLacks() {
        let error = #expect(throws: GraphError.self) {
            try Sequential {
                Wide()
                Dense(-1)
            }.initialized(input: [4, 5], seed: 1)
        }
        #expect(
            error?.description == """
                3 problems:
                - 1.dense (Dense(-1)): dense: units must be positive, received -1
                - 0.wide (Wide()): shape: axis 3 is outside the shape [1, 4, 5], which has 3 axes
                - 0.wide (Wide()): shape: axis -4 is outside the shape [1, 4, 5], which has 3 axes
                """)
        let compiled = compile { (x: Tensor) in x * Double(x.shape[5]) }
        let other = #expect(throws: GraphError.self) { try compiled(Tensor([1.0])) }
        #expect(other?.description == "shape: axis 5 is outside the shape [1], which has 1 axes")
    }

    /// Outside of a trace the program stops, with a message in every build.
    @Test func misuseStopsWithAMessage() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1.0, 2]).shape[1]
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("axis 1 is outside the shape [2], which has 1 axes"))
        let other = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1.0, 2]).item()
        }
        let message = String(decoding: other?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("item() reads a tensor of one element, but the shape is [2]; use scalars"))
    }
}
