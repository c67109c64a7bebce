import Apus

// Several inputs and outputs, shared weights: are two points of one kind, and of which kind is the first?
struct TwoTowers: Model {
    var tower = Sequential {
        Dense(64, activation: .relu); Dense(16)
    }
    func outputs(for inputs: Values, in context: Context) -> Values {
        let shared = context.shared("tower")
        let (a, b) = (tower(inputs["left"], in: shared), tower(inputs["right"], in: shared))
        return ["distance": square(a - b).sum(axes: [1]), "class": Dense(4)(a, in: context["head"])]
    }
}
let contrastive = Loss("contrastive") { distance, isSame in
    isSame * distance + (1 - isSame) * square(relu(1 - sqrt(distance + 1e-6)))
}
var trainer = Trainer(
    TwoTowers(), losses: ["distance": contrastive, "class": .softmaxCrossEntropy.weighted(0.5)],
    optimizer: .adam(), metrics: ["class": [.accuracy]])

// Four rings around the origin, in pairs.
func pairs(_ count: Int, seed: UInt64) throws -> Dataset {
    let (left, right) = ((0..<count).map { $0 % 4 }, (0..<count).map { $0 % 2 == 0 ? $0 % 4 : ($0 / 4) % 4 })
    var key = RandomKey(seed: seed)
    func points(_ kinds: [Int]) -> Tensor {
        let angle = Tensor.uniform([count, 1], high: 2 * .pi, key: key.next())
        let radius = Tensor(kinds.map { Float($0 + 1) }).reshaped(to: [count, 1])
        let noise = Tensor.normal([count, 2], standardDeviation: 0.1, key: key.next())
        return radius * .concatenated([sin(angle), cos(angle)], axis: 1) + noise
    }
    return try Dataset(
        inputs: ["left": points(left), "right": points(right)],
        targets: ["distance": Tensor(zip(left, right).map { $0 == $1 ? Float(1) : 0 }), "class": Tensor(left)])
}
let history = try trainer.fit(try pairs(4000, seed: 1), epochs: 12, batchSize: 64)
for epoch in history.epochs { print(epoch.epoch, epoch.training) }
print("test", try trainer.evaluate(try pairs(1000, seed: 2)))
