import Apus

// Gradients of any function: a line through points, found by gradient descent.
var key = RandomKey(seed: 0)
let x = Tensor.uniform([100, 1], low: -1, high: 1, key: key.next())
let y = x * 3 - 2
var (w, b) = (Tensor.zeros([1, 1]), Tensor.zeros([1]))
for step in 0..<200 {
    let (loss, gradients) = valueAndGradient(at: [w, b]) { p in meanSquaredError(x.matmul(p[0]) + p[1], y) }
    if step % 50 == 0 { print(step, loss.item()) }
    (w, b) = (w - gradients[0] * 0.3, b - gradients[1] * 0.3)
}
print(w.item(), b.item())
