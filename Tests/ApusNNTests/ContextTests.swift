import ApusGraph
import ApusNN
import ApusTensor
import Testing

@Suite struct ContextTests {
    @Test func onePathIsOneWeight() throws {
        let layer = Dense(3, useBias: false)
        struct Twice: Layer {
            var layer: Dense
            func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
                layer(layer(x, in: context["shared"]), in: context["shared"])
            }
        }
        let variables = try Twice(layer: layer).initialized(input: [3], seed: 1)
        #expect(variables.paths == ["shared/kernel"])
        let kernel = Tensor([[1, 2, 0], [0, 1, 0], [0, 0, 3]] as [[Float]])
        let run = try LayerRun(Twice(layer: layer), Tensor([[1, 1, 1]] as [[Float]]), ["shared/kernel": kernel])
        #expect(run.output.scalars == [1, 5, 9])
        // d(sum)/dW = xᵀ·(1·Wᵀ) + (x·W)ᵀ·1
        #expect(run.gradients["shared/kernel"]!.scalars == [4, 2, 4, 6, 4, 6, 6, 4, 6])
    }

    @Test func onePathWithTwoShapesIsAnError() {
        struct Twice: Layer {
            func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
                Dense(3)(Dense(4)(x, in: context["shared"]), in: context["shared"])
            }
        }
        #expect(
            message { try Twice().initialized(input: [5], seed: 1) } == """
                2 problems:
                - shared (Dense(3)): parameter: the variable shared/kernel is used with the shapes [5, 4] and [4, 3]; give the second layer a context of its own, context["name"]
                - shared (Dense(3)): parameter: the variable shared/bias is used with the shapes [4] and [3]; give the second layer a context of its own, context["name"]
                """)
    }

    @Test func weightsOfAnotherModel() {
        let traced = TracedModel(
            Dense(3, useBias: false), .zeros([1, 5]), mode: .training, key: Tensor([1, 2]),
            variables: ["kernel": .zeros([4, 3])])
        #expect(
            traced.problems.map(\.description) == [
                "dense (Dense(3, useBias: false)): parameter: the variable kernel has the shape [4, 3] but the model expects [5, 3]; "
                    + "the weights belong to another model or input size"
            ])
    }

    /// Counts how often it is called.
    struct Counter: Layer {
        var shape: Shape = []
        var name = "count"
        var isParameter = false
        var update = "count"

        func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
            let count =
                isParameter
                ? context.parameter(name, shape: [], initializer: .zeros)
                : context.state(name, shape: [], initializer: .zeros)
            context.update(update, to: (count + 1).broadcast(to: shape))
            return x
        }

        init() {}
        init(from decoder: any Decoder) throws {}
        func encode(to encoder: any Encoder) throws {}
    }

    @Test func statesMoveOn() throws {
        let x = Tensor.ones([1, 1])
        #expect(try LayerRun(Counter(), x, ["count": Tensor(4 as Float)]).updates["count"]?.item() == 5)
        // The second call of a shared layer sees what the first one did.
        struct Twice: Layer {
            func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
                context["c"](Counter(), context["c"](Counter(), x))
            }
        }
        #expect(try LayerRun(Twice(), x, ["c/count": Tensor(4 as Float)]).updates["c/count"]?.item() == 6)
        #expect(try Counter().initialized(input: [1], seed: 1).trainableCount == 0)
    }

    @Test func wrongUpdates() {
        var missing = Counter()
        missing.update = "other"
        #expect(
            message { try missing.initialized(input: [1], seed: 1) }
                == "\(place(missing)): update: there is no state other to update; ask for it with context.state first")
        var parameter = Counter()
        parameter.isParameter = true
        #expect(
            message { try parameter.initialized(input: [1], seed: 1) }
                == "\(place(parameter)): update: count is a parameter, which the optimizer changes; only a state can be updated"
        )
        var shape = Counter()
        shape.shape = [2]
        #expect(
            message { try shape.initialized(input: [1], seed: 1) }
                == "\(place(shape)): update: the state count has the shape [] but its new value has [2]")
    }

    private func place(_ layer: Counter) -> String { "counter (\(layer))" }

    @Test func pathsNest() {
        inContext { context in
            #expect(context.path == "")
            #expect(context["a"]["b"].path == "a/b")
            #expect(context.mode == .training)
        }
    }

    @Test func variablesRefuseWhatDoesNotFit() throws {
        var variables = try Dense(2).initialized(input: [3], seed: 1)
        try variables.setValue("bias", Tensor([1, 2] as [Int]))
        #expect(variables["bias"]!.elementType == .float32)
        #expect(variables["bias"]!.scalars == [1, 2])
        #expect(
            message { try variables.setValue("bias", .zeros([3])) }
                == "the variable bias has the shape [2] but the new value has [3]")
        #expect(
            message { try variables.setValue("offset", .zeros([3])) }
                == "there is no variable offset; the model has kernel, bias")
        #expect(
            message { try variables.setValue("bias", Tensor.zeros([2]) + Tensor.zeros([3])) }.hasPrefix(
                "add: shapes [2] and [3]"))
        #expect(variables.trainableCount == 8)
    }
}

/// The message of the error that a function throws.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}

func message<Result>(_ body: () throws -> Result) -> String { message { _ = try body() as Result } }
