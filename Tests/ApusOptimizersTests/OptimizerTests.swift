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

@Suite struct OptimizerTests {
    /// A model whose gradients are its inputs: the sum of kernel · x₁ and bias · x₂.
    private struct Linear: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            let kernel = context.parameter("kernel", shape: [4, 3], initializer: .zeros)
            let bias = context.parameter("bias", shape: [3], initializer: .zeros)
            return (kernel * x[0][0..<12].reshaped(to: [4, 3])).sum().reshaped(to: [1])
                + (bias * x[0][12..<15]).sum().reshaped(to: [1])
        }
    }

    /// The output itself.
    private struct Output: LossRule {
        static let schema = Schema(Output())
        func values(_ output: Tensor, _ target: Tensor) -> Tensor { output }
    }

    /// An update as a program of its own.
    private let update = compile { (weights: Variables, state: OptimizerState, gradients: Variables) in
        var (weights, state) = (weights, state)
        try state.update(&weights, gradients)
        return (weights, state)
    }

    /// Twelve steps on given gradients, as a training does them, and as an optimizer does them that works by itself, compiled or not.
    private func check(_ item: FixtureCase, _ optimizer: Optimizer) throws {
        let model = Linear()
        let names = ["kernel", "bias"]
        var start = try model.initialized(input: [15], seed: 1)
        for name in names { try start.setValue(name, item["\(name)/start"]) }
        var state = TrainingState(start, optimizer: optimizer, seed: 1)
        let step = try TrainingStep(model, loss: Loss(Output()), optimizer: optimizer)
        let gradients = try names.map { try item["\($0)/gradients"] }
        var (alone, compiled) = ((start, optimizer.state(for: start)), (start, optimizer.state(for: start)))
        for number in 0..<gradients[0].shape[0] {
            let input = Tensor.concatenated(gradients.map { $0[number].flattened() }).reshaped(to: [1, 15])
            try step(&state, Batch(inputs: input, targets: Tensor.zeros([1])))
            let slopes = start.mapValues { name, _ in gradients[names.firstIndex(of: name)!][number] }
            try alone.1.update(&alone.0, slopes)
            compiled = try update(compiled.0, compiled.1, slopes)
            let variables = state.variables
            let averages = state.evaluatedVariables
            for name in names {
                let label = "\(name) after step \(number + 1)"
                try expectClose(variables[name]!, item["\(name)/values"][number], .network, label)
                for (weights, state) in [alone, compiled] {
                    try expectClose(weights[name]!, variables[name]!, .network, "alone, \(label)")
                    try expectClose(
                        state.averaged(weights)[name]!, averages[name]!, .network, "alone, average of \(label)")
                }
                if item.contains("\(name)/averages") {
                    try expectClose(averages[name]!, item["\(name)/averages"][number], .network, "average of \(label)")
                }
            }
        }
    }

    /// Cases of PyTorch's Adam place ε elsewhere.
    @Test(arguments: try FixtureCase.all("optimizers").filter { !$0.name.hasSuffix("-pytorch") })
    func followsKeras(_ item: FixtureCase) throws {
        let without = ["epsilonIs", "definition", "steps"]
        try check(item, item.value(named: "optimizer", without: without))
    }

    @Test(arguments: try FixtureCase.all("rules-optimizers")) func followsKerasAndPyTorch(_ item: FixtureCase) throws {
        try check(item, item.value("optimizer"))
    }

    @Test func everyRuleHasAFixture() throws {
        let plain = try FixtureCase.all("optimizers").map { try $0.value("optimizer", as: String.self) }
        let further = try FixtureCase.all("rules-optimizers").map {
            type(of: try $0.value("optimizer", as: Optimizer.self).rule).kind
        }
        #expect(Set(plain + further) == Set(OptimizerKinds.registry.kinds))
    }

    /// Slots show what the weights hide: constants such as 1 − β₂ that are rounded too early.
    @Test func momentsOfAdam() throws {
        let optimizer = Optimizer.adam(learningRate: 0.01)
        let model = Dense(1, useBias: false, kernelInitializer: .constant(0.5))
        let inputs: [[Float]] = [[1, 2], [0.5, -1], [2, 0.25]]
        let targets: [Float] = [3, -1, 2]
        let data = try Dataset(inputs: Tensor(inputs), targets: Tensor(targets, shape: [3, 1]))
        var state = try TrainingState(model, optimizer: optimizer, input: [2], seed: 1)
        let step = try TrainingStep(model, loss: .meanSquaredError, optimizer: optimizer)
        var (weights, mean, variance) = ([0.5, 0.5], [0.0, 0.0], [0.0, 0.0])
        for number in 1...12 {
            let errors = zip(inputs, targets).map { x, y in
                Double(x[0]) * weights[0] + Double(x[1]) * weights[1] - Double(y)
            }
            let result = try step(&state, try data.whole)
            let loss = errors.reduce(0) { $0 + $1 * $1 } / 3
            #expect(abs(result.loss - loss) <= 1e-5 * loss + 1e-7)
            for axis in 0..<2 {
                let g = zip(inputs, errors).reduce(0) { $0 + 2 * $1.1 * Double($1.0[axis]) / 3 }
                mean[axis] = 0.9 * mean[axis] + 0.1 * g
                variance[axis] = 0.999 * variance[axis] + 0.001 * g * g
                let rate = 0.01 * (1 - pow(0.999, Double(number))).squareRoot() / (1 - pow(0.9, Double(number)))
                weights[axis] -= rate * mean[axis] / (variance[axis].squareRoot() + 1e-7)
            }
        }
        #expect(state.step == 12)
        #expect(state.slots.map(\.path) == ["kernel/mean", "kernel/variance"])
        for (slot, expected) in try pairs(state.slots, [mean, variance]) {
            let scale = expected.map(abs).max()!
            for (value, target) in try pairs(slot.value.scalars, expected) {
                #expect(abs(Double(value) - target) <= 1e-5 * scale, "\(slot.path)")
            }
        }
    }

    @Test func impossibleConstants() {
        func problem(_ optimizer: Optimizer) -> String {
            message { try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer) }
        }
        #expect(problem(.sgd(learningRate: -1)) == "the optimizer's learningRate is -1.0 but must be a number ≥ 0")
        #expect(problem(.sgd(learningRate: .nan)) == "the optimizer's learningRate is nan but must be a number ≥ 0")
        #expect(problem(.sgd(momentum: 1)) == "the optimizer's momentum is 1.0 but must be in 0..<1")
        #expect(problem(.adam(beta1: 1)) == "the optimizer's beta1 is 1.0 but must be in 0..<1")
        #expect(problem(.adam(beta2: -0.1)) == "the optimizer's beta2 is -0.1 but must be in 0..<1")
        #expect(problem(.adam(epsilon: 0)) == "the optimizer's epsilon is 0.0 but must be a number > 0")
        #expect(problem(.rmsprop(rho: 1)) == "the optimizer's rho is 1.0 but must be in 0..<1")
        #expect(
            problem(.adam().clippingGradients(.globalNorm(0)))
                == "the optimizer's clipping is 0.0 but must be a number > 0")
        #expect(
            problem(.adam().accumulatingGradients(0)) == "the optimizer's accumulation is 0.0 but must be at least 1")
        #expect(problem(.adam().averagingWeights(decay: 1)) == "the optimizer's average is 1.0 but must be in 0..<1")
        #expect(
            problem(.adam().group("*/bias", weightDecay: -1))
                == "the optimizer's weightDecay for */bias is -1.0 but must be a number ≥ 0")
        #expect(problem(.sgd().proximalL1(-1)) == "the optimizer's proximalL1 is -1.0 but must be a number ≥ 0")
        #expect(
            problem(.adam().group("*/bias", proximalL1: .nan))
                == "the optimizer's proximalL1 for */bias is nan but must be a number ≥ 0")
        #expect(message { try Optimizer(named: "adm") } == "there is no optimizer adm (did you mean adam?)")
    }

    @Test(arguments: OptimizerKinds.registry.kinds) func constantsOfFiles(_ kind: String) throws {
        let optimizer = try Optimizer(named: kind)
        try optimizer.validate()
        #expect(optimizer.with(learningRate: 0.25).learningRate == 0.25)
        #expect(optimizer.with(learningRate: 0.25).with(learningRate: optimizer.learningRate) == optimizer)
        let settings = optimizer.with(learningRate: 0.3).clippingGradients(.norm(2)).weightDecay(0.1)
            .accumulatingGradients(3).averagingWeights(decay: 0.9)
            .group("*/bias", learningRate: 0.1).freezing("0.*")
        for value in [optimizer, optimizer.with(learningRate: 0.5), settings] {
            let text = try JSONEncoder().encode([value])
            #expect(
                try JSONDecoder().decode([Optimizer].self, from: text) == [value],
                "\(String(decoding: text, as: UTF8.self))")
        }
    }

    // MARK: Around the rule

    private func trained(_ optimizer: Optimizer, steps: Int, batches: (Int) throws -> Batch) throws -> TrainingState {
        var state = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 3)
        let step = try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer)
        for index in 0..<steps { try step(&state, batches(index)) }
        return state
    }

    /// Four batches of a quarter each, accumulated, do what the whole does.
    @Test(arguments: [
        // Adam divides by the gradients' size and sees no wrong factor on them; the other rules do.
        Optimizer.adam(learningRate: 0.05), .sgd(learningRate: 0.1, momentum: 0.9),
        .sgd(learningRate: 0.1).clippingGradients(.globalNorm(0.25)),
    ]) func accumulationIsOneLargeBatch(_ optimizer: Optimizer) throws {
        let data = try blobs(64)
        let quarters = Array(data.batches(of: 16, epoch: 0, seed: 0, shuffled: false, ahead: 0))
        let whole = try trained(optimizer, steps: 3) { _ in try data.whole }
        let parts = try trained(optimizer.accumulatingGradients(4), steps: 12) { quarters[$0 % 4] }
        for path in whole.variables.paths {
            try expectClose(parts.variables[path]!, whole.variables[path]!, .network, path)
        }
    }

    /// The model that is evaluated is the average, in the training and after it was read from a checkpoint.
    @Test func averagesAreEvaluatedAndRead() throws {
        let data = try blobs(64)
        let state = try trained(Optimizer.sgd(learningRate: 0.1).averagingWeights(decay: 0.9), steps: 5) { _ in
            try data.whole
        }
        try withTemporaryFolder { folder in
            try state.write(to: folder)
            var variables = try Sequential.small.initialized(input: [2], seed: 8)
            try variables.load("\(folder)/state.safetensors")
            #expect(variables["0.dense/kernel"]!.scalars == state.variables["0.dense/kernel"]!.scalars)
            try variables.load("\(folder)/state.safetensors", usesAverages: true)
            #expect(variables["0.dense/kernel"]!.scalars == state.evaluatedVariables["0.dense/kernel"]!.scalars)
            #expect(variables["0.dense/kernel"]!.scalars != state.variables["0.dense/kernel"]!.scalars)
        }
    }

    private func weights(_ variables: Variables) -> [[Float]] { variables.paths.map { variables[$0]!.scalars } }

    /// While gradients are only gathered, there are no weights to average but the first ones.
    @Test func averagesBeginWithTheWeights() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.sgd(learningRate: 0.1).accumulatingGradients(3).averagingWeights(decay: 0.9)
        let start = weights(try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 3).variables)
        for steps in 0...2 {
            let state = try trained(optimizer, steps: steps) { _ in try data.whole }
            #expect(weights(state.evaluatedVariables) == start)
            try withTemporaryFolder { folder in
                try state.write(to: folder)
                var variables = try Sequential.small.initialized(input: [2], seed: 8)
                try variables.load("\(folder)/state.safetensors", usesAverages: true)
                #expect(weights(variables) == start)
            }
        }
        // The first update replaces them.
        let state = try trained(optimizer, steps: 3) { _ in try data.whole }
        #expect(weights(state.evaluatedVariables) == weights(state.variables))
        #expect(weights(state.evaluatedVariables) != start)
    }

    @Test func averagesGoOnFromTheStartIfTheFirstUpdateIsSkipped() throws {
        let data = try blobs(8)
        let broken = Batch(
            inputs: Tensor([Float.nan, 1, 2, 3], shape: [2, 2]), targets: Tensor([Int32(0), 1], shape: [2]))
        let optimizer = Optimizer.sgd(learningRate: 0.1).skippingNonFinite().averagingWeights(decay: 0.75)
        let start = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 3)
        let skipped = try trained(optimizer, steps: 1) { _ in broken }
        #expect(weights(skipped.evaluatedVariables) == weights(start.variables))
        let state = try trained(optimizer, steps: 2) { $0 == 0 ? broken : try data.whole }
        #expect(weights(state.variables) != weights(start.variables))
        for path in state.variables.paths {
            let expected = start.variables[path]! * 0.75 + state.variables[path]! * 0.25
            try expectClose(state.evaluatedVariables[path]!, expected, .network, path)
        }
    }

    /// What is loaded is what is evaluated.
    @Test func averagesBeginAnewWithLoadedWeights() throws {
        let data = try blobs(64)
        var state = try trained(Optimizer.sgd(learningRate: 0.1).averagingWeights(decay: 0.9), steps: 3) { _ in
            try data.whole
        }
        let other = try Sequential.small.initialized(input: [2], seed: 8)
        try state.load(other)
        #expect(weights(state.evaluatedVariables) == weights(other))
    }

    @Test func frozenVariablesStayAndHaveNoSlots() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.adam(learningRate: 0.05).freezing("0.dense/*")
        let before = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 3)
        let after = try trained(optimizer, steps: 5) { _ in try data.whole }
        #expect(after.variables["0.dense/kernel"]!.scalars == before.variables["0.dense/kernel"]!.scalars)
        #expect(after.variables["1.dense/kernel"]!.scalars != before.variables["1.dense/kernel"]!.scalars)
        #expect(after.slots.allSatisfy { $0.path.hasPrefix("1.dense") } && after.slots.count == 4)
    }

    /// A variable belongs to the first group that it matches.
    @Test func theFirstGroupCounts() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.sgd(learningRate: 0.1).group("0.dense/*", learningRate: 0)
            .group("*/bias", learningRate: 0.1)
        let start = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 3).variables
        let end = try trained(optimizer, steps: 1) { _ in try data.whole }.variables
        #expect(
            end.paths.filter { end[$0]!.scalars != start[$0]!.scalars } == ["1.dense/kernel", "1.dense/bias"])
    }

    @Test func groupsHaveTheirOwnRate() throws {
        let data = try blobs(64)
        let alike = try trained(.sgd(learningRate: 0.1), steps: 1) { _ in try data.whole }
        let start = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 3)
        let apart = try trained(Optimizer.sgd(learningRate: 0.1).group("*/bias", learningRate: 0.02), steps: 1) { _ in
            try data.whole
        }
        #expect(apart.variables["1.dense/kernel"]!.scalars == alike.variables["1.dense/kernel"]!.scalars)
        let change = (alike.variables["1.dense/bias"]! - start.variables["1.dense/bias"]!) * 0.2
        try expectClose(apart.variables["1.dense/bias"]! - start.variables["1.dense/bias"]!, change, .network, "bias")
    }

    /// A group's own rate follows the schedule as the optimizer's does.
    @Test func ratesOfGroupsFollowTheSchedule() throws {
        let variables = try Sequential.small.initialized(input: [2], seed: 1)
        func rates(_ optimizer: Optimizer, _ learningRate: Double) -> [Double] {
            var rates: [Double] = []
            let numbers = StepNumbers(OptimizerPlan(optimizer, variables), of: variables.paths)
            numbers.forEach(step: 0, starts: [0], learningRate: learningRate) { rates.append($1) }
            return rates.map { ($0 * 1e9).rounded() / 1e9 }
        }
        let optimizer = Optimizer.sgd(learningRate: 0.1).group("*/bias", learningRate: 0.02)
        // The group's, then that of all others; each for decay and for the rule.
        #expect(rates(optimizer, 0.1) == [0.02, 0.02, 0.1, 0.1])
        #expect(rates(optimizer, 0.05) == [0.01, 0.01, 0.05, 0.05])
        #expect(rates(optimizer.with(learningRate: 0), 0) == [0.02, 0.02, 0, 0])
    }

    /// The decay of a group goes before that of all variables, and that before the rule's own.
    @Test func decaysByRank() throws {
        let data = try blobs(64)
        func numbers(_ optimizer: Optimizer) throws -> [[Float]] {
            try trained(optimizer, steps: 3) { _ in try data.whole }.numbers
        }
        let none = try numbers(.adam(learningRate: 0.05))
        let decayed = try numbers(.adam(learningRate: 0.05).weightDecay(0.1))
        #expect(decayed != none)
        #expect(try numbers(.adamW(learningRate: 0.05, weightDecay: 0.1)) == decayed)
        #expect(try numbers(.adamW(learningRate: 0.05, weightDecay: 0.3).weightDecay(0.1)) == decayed)
        #expect(try numbers(.adamW(learningRate: 0.05).weightDecay(0)) == none)
        #expect(
            try numbers(Optimizer.adamW(learningRate: 0.05).weightDecay(0.3).group("*", weightDecay: 0.1)) == decayed)
    }

    /// Decoupled decay takes the share rate · decay of the weights before the rule's own step, with the group's rate.
    @Test func decayByHand() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.sgd(learningRate: 0.1).weightDecay(0.5).group("*/bias", learningRate: 0.02)
        var plain = optimizer
        plain.weightDecay = nil
        let start = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 3)
        let with = try trained(optimizer, steps: 1) { _ in try data.whole }
        let without = try trained(plain, steps: 1) { _ in try data.whole }
        for path in start.variables.paths {
            let share = path.hasSuffix("bias") ? 0.01 : 0.05
            let expected = without.variables[path]! - start.variables[path]! * share
            try expectClose(with.variables[path]!, expected, .network, path)
        }
    }

    /// The proximal step moves weights by rate · λ₁ towards 0 after the rule's own, with the group's rate and factor; what is nearer becomes 0.
    @Test func proximalByHand() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.sgd(learningRate: 0.1).proximalL1(2).group(
            "*/bias", learningRate: 0.02, proximalL1: 0)
        var plain = optimizer
        plain.proximalL1 = nil
        let with = try trained(optimizer, steps: 1) { _ in try data.whole }
        let without = try trained(plain, steps: 1) { _ in try data.whole }
        var zeros = 0
        for path in with.variables.paths {
            let threshold: Float = path.hasSuffix("bias") ? 0 : 0.2
            let expected = without.variables[path]!.scalars.map {
                $0.magnitude <= threshold ? 0 : $0 - ($0 < 0 ? -threshold : threshold)
            }
            let found = with.variables[path]!.scalars
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-6, "\(path)") }
            zeros += path.hasSuffix("kernel") ? found.count { $0 == 0 } : 0
        }
        #expect(zeros > 0)
    }

    /// Where the loss is ½ Σ (w − b)², the minimum with λ₁ Σ |w| is b moved by λ₁ towards 0. Plain steps with the penalty's gradient do
    /// not reach its zeros.
    @Test func proximalStepsReachExactZeros() throws {
        let targets: [Float] = [0.3, -0.3, 1.5, -2, 0]
        func weights(_ optimizer: Optimizer, _ penalty: Double) throws -> [Float] {
            var weights = try Dense(5, useBias: false).initialized(input: [1], seed: 1)
            try weights.setValue("kernel", Tensor([[0.8, -0.9, 0.1, 0.2, 0.7]]))
            var state = optimizer.state(for: weights)
            for _ in 0..<300 {
                let w = weights["kernel"]!
                let signs = Tensor(w.scalars.map { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 })
                var slopes = weights
                try slopes.setValue("kernel", w - Tensor([targets]) + signs.reshaped(to: [1, 5]) * penalty)
                try state.update(&weights, slopes)
            }
            return weights["kernel"]!.scalars
        }
        let found = try weights(.sgd(learningRate: 0.1).proximalL1(0.5), 0)
        #expect(found[0] == 0 && found[1] == 0 && found[4] == 0)
        #expect(abs(found[2] - 1) < 1e-5 && abs(found[3] + 1.5) < 1e-5)
        let plain = try weights(.sgd(learningRate: 0.1), 0.5)
        #expect(!plain.contains(0) && abs(plain[2] - 1) < 1e-5)
    }

    /// Far into a training the product of Nadam's momenta goes on as that of all of them.
    @Test(arguments: [1, 2, 999, 1000, 1001, 1500]) func nadamAfterManySteps(step: Int) {
        let rule = Nadam(beta1: 0.999)
        func momentum(_ step: Int) -> Double { 0.999 * (1 - 0.5 * pow(0.96, Double(step))) }
        let product = (1...step).reduce(1) { $0 * momentum($1) }
        let scales = rule.scales(rate: 1.0, step: Double(step))
        let next = momentum(step + 1)
        #expect(abs(scales[0] - next / (1 - product * next)) < 1e-9)
        #expect(abs(scales[1] - (1 - momentum(step)) / (1 - product)) < 1e-12)
    }

    @Test func brokenGradientsAreSkipped() throws {
        let data = try blobs(8)
        let broken = Batch(
            inputs: Tensor([Float.nan, 1, 2, 3], shape: [2, 2]), targets: Tensor([Int32(0), 1], shape: [2]))
        let optimizer = Optimizer.adam(learningRate: 0.05).skippingNonFinite()
        let once = try trained(optimizer, steps: 1) { _ in try data.whole }
        let twice = try trained(optimizer, steps: 2) { $0 == 0 ? try data.whole : broken }
        #expect(once.numbers == twice.numbers)
    }

    /// A broken batch spoils the accumulated step it belongs to, and no other.
    @Test func brokenGradientsSpoilOneAccumulatedStep() throws {
        let data = try blobs(8)
        let broken = Batch(
            inputs: Tensor([Float.nan, 1, 2, 3], shape: [2, 2]), targets: Tensor([Int32(0), 1], shape: [2]))
        let optimizer = Optimizer.sgd(learningRate: 0.05).accumulatingGradients(2).skippingNonFinite()
        for place in 0..<2 {
            let spoiled = try trained(optimizer, steps: 4) { $0 == place ? broken : try data.whole }
            let plain = try trained(optimizer, steps: 2) { _ in try data.whole }
            #expect(spoiled.numbers == plain.numbers)
        }
    }
}
