import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import Synchronization
import Testing

/// Optimizers that work by themselves; that they compute the right numbers is seen beside those of trainings, in `OptimizerTests`.
@Suite struct OptimizerStateTests {
    private let net = Sequential {
        Dense(8, activation: .tanh); Dense(1)
    }

    private func data() -> (x: Tensor, y: Tensor) {
        let x = Tensor.normal([64, 3], key: RandomKey(seed: 2))
        return (x, sin(x.sum(axes: [1], keepingAxes: true)))
    }

    /// A whole step of training is one program, traced once.
    @Test(arguments: [
        Optimizer.adam(learningRate: 0.02), .sgd(learningRate: 0.1, momentum: 0.9), .nadam(learningRate: 0.02),
    ])
    func aStepIsOneProgram(optimizer: Optimizer) throws {
        let (net, (x, y)) = (net, data())
        let traces = Mutex(0)
        let step = compile { (weights: Variables, state: OptimizerState, x: Tensor, y: Tensor) in
            traces.withLock { $0 += 1 }
            var (weights, state) = (weights, state)
            let (loss, gradients) = valueAndGradient(at: weights) { meanSquaredError(net(x, $0), y) }
            try state.update(&weights, gradients)
            return (weights, state, loss)
        }
        var weights = try net.initialized(input: [3], seed: 1)
        var state = optimizer.state(for: weights)
        var (whole, apart) = ([Float](), [Float]())
        for _ in 0..<150 {
            let loss: Tensor
            (weights, state, loss) = try step(weights, state, x, y)
            whole.append(loss.item())
        }
        var (other, slots) = (try net.initialized(input: [3], seed: 1), optimizer.state(for: weights))
        for _ in 0..<20 {
            let (loss, gradients) = valueAndGradient(at: other) { meanSquaredError(net(x, $0), y) }
            try slots.update(&other, gradients)
            apart.append(loss.item())
        }
        #expect(traces.withLock { $0 } == 1)
        #expect(state.step.item(as: Int.self) == 150)
        #expect(whole.last! < 0.03 * whole[0])
        #expect(zip(whole, apart).allSatisfy { abs($0 - $1) < 1e-3 * $1 })
    }

    @Test func accumulatedGradientsAreOneUpdate() throws {
        let (net, (x, y)) = (net, data())
        let start = try net.initialized(input: [3], seed: 1)
        func slopes(_ weights: Variables, _ part: Range<Int>) -> Variables {
            gradient(at: weights) { meanSquaredError(net(x[part], $0), y[part]) }
        }
        let optimizer = Optimizer.sgd(learningRate: 0.1, momentum: 0.9)
        var (whole, parts) = (start, start)
        var (one, two) = (optimizer.state(for: start), optimizer.accumulatingGradients(2).state(for: start))
        for _ in 0..<3 {
            try one.update(&whole, slopes(whole, 0..<64))
            let before = parts
            try two.update(&parts, slopes(parts, 0..<32))
            #expect(parts.leaves.map(\.scalars) == before.leaves.map(\.scalars))
            try two.update(&parts, slopes(parts, 32..<64))
        }
        for path in start.paths {
            #expect(zip(whole[path]!.scalars, parts[path]!.scalars).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        #expect(two.step.item(as: Int.self) == 6)
    }

    @Test func frozenVariablesAndStatesStay() throws {
        let net = Sequential {
            Dense(4); BatchNorm(); Dense(1)
        }
        let weights = try net.initialized(input: [3], seed: 1)
        var (changed, state) = (weights, Optimizer.sgd().freezing("0.dense/*").state(for: weights))
        #expect(state.paths == ["1.batchNorm/gamma", "1.batchNorm/beta", "2.dense/kernel", "2.dense/bias"])
        try state.update(&changed, weights.mapValues { _, value in .ones(value.shape) })
        #expect(changed.paths == weights.paths)
        let moved = weights.paths.filter { changed[$0]!.scalars != weights[$0]!.scalars }
        #expect(moved == state.paths)
    }

    @Test func constraintsHoldAfterAnUpdate() throws {
        let layer = Dense(2, useBias: false, kernelConstraint: .maxNorm(0.5))
        var weights = try layer.initialized(input: [3], seed: 1)
        var state = Optimizer.sgd(learningRate: 1).state(for: weights)
        try state.update(&weights, weights.mapValues { _, value in value * -10 })
        let norms = weights["kernel"]!.norm(axes: [0]).scalars
        #expect(norms.allSatisfy { abs($0 - 0.5) < 1e-5 })
    }

    @Test func theRateOfAStepIsATensor() throws {
        let weights = try Dense(1, useBias: false).initialized(input: [1], seed: 1)
        let ones = weights.mapValues { _, value in .ones(value.shape) }
        var (changed, state) = (weights, Optimizer.sgd(learningRate: 0.5).state(for: weights))
        try state.update(&changed, ones, learningRate: Tensor(0.25))
        #expect(changed["kernel"]!.item() == weights["kernel"]!.item() - 0.25)
        // Groups keep their part of it.
        let grouped = Optimizer.sgd(learningRate: 0.5).group("kernel", learningRate: 0.1)
        (changed, state) = (weights, grouped.state(for: weights))
        try state.update(&changed, ones, learningRate: Tensor(0.25))
        #expect(abs(changed["kernel"]!.item() - weights["kernel"]!.item() + 0.05) < 1e-7)
    }

    /// Many steps hold as much as one: nothing remembers what it was computed from.
    @Test func slotsAreNumbersAfterAnUpdate() throws {
        let weights = try Dense(2).initialized(input: [3], seed: 1)
        var (changed, state) = (weights, Optimizer.adam().averagingWeights(decay: 0.9).state(for: weights))
        try state.update(&changed, weights)
        #expect((changed.leaves + state.leaves).allSatisfy { $0.buffer != nil })
        #expect(
            state.slots.map(\.path)
                == ["kernel", "bias"].flatMap { p in ["mean", "variance", "average"].map { "\(p)/\($0)" } })
        #expect(state.averaged(changed)["kernel"]!.scalars == changed["kernel"]!.scalars)
    }

    @Test func whatDoesNotFitIsAnError() throws {
        let weights = try Dense(2).initialized(input: [3], seed: 1)
        var (changed, state) = (weights, Optimizer.sgd().state(for: weights))
        #expect(
            message { try state.update(&changed, weights.filter { path, _ in path == "kernel" }) }
                == "there is no gradient for the variable bias; take gradients with respect to all variables that the optimizer changes, "
                + "or freeze it: optimizer.freezing(\"bias\")")
        let other = try Dense(2).initialized(input: [4], seed: 1)
        #expect(
            message { try state.update(&changed, other) }
                == "the gradient for kernel has the shape [4, 2] but the variable has [3, 2]")
        var stranger = try Embedding(vocabulary: 5, 2).initialized(input: [3], seed: 1)
        #expect(
            message { try state.update(&stranger, weights) }
                == "the optimizer's state was made for other variables: there is no kernel among those that were given")
        var impossible = Optimizer.sgd(learningRate: -1).state(for: weights)
        #expect(
            message { try impossible.update(&changed, weights) }
                == "the optimizer's learningRate is -1.0 but must be a number ≥ 0")
        let broken = weights.mapValues { _, _ in Tensor.ones([2]) + .ones([3]) }
        #expect(throws: GraphError.self) { try state.update(&changed, broken) }
        #expect(changed.leaves.map(\.scalars) == weights.leaves.map(\.scalars))
        #expect(state.step.item() == 0)
    }
}
