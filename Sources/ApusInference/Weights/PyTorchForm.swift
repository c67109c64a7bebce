package import ApusGraph
package import ApusNN
package import ApusTensor

/// How variables are called and how their elements lie in PyTorch's state dictionaries.
///
/// A path becomes a name by dots in place of slashes and PyTorch's words at the end: `layer1/0/conv1/kernel` is
/// `layer1.0.conv1.weight`. Kernels of convolutions are [out, in, H, W] there, those of dense layers [out, in], and flattened
/// images count channels first.
package struct PyTorchForm: Hashable, Sendable {
    /// The path of the variable.
    package let path: String
    /// Its name in PyTorch.
    package let name: String
    private let form: VariableForm
    /// The shape of the variable in Apus.
    private let inner: Shape

    package init(_ path: String, _ description: VariableDescription) {
        self.path = path
        (form, inner) = (description.form, description.shape)
        let parts = path.split(separator: "/").map(String.init)
        let owner = parts.dropLast().joined(separator: ".")
        if form == .channelScale, parts.last == "gamma" {
            name = owner
            return
        }
        name = owner + (owner.isEmpty ? "" : ".") + (PyTorchForm.words[parts.last ?? ""] ?? parts.last ?? "")
    }

    private static let words = [
        "kernel": "weight", "gamma": "weight", "beta": "bias", "alpha": "weight", "embeddings": "weight",
        "runningMean": "running_mean", "runningVariance": "running_var", "depthwiseKernel": "depthwise.weight",
        "pointwiseKernel": "pointwise.weight",
    ]

    /// The counter that PyTorch keeps beside the statistics of a batch normalization, if the variable is its running mean.
    package var counter: String? {
        form == .batchNorm && path.hasSuffix("/runningMean")
            ? "\(name.dropLast("running_mean".count))num_batches_tracked" : nil
    }

    /// The shape of the variable in PyTorch.
    package var shape: Shape {
        switch form {
        case .plain, .batchNorm: inner
        case .channelScale: Shape(inner.dimensions + [1, 1])
        case .convolution, .product, .productOfFlattened: Shape(order.map { inner[$0] })
        }
    }

    /// The axes of the variable in Apus in the order of PyTorch: the outputs, the inputs, the window.
    private var order: [Int] {
        let rank = inner.rank
        return [rank - 1, rank - 2] + Array(0..<(rank - 2))
    }

    /// Whether an array of a file can be the variable: dense layers are 1 × 1 convolutions in some files, and scales have no axes.
    package func fits(_ shape: Shape) -> Bool {
        if shape == self.shape { return true }
        switch form {
        case .product, .productOfFlattened:
            return shape.rank > 2 && shape[0] == self.shape[0] && shape.count == self.shape.count
        case .channelScale: return shape == inner
        default: return false
        }
    }

    /// The variable's value from PyTorch's.
    package func value(_ x: Tensor) -> Tensor {
        switch form {
        case .plain, .batchNorm: return x
        case .channelScale: return x.reshaped(to: inner)
        case .convolution:
            // [out, in, window…] → [window…, in, out]
            return x.transposed(Array(2..<inner.rank) + [1, 0])
        case .product: return x.reshaped(to: shape).transposed()
        case .productOfFlattened(let sample):
            let (outputs, channels) = (inner[1], sample[sample.rank - 1])
            let positions = sample.dimensions.dropLast()
            let axes = Array(2..<(2 + positions.count)) + [1, 0]
            return x.reshaped(to: Shape([outputs, channels] + positions)).transposed(axes).reshaped(to: inner)
        }
    }

    /// PyTorch's value from the variable's.
    package func exported(_ x: Tensor) -> Tensor {
        switch form {
        case .plain, .batchNorm: return x
        case .channelScale: return x.reshaped(to: shape)
        case .convolution, .product: return x.transposed(order)
        case .productOfFlattened(let sample):
            let last = sample.rank
            let axes = [last, last - 1] + Array(0..<(last - 1))
            return x.reshaped(to: Shape(sample.dimensions + [inner[1]])).transposed(axes).reshaped(to: shape)
        }
    }
}

extension Variables {
    /// How each variable is called in PyTorch, in the order of the variables.
    package var pyTorchForms: [PyTorchForm] { paths.map { PyTorchForm($0, variable($0)!.description) } }
}
