import Apus

// A generative adversarial network (Goodfellow et al. 2014): two networks, two optimizers, one compiled step. It learns eight clusters.
let generator = Sequential {
    Dense(64, activation: .relu); Dense(64, activation: .relu); Dense(2)
}
let discriminator = Sequential {
    Dense(64, activation: .leakyReLU()); Dense(64, activation: .leakyReLU()); Dense(1)
}

/// Points of eight clusters on a circle.
func real(_ count: Int, _ key: RandomKey) -> Tensor {
    let angle = floor(Tensor.uniform([count, 1], high: 8, key: key.child("cluster"))) * (Double.pi / 4)
    let noise = Tensor.normal([count, 2], standardDeviation: 0.05, key: key.child("noise"))
    return .concatenated([cos(angle), sin(angle)], axis: 1) * 2 + noise
}
func fake(_ weights: Variables, _ count: Int, _ key: RandomKey) -> Tensor {
    generator(.normal([count, 8], key: key.child("code")), weights)
}

let step = compile { (g: Variables, gAdam: OptimizerState, d: Variables, dAdam: OptimizerState, key: RandomKey) in
    var (g, gAdam, d, dAdam) = (g, gAdam, d, dAdam)
    // softplus(−s) is −log σ(s): the cross-entropy of a score s with "real".
    let (judging, slopes) = valueAndGradient(at: d) { d in
        softplus(-discriminator(real(128, key), d)).mean() + softplus(discriminator(fake(g, 128, key), d)).mean()
    }
    try dAdam.update(&d, slopes)
    let (fooling, gradients) = valueAndGradient(at: g) { g in softplus(-discriminator(fake(g, 128, key), d)).mean() }
    try gAdam.update(&g, gradients)
    return (g, gAdam, d, dAdam, judging, fooling)
}

var g = try generator.initialized(input: [8], seed: 1)
var d = try discriminator.initialized(input: [2], seed: 2)
let adam = Optimizer.adam(learningRate: 1e-3, beta1: 0.5)
var (gAdam, dAdam) = (adam.state(for: g), adam.state(for: d))
var keys = RandomKey(seed: 3)
for index in 1...4000 {
    let (judging, fooling): (Tensor, Tensor)
    (g, gAdam, d, dAdam, judging, fooling) = try step(g, gAdam, d, dAdam, keys.next())
    if index % 1000 == 0 { print(index, judging.item(), fooling.item()) }
}

// Quality: how many points lie close to a cluster, and how many clusters have points.
let points = fake(g, 2000, keys.next())
let centers = Tensor.arange(8) * (Double.pi / 4)
let difference = points.expandingShape(at: 1) - Tensor.stacked([cos(centers), sin(centers)], axis: 1) * 2
let distances = sqrt(square(difference).sum(axes: [2]))
let isClose = distances.min(axes: [1]) .< 0.3
let clusters = Tensor.where(isClose, distances.argmin(axis: 1), Tensor(-1))
print(
    "close", isClose.cast(to: .float32).mean().item(), "clusters",
    Set(clusters.scalars(as: Int.self)).subtracting([-1]).count)
