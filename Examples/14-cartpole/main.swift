import Apus
import Foundation

// REINFORCE (Williams 1992) with a baseline on CartPole: sixteen poles at once, balanced for at most 500 steps.
let policy = Sequential {
    Dense(64, activation: .tanh); Dense(2)
}
let (poles, limit) = (16, 500)

/// Carts with poles (Barto, Sutton & Anderson 1983): position, velocity, angle, angular velocity. The numbers are Gymnasium's.
struct Carts {
    var states: [[Double]]
    var areUp: [Bool]

    init(_ count: Int, _ key: RandomKey) {
        var generator = RandomKey.Generator(key: key)
        states = (0..<count).map { _ in (0..<4).map { _ in Double.random(in: -0.05...0.05, using: &generator) } }
        areUp = Array(repeating: true, count: count)
    }

    var tensor: Tensor { Tensor(states.flatMap { $0.map { Float($0) } }, shape: [states.count, 4]) }

    mutating func push(_ actions: [Int]) {
        for (index, action) in actions.enumerated() where areUp[index] {
            let (x, v, angle, spin) = (states[index][0], states[index][1], states[index][2], states[index][3])
            let force = action == 1 ? 10.0 : -10
            let pull = (force + 0.05 * spin * spin * sin(angle)) / 1.1
            let turn = (9.8 * sin(angle) - cos(angle) * pull) / (0.5 * (4.0 / 3 - 0.1 * cos(angle) * cos(angle) / 1.1))
            let push = pull - 0.05 * turn * cos(angle) / 1.1
            states[index] = [x + 0.02 * v, v + 0.02 * push, angle + 0.02 * spin, spin + 0.02 * turn]
            areUp[index] = abs(states[index][0]) <= 2.4 && abs(states[index][2]) <= 12 * .pi / 180
        }
    }
}

let act = compile { (weights: Variables, states: Tensor, key: RandomKey) in
    (Tensor.uniform([states.shape[0]], key: key) .< softmax(policy(states, weights))[0..., 1]).cast(to: .int32)
}
let learn = compile { (weights: Variables, adam: OptimizerState, states: Tensor, actions: Tensor, advantages: Tensor) in
    var (weights, adam) = (weights, adam)
    let gradients = gradient(at: weights) { weights in
        let logits = logSoftmax(policy(states, weights))
        return -((logits * actions.oneHot(classes: 2)).sum(axes: [1]) * advantages).sum()
            / maximum(abs(advantages).sum(), 1e-6)
    }
    try adam.update(&weights, gradients)
    return (weights, adam)
}

var keys = RandomKey(seed: 5)
var weights = try policy.initialized(input: [4], seed: 1)
var adam = Optimizer.adam(learningRate: 0.01).clippingGradients(.globalNorm(0.5)).state(for: weights)
var best = 0.0
for round in 1...150 {
    var carts = Carts(poles, keys.next())
    var (states, actions, alive): ([Tensor], [[Int]], [[Bool]]) = ([], [], [])
    while carts.areUp.contains(true), states.count < limit {
        states.append(carts.tensor)
        alive.append(carts.areUp)
        actions.append(try act(weights, carts.tensor, keys.next()).scalars(as: Int.self))
        carts.push(actions[actions.count - 1])
    }
    // Returns from each step on, less their mean over the poles that still stand.
    var returns = Array(repeating: Array(repeating: Float(0), count: poles), count: limit)
    var tail = Array(repeating: Float(0), count: poles)
    for step in alive.indices.reversed() {
        for pole in 0..<poles { tail[pole] = alive[step][pole] ? 1 + 0.99 * tail[pole] : 0 }
        let standing = Float(alive[step].count { $0 })
        let mean = tail.reduce(0, +) / standing
        for pole in 0..<poles where alive[step][pole] { returns[step][pole] = tail[pole] - mean }
    }
    // Always so many rows, so that one program serves all rounds; those after the end count nothing.
    while states.count < limit {
        states.append(.zeros([poles, 4]))
        actions.append(Array(repeating: 0, count: poles))
    }
    (weights, adam) = try learn(
        weights, adam, .concatenated(states), Tensor(actions.flatMap { $0 }), Tensor(returns.flatMap { $0 }))
    let length = Double(alive.joined().count { $0 }) / Double(poles)
    best = max(best, length)
    if round % 10 == 0 { print(round, "steps", length) }
    if length >= 475 { break }
}
print("best", best)
