package import ApusNN
package import ApusTensor

/// An array of PyTorch's state dictionary of a model, and the variables that it holds.
package struct PyTorchArray: Sendable {
    /// Its name, and its shape.
    package let part: PyTorchPart
    /// The variables, and which of their parts it is.
    package fileprivate(set) var holds: [(form: PyTorchForm, part: Int)]

    /// The array from the values of variables.
    package func value(_ variable: (String) -> Tensor) -> Tensor {
        let rows = holds.sorted { start($0) < start($1) }
        let values = rows.map { $0.form.arrays(variable($0.form.path))[$0.part] }
        return values.count == 1 ? values[0] : .concatenated(values, axis: 0)
    }

    private func start(_ held: (form: PyTorchForm, part: Int)) -> Int {
        held.form.parts[held.part].rows?.lowerBound ?? 0
    }
}

extension Variables {
    /// The arrays of PyTorch's state dictionary, in its order.
    package var pyTorchArrays: [PyTorchArray] {
        var arrays: [PyTorchArray] = []
        var places: [String: Int] = [:]
        for form in pyTorchForms {
            for (index, part) in form.parts.enumerated() {
                if let place = places[part.name] {
                    arrays[place].holds.append((form, index))
                } else {
                    places[part.name] = arrays.count
                    arrays.append(PyTorchArray(part: part, holds: [(form, index)]))
                }
            }
        }
        // What PyTorch keeps in one layer is in its order there.
        var starts: [String: Int] = [:]
        let keys = arrays.enumerated().map { number, array in
            guard let unit = array.holds[0].form.unit else { return [number, 0, number] }
            let start = starts[unit] ?? number
            starts[unit] = start
            let rank = Variables.order.firstIndex { array.part.name.hasSuffix($0) } ?? Variables.order.count
            return [start, rank, number]
        }
        return zip(keys, arrays).sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    }

    /// The arrays of `nn.MultiheadAttention` and `nn.TransformerEncoderLayer` in their order.
    private static let order = [
        "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_weight", "in_proj_bias", "out_proj.weight",
        "out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight",
        "norm1.bias", "norm2.weight", "norm2.bias",
    ]
}

extension PyTorchForm {
    /// The path of the attention or of the transformer block that the variable belongs to, where PyTorch's order is another.
    fileprivate var unit: String? {
        switch place {
        case .attention(let place): place.isUsual ? place.block ?? place.path : nil
        case .block(let path): path
        case .recurrent, nil: nil
        }
    }
}
