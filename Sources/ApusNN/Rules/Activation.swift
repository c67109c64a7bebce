public import ApusTensor

/// A function applied to every element, or to a whole axis, of a layer's result.
public enum Activation: String, Sendable, Hashable, Codable, CaseIterable {
    /// x
    case linear
    /// max(x, 0)
    case relu
    /// 1 / (1 + e⁻ˣ)
    case sigmoid
    /// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
    case tanh
    /// eˣ / Σ eˣ over the last axis
    case softmax

    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .linear: x
        case .relu: ApusTensor.relu(x)
        case .sigmoid: ApusTensor.sigmoid(x)
        case .tanh: ApusTensor.tanh(x)
        case .softmax: ApusTensor.softmax(x)
        }
    }
}
