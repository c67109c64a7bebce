package import ApusGraph
package import ApusNN
package import ApusTensor

/// An array of PyTorch's state dictionaries that a variable's numbers stand in, whole or in some of its rows.
package struct PyTorchPart: Hashable, Sendable {
    /// The array's name: `lstm.weight_ih_l0`.
    package let name: String
    /// The shape of the whole array.
    package let shape: Shape
    /// The rows that are the variable's; all if `nil`.
    package var rows: Range<Int>?

    /// What the array's name is as a path.
    package var key: String { name.replacing(".", with: "/") }
}

/// How variables are called and how their elements lie in PyTorch's state dictionaries.
///
/// A path becomes a name by dots in place of slashes and PyTorch's words at the end: `layer1/0/conv1/kernel` is
/// `layer1.0.conv1.weight`. Kernels of convolutions are [out, in, H, W] there, those of dense layers [out, in], and flattened
/// images count channels first. Recurrent layers and attention have names of their own, and more or fewer arrays than variables:
/// `PyTorchForm+Sequences`.
package struct PyTorchForm: Hashable, Sendable {
    /// The path of the variable.
    package let path: String
    /// The arrays that hold the variable, of which it is the sum.
    package let parts: [PyTorchPart]
    /// What else the variable may be in a file, by its path alone.
    package let byPath: PyTorchPart
    let form: VariableForm
    let place: VariablePlace?
    /// The shape of the variable in Apus.
    let inner: Shape

    package init(_ path: String, _ description: VariableDescription) {
        self.path = path
        let (form, place, inner) = (description.form, description.place, description.shape)
        (self.form, self.place, self.inner) = (form, place, inner)
        let parts = path.split(separator: "/").map(String.init)
        let owner = parts.dropLast().joined(separator: ".")
        let word = PyTorchForm.words[parts.last ?? ""] ?? parts.last ?? ""
        let name = form == .channelScale && parts.last == "gamma" ? owner : PyTorchForm.joined(owner, word)
        let byPath = PyTorchPart(name: name, shape: PyTorchForm.shape(form, inner))
        self.byPath = byPath
        self.parts = place.flatMap { PyTorchForm.parts(path, $0, inner, word) } ?? [byPath]
    }

    private static let words = [
        "kernel": "weight", "gamma": "weight", "beta": "bias", "alpha": "weight", "embeddings": "weight",
        "runningMean": "running_mean", "runningVariance": "running_var", "depthwiseKernel": "depthwise.weight",
        "pointwiseKernel": "pointwise.weight",
    ]

    static func joined(_ owner: String, _ name: String) -> String { owner.isEmpty ? name : "\(owner).\(name)" }

    /// Its name in PyTorch, or that of the first array that holds it.
    package var name: String { parts[0].name }

    /// The shape of the variable in PyTorch, or that of the first array that holds it.
    package var shape: Shape { parts[0].shape }

    /// The counter that PyTorch keeps beside the statistics of a batch normalization, if the variable is its running mean.
    package var counter: String? {
        form == .batchNorm && path.hasSuffix("/runningMean")
            ? "\(name.dropLast("running_mean".count))num_batches_tracked" : nil
    }

    private static func shape(_ form: VariableForm, _ inner: Shape) -> Shape {
        switch form {
        case .plain, .batchNorm: inner
        case .channelScale: Shape(inner.dimensions + [1, 1])
        case .convolution, .product, .productOfFlattened: Shape(order(inner).map { inner[$0] })
        }
    }

    /// The axes of a variable in Apus in the order of PyTorch: the outputs, the inputs, the window.
    private static func order(_ inner: Shape) -> [Int] {
        [inner.rank - 1, inner.rank - 2] + Array(0..<(inner.rank - 2))
    }

    /// Whether an array of a file can be the variable: dense layers are 1 × 1 convolutions in some files, and scales have no axes.
    package func fits(_ shape: Shape) -> Bool { fits(shape, parts[0]) }

    /// Whether an array of a file can be one that holds the variable.
    package func fits(_ shape: Shape, _ part: PyTorchPart) -> Bool {
        if shape == part.shape { return true }
        guard part.rows == nil else { return false }
        switch form {
        case .product, .productOfFlattened:
            return shape.rank > 2 && shape[0] == part.shape[0] && shape.count == part.shape.count
        case .channelScale: return shape == inner
        default: return false
        }
    }

    /// The variable's value from PyTorch's, where one array holds it.
    package func value(_ x: Tensor) -> Tensor { value([x], in: parts) }

    /// The variable's value from the arrays that hold it.
    package func value(_ arrays: [Tensor], in parts: [PyTorchPart]) -> Tensor {
        let own = zip(arrays, parts).map { x, part in part.rows.map { x[$0] } ?? x }
        switch place {
        case .recurrent(let place): return value(own, place)
        case .attention: return inner.rank == 2 ? own[0].transposed() : own[0]
        case .block, nil: return arranged(own[0])
        }
    }

    private func arranged(_ x: Tensor) -> Tensor {
        switch form {
        case .plain, .batchNorm: return x
        case .channelScale: return x.reshaped(to: inner)
        case .convolution:
            // [out, in, window…] → [window…, in, out]
            return x.transposed(Array(2..<inner.rank) + [1, 0])
        case .product: return x.reshaped(to: byPath.shape).transposed()
        case .productOfFlattened(let sample):
            let (outputs, channels) = (inner[1], sample[sample.rank - 1])
            let positions = sample.dimensions.dropLast()
            let axes = Array(2..<(2 + positions.count)) + [1, 0]
            return x.reshaped(to: Shape([outputs, channels] + positions)).transposed(axes).reshaped(to: inner)
        }
    }

    /// PyTorch's value from the variable's, where one array holds it.
    package func exported(_ x: Tensor) -> Tensor { arrays(x)[0] }

    /// The arrays that hold the variable, or its rows of them.
    package func arrays(_ x: Tensor) -> [Tensor] {
        switch place {
        case .recurrent(let place): return arrays(x, place)
        case .attention: return [inner.rank == 2 ? x.transposed() : x]
        case .block, nil: break
        }
        switch form {
        case .plain, .batchNorm: return [x]
        case .channelScale: return [x.reshaped(to: byPath.shape)]
        case .convolution, .product: return [x.transposed(PyTorchForm.order(inner))]
        case .productOfFlattened(let sample):
            let last = sample.rank
            let axes = [last, last - 1] + Array(0..<(last - 1))
            return [
                x.reshaped(to: Shape(sample.dimensions + [inner[1]])).transposed(axes).reshaped(to: byPath.shape)
            ]
        }
    }
}

extension Variables {
    /// How each variable is called in PyTorch, in the order of the variables.
    package var pyTorchForms: [PyTorchForm] { paths.map { PyTorchForm($0, variable($0)!.description) } }
}
