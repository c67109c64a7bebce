import ApusNN

/// What the networks of the zoo are made of. Their layers bear the names of the published weights: `layer1/0/conv1/kernel` is
/// torchvision's `layer1.0.conv1.weight`.

/// Layers one after the other under the numbers 0, 1, 2, …
func numbered(_ layers: [any Layer]) -> Sequential {
    Sequential(layers.enumerated().map { $1.named("\($0)") })
}

/// Layers under names of their own.
func modules(_ layers: KeyValuePairs<String, any Layer>) -> Sequential {
    Sequential(layers.map { $1.named($0) })
}

/// Layers that stand directly below the layer around them.
func nameless(_ layer: any Layer) -> Sequential {
    Sequential([layer.named("")])
}

/// A convolution with as many pixels at each edge as keep the size at stride 1; Keras's `same` puts the odd one at the end.
func convolution(
    _ filters: Int, _ size: Size2D, strides: Size2D = 1, groups: Int = 1, useBias: Bool = false,
    activation: Activation = .linear
) -> Conv2D {
    Conv2D(
        filters: filters, kernelSize: size, strides: strides, padding: around(size), groups: groups,
        activation: activation, useBias: useBias, kernelInitializer: .heNormal)
}

/// A convolution of each channel by itself that keeps the size at stride 1.
func depthwise(_ size: Int, strides: Size2D = 1, useBias: Bool = false) -> DepthwiseConv2D {
    DepthwiseConv2D(
        kernelSize: Size2D(size, size), strides: strides, padding: around(Size2D(size, size)), useBias: useBias,
        kernelInitializer: .heNormal)
}

/// As many pixels at each edge as half the window.
func around(_ size: Size2D) -> Padding {
    let (vertical, horizontal) = (size.height / 2, size.width / 2)
    return .explicit(top: vertical, left: horizontal, bottom: vertical, right: horizontal)
}

/// Batch normalization with PyTorch's settings, whose `momentum` 0.1 is 0.9 here.
func batchNorm(momentum: Double = 0.9, epsilon: Double = 1e-5) -> BatchNorm {
    BatchNorm(momentum: momentum, epsilon: epsilon)
}

/// ReLU as a layer.
let relu = ActivationLayer(.relu)
