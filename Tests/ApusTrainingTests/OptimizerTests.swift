import ApusData
import ApusFixtures
import ApusNN
import ApusTensor
import ApusTraining
import Foundation
import Testing

@Suite struct OptimizerTests {
    /// The cases of the fixtures that `Optimizer` has, with their constants.
    static let rules: [String: Optimizer] = [
        "sgd": .sgd(learningRate: 0.1),
        "sgd-momentum": .sgd(learningRate: 0.1, momentum: 0.9),
        "sgd-nesterov": .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true),
        "adam": .adam(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7),
    ]

    static var fixtures: [FixtureCase] {
        get throws { try FixtureCase.all("optimizers").filter { rules[$0.name] != nil } }
    }

    @Test func everyRuleHasAFixture() throws {
        #expect(try Set(OptimizerTests.fixtures.map(\.name)) == Set(OptimizerTests.rules.keys))
    }

    /// Twelve steps on given gradients, compiled as the training step does it.
    @Test(arguments: try fixtures) func followsKeras(_ item: FixtureCase) throws {
        let optimizer = try #require(OptimizerTests.rules[item.name])
        let names = ["kernel", "bias"]
        let slotCount = optimizer.slots.count
        // Arguments: rate, step, then for each variable itself, its gradient, its slots.
        let step = compile { arguments in
            let scale = optimizer.scale(rate: arguments[0], step: arguments[1])
            return names.indices.flatMap { index in
                let first = 2 + index * (2 + slotCount)
                let (variable, slots) = optimizer.update(
                    arguments[first], gradient: arguments[first + 1],
                    slots: Array(arguments[(first + 2)..<(first + 2 + slotCount)]),
                    scale: scale)
                return [variable] + slots
            }
        }
        var values = try names.map { try item["\($0)/start"] }
        var slots = values.map { value in optimizer.slots.map { _ in Tensor.zeros(value.shape) } }
        let gradients = try names.map { try item["\($0)/gradients"] }
        let expected = try names.map { try item["\($0)/values"] }
        for number in 0..<12 {
            var arguments = [
                Tensor(optimizer.learningRate, type: .float32), Tensor(Double(number + 1), type: .float64),
            ]
            for index in names.indices { arguments += [values[index], gradients[index][number]] + slots[index] }
            let results = try step(arguments)
            for index in names.indices {
                let first = index * (1 + slotCount)
                values[index] = results[first]
                slots[index] = Array(results[(first + 1)..<(first + 1 + slotCount)])
                try expectClose(
                    values[index], expected[index][number], .layer, "\(names[index]) after step \(number + 1)")
            }
        }
    }

    /// The whole training step against the formulas in float64: a linear model of two weights, whose gradient is known.
    @Test(arguments: rules.keys.sorted()) func stepFollowsTheFormulas(name: String) throws {
        let optimizer = try #require(OptimizerTests.rules[name])
        let model = Dense(1, useBias: false, kernelInitializer: .constant(0.5))
        let inputs: [[Float]] = [[1, 2], [0.5, -1], [2, 0.25]]
        let targets: [Float] = [3, -1, 2]
        let data = try Dataset(features: Tensor(inputs), targets: Tensor(targets, shape: [3, 1]))
        var state = try TrainingState(model, optimizer: optimizer, input: [2], seed: 1)
        let step = try TrainingStep(model, loss: .meanSquaredError, optimizer: optimizer)
        var formulas = Formulas(optimizer, weights: [0.5, 0.5])
        for _ in 0..<12 {
            let errors = zip(inputs, targets).map { x, y in
                zip(x, formulas.weights).reduce(0) { $0 + Double($1.0) * $1.1 } - Double(y)
            }
            let gradient = (0..<2).map { axis in
                zip(inputs, errors).reduce(0) { $0 + 2 * $1.1 * Double($1.0[axis]) / 3 }
            }
            let loss = errors.reduce(0) { $0 + $1 * $1 } / 3
            let result = try step(&state, try data.whole)
            #expect(abs(result.loss - loss) <= 1e-5 * loss + 1e-7)
            formulas.update(gradient)
            let weights = state.variables["kernel"]!.scalars
            for axis in 0..<2 { #expect(abs(Double(weights[axis]) - formulas.weights[axis]) <= 2e-6) }
        }
        #expect(state.step == 12)
        // Slots show what the weights hide: constants such as 1 − β₂ that are rounded too early.
        #expect(state.slots.map(\.path) == optimizer.slots.map { "kernel/\($0)" })
        for (slot, expected) in zip(state.slots, [formulas.first, formulas.second]) {
            let scale = expected.map(abs).max()!
            for (value, target) in zip(slot.value.scalars, expected) {
                #expect(abs(Double(value) - target) <= 1e-5 * scale, "\(slot.path)")
            }
        }
    }

    /// The rules as their papers write them.
    struct Formulas {
        let optimizer: Optimizer
        var weights: [Double]
        var first = [0.0, 0.0]
        var second = [0.0, 0.0]
        var step = 0.0

        init(_ optimizer: Optimizer, weights: [Double]) {
            self.optimizer = optimizer
            self.weights = weights
        }

        mutating func update(_ gradient: [Double]) {
            step += 1
            for (axis, g) in gradient.enumerated() {
                switch optimizer {
                case .sgd(let rate, let momentum, let nesterov):
                    first[axis] = momentum * first[axis] - rate * g
                    weights[axis] += nesterov ? momentum * first[axis] - rate * g : first[axis]
                case .adam(let rate, let beta1, let beta2, let epsilon):
                    first[axis] = beta1 * first[axis] + (1 - beta1) * g
                    second[axis] = beta2 * second[axis] + (1 - beta2) * g * g
                    let corrected = rate * (1 - pow(beta2, step)).squareRoot() / (1 - pow(beta1, step))
                    weights[axis] -= corrected * first[axis] / (second[axis].squareRoot() + epsilon)
                }
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
    }

    @Test func learningRateIsReplaced() {
        for rule in OptimizerTests.rules.values {
            #expect(rule.with(learningRate: 0.25).learningRate == 0.25)
            #expect(rule.with(learningRate: 0.25).with(learningRate: rule.learningRate) == rule)
        }
    }
}
