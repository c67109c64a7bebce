import Apus

// NumPy-like: the standard deviation of activations, layer by layer.
var key = RandomKey(seed: 0)
var h = Tensor.normal([1000, 100], key: key.next())
for layer in 1...5 {
    h = sigmoid(h.matmul(Tensor.normal([100, 100], standardDeviation: 0.01, key: key.next())))
    print(layer, h.mean().item(), h.standardDeviation().item())
}
