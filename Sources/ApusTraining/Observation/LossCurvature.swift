/// How the loss bends around a network's weights, and how much of its gradient is chance.
///
/// ```swift
/// let net = Sequential { Dense(16, activation: .tanh); Dense(2) }
/// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1))
/// let data = Dataset.moons(seed: 1)
/// try trainer.fit(data, epochs: 5, batchSize: 32)
/// let curvature = try trainer.curvature(on: data)
/// print(curvature.greatest, curvature.greatestStableRate() ?? .infinity, curvature.noiseScale ?? .infinity)
/// ```
///
/// Eigenvalues are those of the Hessian H of the training loss, penalties included, with respect to the weights that are trained. They are
/// found by Lanczos iteration from products H·v: the greatest is at least `greatest`, the least at most `least`, and more products bring
/// both closer.
public struct LossCurvature: Sendable, Hashable, Codable {
    /// The mean loss over the batches.
    public var loss: Double
    /// ‖g‖ of the mean gradient g.
    public var gradientNorm: Double
    /// The greatest eigenvalue of H (“sharpness”).
    public var greatest: Double
    /// The least eigenvalue; well below 0 where the weights are at a saddle.
    public var least: Double
    /// gᵀHg / gᵀg: how the loss bends along the gradient; 0 where the gradient is 0.
    public var alongGradient: Double
    /// tr Σ / ‖g‖², the batch size at which chance and signal of the gradient are equally great (McCandlish et al., 2018, arXiv
    /// 1812.06162), estimated from how the gradients of the batches differ. `nil` where the batches do not tell the gradient from 0, or
    /// there is only one.
    public var noiseScale: Double?
    /// The number of products H·v.
    public var products: Int

    /// Above which learning rate plain gradient descent leaves a valley of this curvature: 2 (1 + β) / λ, with momentum β (Cohen et al.,
    /// 2021, arXiv 2103.00065). `nil` where nothing bends upwards.
    ///
    /// It is a bound for steps on all samples; optimizers that scale each weight's step have others.
    public func greatestStableRate(momentum: Double = 0) -> Double? {
        greatest > 0 ? 2 * (1 + momentum) / greatest : nil
    }
}
