import ApusConfiguration
import ApusData
import ApusFixtures
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import ApusTrainingKit
import Testing

/// Variables that are frozen until an epoch: before it as those of a group that is frozen, from it on as at a start.
@Suite struct UnfreezingTests {
    static let rules: [Optimizer] = [
        .sgd(learningRate: 0.1), .sgd(learningRate: 0.1, momentum: 0.9), .adam(learningRate: 0.02),
        .adamW(learningRate: 0.02, weightDecay: 0.1), .nadam(learningRate: 0.02),
    ]

    /// What stands around a rule.
    static let surroundings: [@Sendable (Optimizer) -> Optimizer] = [
        { $0 }, { $0.clippingGradients(.globalNorm(0.1)) }, { $0.averagingWeights(decay: 0.9) },
        { $0.accumulatingGradients(3) }, { $0.skippingNonFinite().layerDecay(0.5) },
    ]

    private static let lively = Sequential {
        Dense(16, activation: .relu)
        BatchNorm(momentum: 0.9)
        Dropout(0.2)
        Dense(8, activation: .relu)
        Dense(4)
    }

    /// Epochs of four batches with the state's own count.
    private func train(
        _ state: inout TrainingState, _ step: TrainingStep, epochs: Range<Int>, cut: Bool = false
    ) throws {
        for _ in epochs {
            for batch in try blobs(64).batches(of: 16, epoch: state.epoch, seed: 1) {
                if cut {
                    try step.update(&state, try step.gradients(&state, batch))
                } else {
                    try step(&state, batch)
                }
            }
            state.epoch += 1
        }
    }

    private func step(
        _ optimizer: Optimizer, _ schedule: Schedule = .cosine(warmupSteps: 2),
        _ precision: NumericPrecision = .float32
    ) throws -> TrainingStep {
        try TrainingStep(
            Self.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, schedule: schedule, totalSteps: 24,
            precision: precision)
    }

    // MARK: Before its epoch

