import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

@Suite struct ContextTests {
    @Test func aSharedContextIsOneWeight() throws {
        struct Twice: Layer {
            var layer = Dense(3, useBias: false)
            func output(for x: Tensor, in context: Context) -> Tensor {
                let shared = context.shared("shared")
                return layer(layer(x, in: shared), in: shared)
            }
        }
        let variables = try Twice().initialized(input: [3], seed: 1)
        #expect(variables.paths == ["shared/kernel"])
        let kernel = Tensor([[1, 2, 0], [0, 1, 0], [0, 0, 3]] as [[Float]])
        let run = try LayerRun(Twice(), Tensor([[1, 1, 1]] as [[Float]]), ["shared/kernel": kernel])
        #expect(run.output.scalars == [1, 5, 9])
        // d(sum)/dW = xᵀ·(1·Wᵀ) + (x·W)ᵀ·1
        #expect(run.gradients["shared/kernel"]!.scalars == [4, 2, 4, 6, 4, 6, 6, 4, 6])
    }

    /// What is inside a shared layer is shared with it, each part with itself alone.
    @Test func sharedTowers() throws {
        struct Towers: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                let tower = Sequential {
                    Dense(4)
                    BatchNorm()
                    Dense(4).shared("common")
                }
                let towers = context.shared("tower")
                return tower(x, in: towers) + tower(-x, in: towers) + Dense(4)(x, in: towers["head"])
                    + Dense(4)(x, in: towers["head"])
            }
        }
        #expect(
            try Towers().initialized(input: [4], seed: 1).paths == [
                "tower/0.dense/kernel", "tower/0.dense/bias", "tower/1.batchNorm/gamma", "tower/1.batchNorm/beta",
                "tower/1.batchNorm/runningMean", "tower/1.batchNorm/runningVariance", "common/kernel", "common/bias",
                "tower/head/kernel", "tower/head/bias",
            ])
    }

    @Test func aSharedContextWithTwoShapesIsAnError() {
        struct Twice: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                Dense(3)(Dense(4)(x, in: context.shared("shared")), in: context.shared("shared"))
            }
        }
        #expect(
            message { try Twice().initialized(input: [5], seed: 1) } == """
                2 problems:
                - shared (Dense(3)): parameter: the variable shared/kernel is used with the shapes [5, 4] and [4, 3]; give the second layer a context of its own, context["name"]
                - shared (Dense(3)): parameter: the variable shared/bias is used with the shapes [4] and [3]; give the second layer a context of its own, context["name"]
                """)
    }

    /// A name that was copied with its line is an error, though the shapes are equal.
    @Test func twoLayersAtOnePathAreAnError() {
        struct Twice: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                Dense(3)(Dense(3)(x, in: context["h"]), in: context["h"])
            }
        }
        #expect(
            message { try Sequential { Twice() }.initialized(input: [3], seed: 1) }
                == "0.twice/h (Dense(3)): dense: there is a layer at the path 0.twice/h already; give this one a context of its "
                + "own, context[\"name\"], or share the weights on purpose with context.shared(\"name\")")
        // Within a shared layer as well.
        struct Shared: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                let shared = context.shared("s")
                return Twice()(Twice()(x, in: shared), in: shared)
            }
        }
        #expect(
            message { try Shared().initialized(input: [3], seed: 1) }.contains(
                "there is a layer at the path s/h already"))
    }

    @Test func twoVariablesAtOnePathAreAnError() {
        struct Twice: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                let kernel = context.parameter("kernel", shape: [3, 3], initializer: .ones)
                return Dense(3, useBias: false)(x.matmul(kernel), in: context)
            }
        }
        #expect(
            message { try Sequential { Twice() }.initialized(input: [3], seed: 1) }
                == "0.twice (Dense(3, useBias: false)): parameter: there is a variable 0.twice/kernel already; give this one "
                + "another name, give the inner layer a context of its own, context[\"name\"], or share the weights on purpose "
                + "with context.shared(\"name\")")
    }

    /// Layers that are called without names have numbers, as in a `Sequential`; a single one needs none.
    @Test func layersWithoutNames() throws {
        struct Inner: Layer {
            var count: Int
            func output(for x: Tensor, in context: Context) -> Tensor {
                let scale = context.parameter("scale", shape: [1], initializer: .ones)
                return (0..<count).reduce(scale * x) { y, _ in Dropout(0.5)(Dense(3)(y, in: context), in: context) }
            }
        }
        struct Outer: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                Inner(count: 1)(Inner(count: 2)(x, in: context), in: context)
            }
        }
        struct Single: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { Dense(3)(x, in: context) }
        }
        #expect(try Single().initialized(input: [3], seed: 1).paths == ["kernel", "bias"])
        #expect(
            try Outer().initialized(input: [3], seed: 1).paths == [
                "0.inner/scale", "0.inner/0.dense/kernel", "0.inner/0.dense/bias", "0.inner/2.dense/kernel",
                "0.inner/2.dense/bias", "1.inner/scale", "1.inner/0.dense/kernel", "1.inner/0.dense/bias",
            ])
        // The trace that found that there are several leaves nothing behind.
        #expect(
            try Outer().summary(input: [3]).rows.map(\.path) == [
                "0.inner/0.dense", "0.inner/1.dropout", "0.inner/2.dense", "0.inner/3.dropout", "0.inner",
                "1.inner/0.dense", "1.inner/1.dropout", "1.inner",
            ])
        let traced = TracedModel(Outer(), Values(.ones([1, 3])), mode: .training, key: Tensor([1, 2]))
        #expect(traced.descriptions.count == 8 && traced.records.count == 9)
    }

    /// Calls of custom layers inside custom layers are named as those of built-in ones are.
    @Test func customLayersAreNamed() throws {
        struct Inner: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { x + Tensor.ones([2]) }
        }
        struct Outer: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { Inner()(x, in: context["inner"]) }
        }
        #expect(message { try Outer().initialized(input: [3], seed: 1) }.hasPrefix("inner (Inner()): add: shapes"))
        #expect(try Outer().summary(input: [2]).rows.map(\.path) == ["inner"])
    }

    /// A custom layer says what is wrong as built-in ones do: everything at once, and what follows from it not at all.
    @Test func customLayersReportProblems() {
        struct Halves: Layer {
            var rate: Double
            func output(for x: Tensor, in context: Context) -> Tensor {
                context.expect(rate > 0, "the rate must be positive, received \(rate)")
                guard
                    context.expect(x.shape[-1] % 2 == 0, "expected an even number of features, received \(x.shape[-1])")
                else { return x }
                return x.reshaped(to: [x.shape[0], 2, x.shape[-1] / 2])
            }
        }
        struct Refusal: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { .invalid("not today") }
        }
        let model = Sequential {
            Halves(rate: -1)
            Halves(rate: 0)
            Dense(0)
        }
        #expect(
            message { try model.initialized(input: [3], seed: 1) } == """
                3 problems:
                - 0.halves (Halves(rate: -1.0)): halves: the rate must be positive, received -1.0
                - 0.halves (Halves(rate: -1.0)): halves: expected an even number of features, received 3
                - 2.dense (Dense(0)): dense: units must be positive, received 0
                """)
        #expect(
            message { try Sequential([Refusal()]).initialized(input: [3], seed: 1) }
                == "0.refusal (Refusal()): invalid: not today")
    }

    @Test func weightsOfAnotherModel() {
        let traced = TracedModel(
            Dense(3, useBias: false), Values(.zeros([1, 5])), mode: .training, key: Tensor([1, 2]),
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

        func output(for x: Tensor, in context: Context) -> Tensor {
            let count =
                isParameter
                ? context.parameter(name, shape: [], initializer: .zeros)
                : context.state(name, shape: [], initializer: .zeros)
            context.update(update, to: (count + 1).broadcast(to: shape))
            return x
        }
    }

    @Test func statesAreUpdated() throws {
        let x = Tensor.ones([1, 1])
        #expect(try LayerRun(Counter(), x, ["count": Tensor(4 as Float)]).updates["count"]?.item() == 5)
        // The second call of a shared layer sees what the first one did.
        struct Twice: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                Counter()(Counter()(x, in: context.shared("c")), in: context.shared("c"))
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
