import Apus

// A generative adversarial network (Goodfellow et al. 2014): two networks, two optimizers, one compiled step. It learns eight clusters.
let generator = Sequential {
    Dense(64, activation: .relu); Dense(64, activation: .relu); Dense(2)
}
let discriminator = Sequential {
    Dense(64, activation: .leakyReLU(negativeSlope: 0.2)); Dense(64, activation: .leakyReLU(negativeSlope: 0.2));
    Dense(1)
}
struct Player: TensorTree {
    var weights: Variables
    var optimizer: OptimizerState

    init(_ model: Sequential, input: Shape, seed: UInt64) throws {
        weights = try model.initialized(input: input, seed: seed)
        optimizer = Optimizer.adam(learningRate: 1e-3, beta1: 0.5).state(for: weights)
    }

    struct Structure: Hashable, Sendable {
        let weights: Variables.Structure
        let optimizer: OptimizerState.Structure
    }
    var structure: Structure { Structure(weights: weights.structure, optimizer: optimizer.structure) }
    var leaves: [Tensor] { weights.leaves + optimizer.leaves }
    init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
        weights = Variables(structure: structure.weights, leaves: &leaves)
        optimizer = OptimizerState(structure: structure.optimizer, leaves: &leaves)
    }
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

let step = compile { (g: Player, d: Player, key: RandomKey) in
    var (g, d) = (g, d)
    // softplus(−s) is −log σ(s): the cross-entropy of a score s with "real".
    let (judging, slopes) = valueAndGradient(at: d.weights) { weights in
        let (real, fake) = (real(128, key), fake(g.weights, 128, key))
        return softplus(-discriminator(real, weights)).mean() + softplus(discriminator(fake, weights)).mean()
    }
    try d.optimizer.update(&d.weights, slopes)
    let (fooling, gradients) = valueAndGradient(at: g.weights) { weights in
        softplus(-discriminator(fake(weights, 128, key), d.weights)).mean()
    }
    try g.optimizer.update(&g.weights, gradients)
    return (g, d, judging, fooling)
}

var g = try Player(generator, input: [8], seed: 1)
var d = try Player(discriminator, input: [2], seed: 2)
var keys = RandomKey(seed: 3)
for index in 1...4000 {
    let (judging, fooling): (Tensor, Tensor)
    (g, d, judging, fooling) = try step(g, d, keys.next())
    if index % 1000 == 0 { print(index, judging.item(), fooling.item()) }
}

// Quality: how many points lie close to a cluster, and how many clusters have points.
let points = fake(g.weights, 2000, keys.next())
let centers = Tensor.arange(8) * (Double.pi / 4)
let difference = points.expandingShape(at: 1) - Tensor.stacked([cos(centers), sin(centers)], axis: 1) * 2
let distances = sqrt(square(difference).sum(axes: [2]))
let isClose = distances.min(axes: [1]) .< 0.3
let clusters = select(isClose, distances.argmin(axis: 1).cast(to: .int32), Tensor(-1).cast(to: .int32))
print(
    "close", isClose.cast(to: .float32).mean().item(), "clusters",
    Set(clusters.scalars(as: Int.self)).subtracting([-1]).count)
