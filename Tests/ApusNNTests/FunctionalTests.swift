import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

/// Models as functions of their variables.
@Suite struct FunctionalTests {
    private let x = Tensor.normal([5, 4], key: RandomKey(seed: 3))

    private let net = Sequential {
        Dense(6, activation: .tanh); Dense(2)
    }

    private func problem(_ tensor: Tensor) -> [String] { tensor.problems.map(\.description) }

    @Test func aModelIsAFunctionOfItsVariables() throws {
        let weights = try net.initialized(input: [4], seed: 7)
        let hidden = tanh(x.matmul(weights["0.dense/kernel"]!) + weights["0.dense/bias"]!)
        let expected = hidden.matmul(weights["1.dense/kernel"]!) + weights["1.dense/bias"]!
        #expect(net(x, weights).scalars == expected.scalars)
        #expect(net.applied(to: x, with: weights, mode: .training).output.scalars == expected.scalars)
        let doubled = weights.mapValues { path, value in path.hasPrefix("1.dense") ? value * 2 : value }
        #expect(net(x, doubled).scalars == (expected * 2).scalars)
    }

    @Test func gradientsAreThoseOfTrainableVariables() throws {
        let net = Sequential {
            Dense(3); BatchNorm(); Dense(1)
        }
        let weights = try net.initialized(input: [4], seed: 7)
        let (loss, gradients, states) = valueAndGradient(at: weights) { weights in
            let result = net.applied(to: x, with: weights, mode: .training)
            return (square(result.output).sum() + result.penalty, result.states)
        }
        #expect(gradients.paths == weights.trainable.paths)
        #expect(gradients.paths.allSatisfy { gradients[$0]!.shape == weights[$0]!.shape })
        #expect(loss.item() > 0)
        #expect(states.paths == ["1.batchNorm/runningMean", "1.batchNorm/runningVariance"])
        let moved = weights.merging(states)
        #expect(moved.paths == weights.paths)
        #expect(moved["1.batchNorm/runningMean"]!.scalars != weights["1.batchNorm/runningMean"]!.scalars)
        #expect(moved["0.dense/kernel"]!.scalars == weights["0.dense/kernel"]!.scalars)
        let (_, head) = valueAndGradient(at: weights, where: { path, _ in path.hasPrefix("2.dense") }) {
            net.applied(to: x, with: $0, mode: .inference).output.sum()
        }
        #expect(head.paths == ["2.dense/kernel", "2.dense/bias"])
        #expect(head["2.dense/bias"]!.scalars == [5])
        #expect(net.applied(to: x, with: weights, mode: .inference).states.count == 0)
        // The slope by finite differences along the gradient.
        let squares = gradients.leaves.reduce(Float(0)) { $0 + square($1).sum().item() }
        let step = 1e-2 / Double(squares.squareRoot())
        func value(_ sign: Double) -> Float {
            let moved = weights.mapValues { path, value in gradients[path].map { value + $0 * (sign * step) } ?? value }
            return square(net.applied(to: x, with: moved, mode: .training).output).sum().item()
        }
        #expect(abs((value(1) - value(-1)) / Float(2 * step) - squares) < 1e-2 * squares)
    }