    @Test(arguments: rules, surroundings.indices) func beforeItsEpochItIsFrozen(rule: Optimizer, around: Int) throws {
        let optimizer = Self.surroundings[around](rule)
        for cut in [false, true] {
            let frozen = try step(optimizer.freezing("0.*").freezing("1.*"))
            let later = try step(optimizer.unfreezing("0.*", epoch: 4).unfreezing("1.*", epoch: 4))
            var states = try [frozen, later].map { try $0.initialState(input: [2], seed: 3) }
            let start = states[0].numbers
            try train(&states[0], frozen, epochs: 0..<3, cut: cut)
            try train(&states[1], later, epochs: 0..<3, cut: cut)
            #expect(states[0].numbers == states[1].numbers)
            #expect(
                states[0].evaluatedVariables.leaves.map(\.scalars) == states[1].evaluatedVariables.leaves.map(\.scalars)
            )
            #expect(states[0].slots.map(\.path) == states[1].slots.map(\.path))
            #expect(states[0].frozenPaths == states[1].frozenPaths)
            #expect(states[1].numbers != start)
            // And then it is not: weights, and running values, which are states.
            let before = states[1].variables
            try train(&states[1], later, epochs: 3..<4, cut: cut)
            for path in before.paths {
                #expect(states[1].variables[path]!.scalars != before[path]!.scalars, "\(path)")
            }
        }
    }

    @Test func mixedPrecisionIsFrozenAsWell() throws {
        let optimizer = Optimizer.adamW(learningRate: 0.02)
        let frozen = try step(optimizer.freezing("0.*"), .constant, .mixedBFloat16)
        let later = try step(optimizer.unfreezing("0.*", epoch: 3), .constant, .mixedBFloat16)
        var states = try [frozen, later].map { try $0.initialState(input: [2], seed: 3) }
        try train(&states[0], frozen, epochs: 0..<2)
        try train(&states[1], later, epochs: 0..<2)
        #expect(states[0].numbers == states[1].numbers)
        let before = states[1].variables["0.dense/kernel"]!.scalars
        try train(&states[1], later, epochs: 2..<3)
        let after = states[1].variables["0.dense/kernel"]!
        #expect(after.scalars != before)
        // Not rounded: the weights that are updated are float32.
        #expect(after.scalars != after.cast(to: .bfloat16).cast(to: .float32).scalars)
    }

    /// Slots and the program are made for what trains: memory grows with each epoch that unfreezes.
    @Test func whatIsFrozenHasNoSlots() throws {
        let later = try step(.adam().unfreezingGradually())
        var state = try later.initialState(input: [2], seed: 3)
        let sizes = [8 * 4 + 4, 16 * 8 + 8, 16 + 16, 2 * 16 + 16]
        for epoch in 0..<5 {
            try train(&state, later, epochs: 0..<1)
            let trained = sizes.prefix(epoch + 1).reduce(0, +)
            #expect(state.slots.reduce(0) { $0 + $1.value.shape.count } == 2 * trained)
            let gradients = try later.gradients(&state, try blobs(8).whole)
            // The next epoch has begun by then.
            let next = sizes.prefix(epoch + 2).reduce(0, +)
            #expect(gradients.values.reduce(0) { $0 + $1.value.shape.count } == next)
        }
    }

    // MARK: From its epoch on

    /// A model whose gradients are its inputs, whatever the weights are: kernel · x₁ + bias · x₂.
    private struct Linear: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            let kernel = context.parameter("kernel", shape: [4, 3], initializer: .glorotUniform)
            let bias = context.parameter("bias", shape: [3], initializer: .ones)
            return (kernel * x[0][0..<12].reshaped(to: [4, 3])).sum().reshaped(to: [1])
                + (bias * x[0][12..<15]).sum().reshaped(to: [1])
        }
    }

    private struct Output: LossRule {
        static let schema = Schema(Output())
        func values(_ output: Tensor, _ target: Tensor) -> Tensor { output }
    }

    private func batch(_ step: Int) -> Batch {
        Batch(inputs: .normal([1, 15], key: RandomKey(seed: 100 + UInt64(step))), targets: .zeros([1]))
    }

    /// The kernel trains as if the bias stayed frozen, and the bias as in a training that begins with its epoch: the same bits.
    @Test(arguments: rules, [0, 2, 4]) func isAsTwoTrainings(rule: Optimizer, around: Int) throws {
        let optimizer = Self.surroundings[around](rule)
        func step(_ optimizer: Optimizer) throws -> TrainingStep {
            try TrainingStep(Linear(), loss: Loss(Output()), optimizer: optimizer)
        }
        let schedule = Schedule.cosine(warmupSteps: 3)
        let start = try Linear().initialized(input: [15], seed: 1)
        let steps = try [
            optimizer.unfreezing("bias", epoch: 3), optimizer.freezing("bias"), optimizer.freezing("kernel"),
        ]
        .map(step)
        var states = steps.map { TrainingState(start, optimizer: $0.optimizer, seed: 1) }
        for number in 0..<25 {
            let (batch, rate) = (batch(number), rule.learningRate * schedule.factor(step: number, total: 25))
            for index in 0..<2 { try steps[index](&states[index], batch, learningRate: rate) }
            if number >= 10 { try steps[2](&states[2], batch, learningRate: rate) }
            states[0].epoch = (number + 1) / 5
            for (name, index) in [("kernel", 1), ("bias", 2)] {
                #expect(
                    states[0].variables[name]!.scalars == states[index].variables[name]!.scalars, "\(name), \(number)")
                #expect(
                    states[0].evaluatedVariables[name]!.scalars == states[index].evaluatedVariables[name]!.scalars)
            }
        }
        #expect(Set(states[0].slots.map(\.path)) == Set(states[1].slots.map(\.path) + states[2].slots.map(\.path)))
        for (path, value) in states[1].slots + states[2].slots {
            #expect(states[0].slots.first { $0.path == path }?.value.scalars == value.scalars, "\(path)")
        }
    }

    /// One variable in Double, as a person would write it.
    private struct Hand {
        var values: [Double]
        var (first, second, average): ([Double], [Double], [Double])
        var gathered: [Double]
        var updates = 0

        init(_ values: [Double]) {
            self.values = values
            (first, second) = (values.map { _ in 0 }, values.map { _ in 0 })
            (average, gathered) = (values, values.map { _ in 0 })
        }

        mutating func update(_ rule: Optimizer, _ gradient: [Double], rate: Double) {
            updates += 1
            for index in values.indices {
                let g = gradient[index]
                if rule.rule is SGD {
                    first[index] = 0.9 * first[index] - rate * g
                    values[index] += first[index]
                } else {
                    if rule.rule is AdamW { values[index] -= rate * 0.1 * values[index] }
                    first[index] = 0.9 * first[index] + 0.1 * g
                    second[index] = 0.999 * second[index] + 0.001 * g * g
                    let mean = first[index] / (1 - pow(0.9, Double(updates)))
                    let root = (second[index] / (1 - pow(0.999, Double(updates)))).squareRoot()
                    // Keras's ε stands beside the root that is not corrected.
                    let epsilon = 1e-7 / (1 - pow(0.999, Double(updates))).squareRoot()
                    values[index] -= rate * mean / (root + epsilon)
                }
                average[index] = updates == 1 ? values[index] : 0.8 * average[index] + 0.2 * values[index]
            }
        }
    }

    /// Accumulation, whose windows do not end with epochs; clipping by the norm of what trains; averages; a schedule.
    @Test(
        arguments: [
            Optimizer.sgd(learningRate: 0.1, momentum: 0.9), .adam(learningRate: 0.02),
            .adamW(learningRate: 0.02, weightDecay: 0.1),
        ], [1, 2]) func isAsComputedByHand(rule: Optimizer, accumulation: Int) throws
    {
        let optimizer = rule.accumulatingGradients(accumulation).clippingGradients(.globalNorm(2))
            .averagingWeights(decay: 0.8).unfreezing("bias", epoch: 2)
        let step = try TrainingStep(
            Linear(), loss: Loss(Output()), optimizer: optimizer, schedule: .cosine(warmupSteps: 3), totalSteps: 25)
        let start = try Linear().initialized(input: [15], seed: 1)
        var state = TrainingState(start, optimizer: optimizer, seed: 1)
        var hands = ["kernel", "bias"].map { Hand(start[$0]!.scalars.map(Double.init)) }
        for number in 0..<25 {
            let batch = batch(number)
            let isUnfrozen = number >= 5
            try step(&state, batch)
            state.epoch = (number + 1) / 5
            let inputs = batch.inputs.only.scalars.map(Double.init)
            let gradients = [Array(inputs[..<12]), isUnfrozen ? Array(inputs[12...]) : [0, 0, 0]]
            for index in 0..<2 {
                hands[index].gathered = zip(hands[index].gathered, gradients[index]).map(+)
            }
            if (number + 1) % accumulation == 0 {
                let means = hands.map { $0.gathered.map { $0 / Double(accumulation) } }
                let norm = means.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
                let factor = 2 / max(2, norm)
                let rate = rule.learningRate * Schedule.cosine(warmupSteps: 3).factor(step: number, total: 25)
                for index in 0..<(isUnfrozen ? 2 : 1) {
                    hands[index].update(rule, means[index].map { $0 * factor }, rate: rate)
                }
                for index in 0..<2 { hands[index].gathered = hands[index].gathered.map { _ in 0 } }
            }
            for (name, hand) in zip(["kernel", "bias"], hands) {
                let (weights, averages) = (state.variables[name]!, state.evaluatedVariables[name]!)
                for (index, value) in weights.scalars.enumerated() {
                    #expect(abs(Double(value) - hand.values[index]) < 2e-6, "\(name), step \(number + 1)")
                }
                for (index, value) in averages.scalars.enumerated() {
                    #expect(abs(Double(value) - hand.average[index]) < 2e-6, "average of \(name), step \(number + 1)")
                }
            }
        }
        #expect(hands[1].updates == (accumulation == 1 ? 20 : 10))
    }

    /// With the count of the whole training Adam would go (1 − β₁) / √(1 − β₂) ≈ 3.2 times as far.
    @Test func theFirstStepOfAdamIsTheLearningRate() throws {
        let optimizer = Optimizer.adam(learningRate: 0.01).unfreezing("bias", epoch: 2)
        let step = try TrainingStep(Linear(), loss: Loss(Output()), optimizer: optimizer)
        var state = try step.initialState(input: [15], seed: 1)
        for number in 0..<500 { try step(&state, batch(number)) }
        state.epoch = 1
        let before = state.variables["bias"]!.scalars
        try step(&state, batch(500))
        for (new, old) in zip(state.variables["bias"]!.scalars, before) { #expect(abs(abs(new - old) - 0.01) < 1e-5) }
    }

    // MARK: By itself

    /// A network trained by two optimizers' states that know nothing of epochs, beside one that unfreezes; and in a compiled function.
    @Test(arguments: [
        Optimizer.sgd(learningRate: 0.1, momentum: 0.9), .adam(learningRate: 0.02),
        .adamW(learningRate: 0.02, weightDecay: 0.1).averagingWeights(decay: 0.9),
    ]) func anOptimizerThatWorksByItself(rule: Optimizer) throws {
        let net = Sequential {
            Dense(8, activation: .tanh); Dense(1)
        }
        let x = Tensor.normal([64, 3], key: RandomKey(seed: 2))
        let y = sin(x.sum(axes: [1], keepingAxes: true))
        let start = try net.initialized(input: [3], seed: 1)
        func slopes(_ weights: Variables) -> Variables { gradient(at: weights) { meanSquaredError(net(x, $0), y) } }
        let compiled = compile { (weights: Variables, state: OptimizerState) in
            var (weights, state) = (weights, state)
            try state.update(&weights, gradient(at: weights) { meanSquaredError(net(x, $0), y) })
            return (weights, state)
        }
        let optimizer = rule.unfreezingGradually(every: 2)
        var (alone, state) = (start, optimizer.state(for: start))
        var traced = (start, optimizer.state(for: start))
        var byHand = start
        var (head, body) = (rule.freezing("0.*").state(for: start), rule.freezing("1.*").state(for: start))
        for epoch in 1...4 {
            try state.beginEpoch(epoch, alone)
            try traced.1.beginEpoch(epoch, traced.0)
            for _ in 0..<5 {
                try state.update(&alone, slopes(alone))
                traced = try compiled(traced.0, traced.1)
                let gradients = slopes(byHand)
                try head.update(&byHand, gradients)
                if epoch > 2 { try body.update(&byHand, gradients) }
            }
            #expect(state.paths == (epoch > 2 ? start.paths : ["1.dense/kernel", "1.dense/bias"]))
            for path in start.paths {
                try expectClose(alone[path]!, byHand[path]!, .network, "\(path), epoch \(epoch)")
                try expectClose(traced.0[path]!, byHand[path]!, .network, "\(path), compiled, epoch \(epoch)")
            }
        }
        #expect(start["0.dense/kernel"]!.scalars != alone["0.dense/kernel"]!.scalars)
        #expect(state.step.item(as: Int.self) == 20 && traced.1.step.item(as: Int.self) == 20)
    }

    @Test func withoutEpochsItRefuses() throws {
        let weights = try Sequential.small.initialized(input: [2], seed: 1)
        var (changed, state) = (weights, Optimizer.adam().unfreezingGradually().state(for: weights))
        #expect(
            message { try state.update(&changed, weights) }
                == "the optimizer unfreezes variables by epochs but was not told of one; call beginEpoch(1, weights) of its state before "
                + "the first update, and again with each epoch")
        #expect(message { try state.beginEpoch(0, weights) } == "epochs are counted from 1, received 0")
        #expect(
            message { try state.beginEpoch(2, weights.filter { path, _ in path.hasPrefix("1.") }) }
                == "the optimizer's state was made for other variables: there is no 0.dense/kernel among those that were given"
        )
        #expect(state.paths == ["1.dense/kernel", "1.dense/bias"])
        try state.beginEpoch(2, weights)
        try state.update(&changed, weights)
        #expect(state.paths == weights.paths)
    }

    // MARK: What can't be

    @Test func whatCanNotBeUnfrozen() throws {
        func problem(_ optimizer: Optimizer, _ model: some Layer = Sequential.small) -> String {
            message {
                try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer).initialState(input: [2])
            }
        }
        let sgd = Optimizer.sgd()
        #expect(problem(sgd.unfreezing("0.*", epoch: 3)) == "no error")
        #expect(problem(sgd.freezing("0.*").unfreezing("0.*", epoch: 3)) == "no error")
        #expect(problem(sgd.unfreezing("0.*", epoch: 3).unfreezing("1.*", epoch: 3)) == "no error")
        #expect(
            problem(sgd.unfreezing("0.conv/*", epoch: 3))
                == "no variable matches the pattern 0.conv/*, which the optimizer unfreezes in epoch 3 (known are 0.dense/kernel, "
                + "0.dense/bias, 1.dense/kernel, 1.dense/bias)")
        #expect(
            problem(
                sgd.unfreezing("0.*", epoch: 3).unfreezing("*/kernel", epoch: 4).unfreezing("0.dense/bias", epoch: 5))
                == "nothing is left to unfreeze for the pattern 0.dense/bias in epoch 5: patterns before it match the same variables; "
                + "leave it out, or put it before them")
        #expect(
            problem(sgd.unfreezing("0.*", epoch: 1))
                == "the optimizer unfreezes 0.* in epoch 1, but must do so in one from 2, for training begins with epoch 1, to 1073741824"
        )
        #expect(
            problem(sgd.unfreezing("0.*", epoch: 5).unfreezing("1.*", epoch: 3))
                == "the optimizer unfreezes 1.* in epoch 3, after what it unfreezes in epoch 5; name patterns in the order of their epochs"
        )
        #expect(
            problem(Optimizer(SGD(), unfreezing: .patterns([])))
                == "the optimizer's unfreezing has no patterns; leave it out, or name some")
        #expect(
            problem(sgd.unfreezingGradually(every: 0))
                == "the optimizer unfreezes a layer every 0 epochs, but must do so every 1 to 1073741824")
        #expect(
            problem(sgd.unfreezingGradually(levels: 0))
                == "the optimizer's unfreezing has 0 levels but needs at least 1")
        let alone =
            "the optimizer unfreezes layers gradually, but there are not two with weights that no group freezes; "
            + "leave unfreezing out, or give it more levels, which tell layers inside of layers apart"
        #expect(problem(sgd.unfreezingGradually(), Dense(2)) == alone)
        #expect(problem(sgd.unfreezingGradually().freezing("0.*")) == alone)
    }

    @Test func aStepOfAnotherOptimizer() throws {
        var state = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 1)
        let step = try TrainingStep(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd().unfreezing("0.*", epoch: 3))
        #expect(
            message { try step(&state, try blobs(8).whole) }
                == "the state was made for SGD() but the step uses SGD() with unfreezing: .patterns([UnfreezingStep(\"0.*\", epoch: 3)]), "
                + "which unfreezes variables in other epochs; give both the same optimizer")
    }

    // MARK: Layers

    /// Layers without weights do not count; states without weights go with the layer before them; what a group freezes stays.
    @Test func layersInTurn() throws {
        let model = Sequential {
            Dense(8)
            BatchNorm(center: false, scale: false)
            Dropout(0.1)
            Sequential {
                Dense(8).named("a")
                Dense(8).named("b")
            }.named("block")
            Dense(4)
        }
        func frozen(_ optimizer: Optimizer, epoch: Int) throws -> Set<String> {
            var state = try TrainingState(model, optimizer: optimizer, input: [2], seed: 1)
            state.epoch = epoch - 1
            let foreseen = state.frozenPaths(inEpoch: epoch)
            let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
            try step(&state, try blobs(8).whole)
            #expect(state.frozenPaths == foreseen)
            return Set(state.frozenPaths.map { $0.split(separator: "/").dropLast().joined(separator: "/") })
        }
        let sgd = Optimizer.sgd()
        let first: Set = ["0.dense", "1.batchNorm"]
        let every = sgd.unfreezingGradually(every: 2)
        #expect(try frozen(every, epoch: 2) == first.union(["block/a", "block/b"]))
        #expect(try frozen(every, epoch: 3) == first)
        #expect(try frozen(every, epoch: 4) == first)
        #expect(try frozen(every, epoch: 5) == [])
        let deep = sgd.unfreezingGradually(levels: 2)
        #expect(try frozen(deep, epoch: 2) == first.union(["block/a"]))
        #expect(try frozen(deep, epoch: 3) == first)
        #expect(try frozen(deep, epoch: 4) == [])
        let partly = sgd.unfreezingGradually().freezing("block/*")
        #expect(try frozen(partly, epoch: 1) == first.union(["block/a", "block/b"]))
        // The first layer is the one before the last, then.
        #expect(try frozen(partly, epoch: 2) == ["block/a", "block/b"])
        #expect(try frozen(partly, epoch: 9) == ["block/a", "block/b"])
        let named = sgd.freezing("*/a/*").freezing("0.*").unfreezing("block/a/*", epoch: 3)
        #expect(try frozen(named, epoch: 2) == ["0.dense", "block/a"])
        #expect(try frozen(named, epoch: 3) == ["0.dense"])
    }
}
