/// In which element type the products of a network are computed.
///
/// With `mixedBFloat16`, convolutions and matrix products take their operands as bfloat16 and sum in float32; what follows them
/// element by element stays bfloat16, while weights, their gradients, statistics of normalizations, losses and the optimizer stay
/// float32. It halves the memory of activations, and needs no change of a model: the precision holds for everything that is traced
/// inside `withValue`. Micikevicius et al., Mixed Precision Training (2018).
///
/// ```swift
/// let net = Sequential { Dense(128, activation: .relu); Dense(10) }
/// let trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(), precision: .mixedBFloat16)
///
/// let x = Tensor.ones([8, 64])
/// let product = NumericPrecision.mixedBFloat16 { x.matmul(x.transposed()) }
/// print(product.elementType)   // bfloat16
/// ```
public enum NumericPrecision: String, Sendable, Hashable, Codable, CaseIterable {
    /// Operands keep their types.
    case float32
    /// Convolutions and matrix products take bfloat16 operands and sum in float32.
    case mixedBFloat16

    /// The precision of what is being traced.
    @TaskLocal package static var current = NumericPrecision.float32

    /// Traces with this precision: `NumericPrecision.mixedBFloat16 { model(x, in: context) }`.
    public func callAsFunction<Result>(_ body: () throws -> Result) rethrows -> Result {
        try NumericPrecision.$current.withValue(self, operation: body)
    }
}

extension Tensor {
    /// An operand of a convolution or matrix product as the precision wants it.
    package var asFactor: Tensor {
        NumericPrecision.current == .mixedBFloat16 && elementType == .float32 ? cast(to: .bfloat16) : self
    }
}