    private struct Counter: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            context.update("count", to: context.state("count", shape: [], initializer: .zeros) + 1)
            return x
        }
    }

    /// A layer may ask for a new state in both modes; only training gives one.
    @Test func statesMoveInTrainingAlone() throws {
        let weights = try Counter().initialized(input: [2], seed: 1)
        let result = Counter().applied(to: .ones([1, 2]), with: weights, mode: .training)
        #expect(result.states.paths == ["count"] && result.states["count"]?.item() == 1)
        #expect(Counter().applied(to: .ones([1, 2]), with: weights, mode: .inference).states.count == 0)
    }

    @Test func passesAreCompiledWithKeys() throws {
        let net = Sequential {
            Dense(6, kernelRegularizer: .l2(0.1)); Dropout(0.5)
        }
        let pass = compile { (weights: Variables, x: Tensor, key: RandomKey) in
            net.applied(to: x, with: weights, mode: .training, key: key)
        }
        let weights = try net.initialized(input: [4], seed: 7)
        let first = try pass(weights, x, RandomKey(seed: 1))
        #expect(try pass(weights, x, RandomKey(seed: 1)).output.scalars == first.output.scalars)
        #expect(try pass(weights, x, RandomKey(seed: 2)).output.scalars != first.output.scalars)
        #expect(
            net.applied(to: x, with: weights, mode: .training, key: RandomKey(seed: 1)).output.scalars
                == first.output.scalars)
        #expect(first.output.scalars.contains(0))
        #expect(abs(first.penalty.item() - 0.1 * square(weights["0.dense/kernel"]!).sum().item()) < 1e-6)
        #expect(!net.applied(to: x, with: weights, mode: .inference).output.scalars.contains(0))
    }

    // MARK: What is wrong

    /// Never silently without dropout, running values or penalties.
    @Test(arguments: [
        (
            Sequential {
                Dense(2); Dropout(0.3)
            } as any Layer,
            "1.dropout (Dropout(0.3)) behaves differently in training"
        ),
        (Sequential { BatchNorm() }, "0.batchNorm (BatchNorm()) behaves differently in training"),
        (
            Dense(2, kernelRegularizer: .l2(0.5)),
            "the model (Dense(2, kernelRegularizer: .l2(0.5))) adds a penalty to the loss"
        ),
        (
            Lambda("noise") { x, context in x + context.normal([2]) },
            "the model (Lambda(\"noise\")) draws random numbers"
        ),
    ]) func theShortCallIsOneOfModelsThatAreTheSame(model: any Layer, what: String) throws {
        let weights = try model.initialized(input: [2], seed: 1)
        let text =
            "\(what); call applied(to:with:mode:key:) instead of the model, which says whether it learns or predicts"
        #expect(model(Tensor.ones([3, 2]), weights).problems.map(\.message) == [text])
        let compiled = compile { (weights: Variables, x: Tensor) in model(x, weights) }
        #expect(throws: GraphError.self) { try compiled(weights, .ones([3, 2])) }
    }

    @Test func layersThatAreTheSameAreCalledShort() throws {
        let net = Sequential {
            Dense(2); Dropout(0); LayerNorm(); ActivationLayer(.relu)
        }
        #expect(net(x, try net.initialized(input: [4], seed: 1)).problems.isEmpty)
    }

    @Test func whatIsMissingIsAnError() throws {
        let weights = try net.initialized(input: [4], seed: 7)
        #expect(
            problem(net(x, weights.filter { path, _ in path != "1.dense/bias" })) == [
                "parameter: the model asks for the variable 1.dense/bias [2], which it was not given"
            ])
        #expect(
            problem(net(.ones([1, 3]), weights)) == [
                "0.dense (Dense(6, activation: .tanh)): parameter: the variable 0.dense/kernel has the shape [4, 6] but the model expects "
                    + "[3, 6]; the weights belong to another model or input size"
            ])
        let drops = Dropout(0.5)
        #expect(
            drops.applied(to: x, with: Variables(), mode: .training).output.problems.map(\.message) == [
                "the model (Dropout(0.5)) draws random numbers; give applied(to:with:mode:key:) a key, and another one for each pass: "
                    + "keys.next()"
            ])
        #expect(drops.applied(to: x, with: Variables(), mode: .inference).output.scalars == x.scalars)
    }

    // MARK: Functions in place of types

    @Test func lambdasAreLayers() throws {
        let squares = Lambda("square") { x in x * x }
        #expect(squares(x, Variables()).scalars == (x * x).scalars)
        let net = Sequential {
            squares; Dense(2)
        }
        #expect(
            net
                == Sequential {
                    Lambda("square") { $0 }; Dense(2)
                })
        #expect(try net.summary(input: [4]).rows.map(\.layer) == ["Lambda(\"square\")", "Dense(2)"])
        #expect(
            message { try net.initialized(input: [], seed: 1) }.contains("1.dense"))
    }

    private struct Noise: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            x + .normal([3], key: context.key) + .normal([3], key: context.key)
        }
    }

    @Test func keysOfLayersAreNewInEveryPass() throws {
        func noise(_ seed: UInt64) -> [Float] {
            Noise().applied(to: .zeros([1, 3]), with: Variables(), mode: .training, key: RandomKey(seed: seed)).output
                .scalars
        }
        #expect(noise(1) == noise(1))
        #expect(Set(noise(1) + noise(2)).count == 6)
        // Two draws of one layer.
        let apart = Lambda("apart") { x, context in
            Tensor.normal(x.shape, key: context.key) - Tensor.normal(x.shape, key: context.key)
        }
        let difference = apart.applied(to: .zeros([1, 3]), with: Variables(), mode: .training, key: RandomKey(seed: 1))
        #expect(difference.output.scalars.allSatisfy { $0 != 0 })
        let twice = Sequential {
            Noise(); Noise()
        }
        let sum = twice.applied(to: .zeros([1, 3]), with: Variables(), mode: .training, key: RandomKey(seed: 1)).output
            .scalars
        #expect(zip(sum, noise(1)).allSatisfy { abs($0 - 2 * $1) > 1e-3 })
    }

    @Test func lossesAreFunctions() throws {
        let weighted = Loss("weighted") { output, target in abs(output - target) * Tensor([1, 2, 4]) }
        let (output, target) = (Tensor([[1.0, 1, 1], [0, 0, 3]]), Tensor([[0.0, 0, 0], [0, 0, 0]]))
        #expect(weighted(output, target).item() == 19.0 / 6)
        #expect(weighted.reduced(.none)(output, target).scalars == [7.0 / 3, 4])
        #expect(weighted(output, target, weights: Tensor([0.0, 1])).item() == 2)
        #expect(weighted.weighted(0.5).weighted(0.5)(output, target).item() == 19.0 / 24)
        #expect(weighted.name == "weighted")
        #expect("\(weighted.weighted(0.5))".hasSuffix(", weight: 0.5)"))
        let reduced = Loss("mine") { output, target in square(output - target).mean() }
        #expect(
            reduced(output, target).problems.map(\.message) == [
                "a loss gives one value or more a sample, [2, ...], which the framework reduces, but this one gives a scalar; leave out its "
                    + "mean() or sum()"
            ])
        let wrong = Loss("mine") { output, _ in output[0] }
        #expect(
            wrong(output, target).problems.map(\.message) == [
                "expected values for each sample, [2, ...], but received [3]"
            ])
    }

    @Test func weightsHaveRulesThatAreFunctions() throws {
        let ramp = Initializer.custom("ramp") { shape, _ in Tensor.arange(Double(shape.count)).reshaped(to: shape) }
        let layer = Dense(
            2, kernelInitializer: ramp, kernelRegularizer: .custom("cubes") { ($0 * $0 * $0).sum() },
            kernelConstraint: .custom("half") { $0 * 0.5 })
        let weights = try layer.initialized(input: [3], seed: 1)
        #expect(weights["kernel"]!.scalars == [0, 1, 2, 3, 4, 5])
        let result = layer.applied(to: .ones([1, 3]), with: weights, mode: .training)
        #expect(result.output.scalars == [6, 9])
        #expect(result.penalty.item() == 225)
        #expect(weights.variable("kernel")!.description.constraint?(Tensor([4.0])).scalars == [2])
        #expect(
            message {
                try Dense(2, kernelInitializer: .custom("flat") { shape, _ in .ones([shape.count]) }).initialized(
                    input: [3], seed: 1)
            }
                == "initializer: the initializer \"flat\" was asked for the shape [3, 2] but gives [6]")
        #expect(
            Regularizer.custom("each") { $0 }(Tensor([1.0])).problems.map(\.message) == [
                "the regularizer \"each\" must give a scalar but gives [1]; take its sum() or mean()"
            ])
        #expect(
            Constraint.custom("first") { $0[0] }(Tensor([1.0])).problems.map(\.message) == [
                "the constraint \"first\" must give weights of the shape [1] but gives []"
            ])
        #expect(ramp == .custom("ramp") { shape, _ in .zeros(shape) })
        #expect(ramp != .custom("slope") { shape, _ in .zeros(shape) })
    }
}
