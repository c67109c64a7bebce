import ApusGraph

/// What the tensors of a file are for: which of them are weights, and in which order their users read them.
struct ONNXUses {
    private var uses: [String: [Use]] = [:]

    private struct Use {
        let kind: String
        let place: Int
        /// Whether a matrix is used transposed.
        let isTransposed: Bool
    }

    /// What says how an operator works rather than what it computes with, by operator and place among the inputs.
    private static let settings: [String: Set<Int>] = [
        "Clip": [1, 2], "Pad": [1, 2, 3], "Resize": [1, 2, 3], "Upsample": [1], "Dropout": [1, 2], "Pow": [1],
        "OneHot": [1, 2], "ConstantOfShape": [0], "Range": [0, 1, 2], "Cast": [], "Adagrad": [0, 1], "Adam": [0, 1],
        "Momentum": [0, 1], "LSTM": [5, 6], "GRU": [5], "RNN": [5],
    ]

    init(_ graph: Onnx_GraphProto) {
        for node in graph.node {
            let isTransposed = node.opType == "Gemm" && node.attribute.contains { $0.name == "transB" && $0.i != 0 }
            for (place, input) in node.input.enumerated() where !input.isEmpty {
                uses[input, default: []].append(Use(kind: node.opType, place: place, isTransposed: isTransposed))
            }
        }
    }

    /// Whether a tensor is a weight: floating-point numbers with an axis, in the expressions of the model.
    func isWeight(_ name: String, _ tensor: Onnx_TensorProto) -> Bool {
        guard let type = ONNXType(rawValue: tensor.dataType), type.isFloatingPoint, !tensor.dims.isEmpty,
            tensor.dims.allSatisfy({ $0 > 0 }), let uses = uses[name]
        else { return false }
        // A single number beside any shape is a constant of the expression.
        let isSingle = tensor.dims.allSatisfy { $0 == 1 }
        let isElementwise = uses.allSatisfy {
            ["Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "Greater", "Less"].contains($0.kind)
        }
        guard !(isSingle && isElementwise) else { return false }
        return !uses.allSatisfy { ONNXUses.settings[$0.kind]?.contains($0.place) ?? false }
    }

    /// Whether a weight moves with training without being adjusted: running means and variances.
    func isState(_ name: String) -> Bool {
        uses[name]?.contains { $0.kind == "BatchNormalization" && $0.place >= 3 } ?? false
    }

    /// Which axis of the file's lies at each axis of the variable: kernels lie as convolutions here read them, window first; matrices
    /// as products read them.
    func order(_ name: String, rank: Int) -> [Int] {
        let uses = uses[name] ?? []
        let plain = Array(0..<rank)
        if rank >= 3, uses.allSatisfy({ ["Conv", "ConvTranspose"].contains($0.kind) && $0.place == 1 }) {
            return ONNXValue.kernelOrder(rank)
        }
        if rank == 2, uses.allSatisfy({ $0.kind == "Gemm" && $0.place == 1 && $0.isTransposed }) { return [1, 0] }
        return plain
    }
}
