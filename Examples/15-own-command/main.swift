import Apus
import ApusCommand

// The command apus with one's own kinds in its files: `15-own-command train sums.yaml`, where the model is
// [causalAverage, {dense: 3}] and the loss weighted.
struct CausalAverage: Layer, Codable {
    func output(for x: Tensor, in context: Context) -> Tensor {
        let mask = tril(Tensor.ones([x.shape[1], x.shape[1]]))
        return (mask / mask.sum(axes: [1], keepingAxes: true)).matmul(x)
    }
}
let weighted = Loss("weighted") { output, target in abs(output - target) * Tensor([1, 2, 4]) }

ApusCommand.main {
    $0.layers.register(CausalAverage.self); $0.losses.register(weighted)
}
