import Apus

// A layer is a function of its variables, and an optimizer works by itself: no trainer, the same compiled speed.
let key = RandomKey(seed: 1)
let x = Tensor.normal([512, 4], key: key)
let batches = Array(repeating: (x, sin(x.sum(axes: [1], keepingAxes: true))), count: 300)

let net = Sequential {
    Dense(32, activation: .tanh); Dense(1)
}
var weights = try net.initialized(input: [4], seed: 7)
var adam = Optimizer.adam(learningRate: 1e-2).state(for: weights)
let step = compile { (weights: Variables, x: Tensor, y: Tensor) in
    valueAndGradient(at: weights) { meanSquaredError(net(x, $0), y) }
}
for (index, (x, y)) in batches.enumerated() {
    let (loss, gradients) = try step(weights, x, y)
    try adam.update(&weights, gradients)
    if index % 100 == 0 { print(index, loss.item()) }
}
print("loss", meanSquaredError(net(x, weights), batches[0].1).item())
