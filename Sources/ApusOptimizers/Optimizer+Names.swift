// Optimizers as arguments write them: `optimizer: .adam(learningRate: 1e-3)`.

extension Optimizer {
    /// Gradient descent: w ← w − η g; with momentum m ← μ m − η g, w ← w + m; Nesterov's form w ← w + μ m − η g
    public static func sgd(
        learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false
    ) -> Optimizer {
        Optimizer(SGD(learningRate: learningRate, momentum: momentum, nesterov: nesterov))
    }

    /// The rule `Adagrad`.
    public static func adagrad(
        learningRate: Double = 0.001, initialAccumulator: Double = 0.1, epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(Adagrad(learningRate: learningRate, initialAccumulator: initialAccumulator, epsilon: epsilon))
    }

    /// The rule `Adadelta`.
    public static func adadelta(
        learningRate: Double = 0.001, rho: Double = 0.95, epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(Adadelta(learningRate: learningRate, rho: rho, epsilon: epsilon))
    }

    /// The rule `RMSprop`.
    public static func rmsprop(
        learningRate: Double = 0.001, rho: Double = 0.9, momentum: Double = 0, centered: Bool = false,
        epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(
            RMSprop(learningRate: learningRate, rho: rho, momentum: momentum, centered: centered, epsilon: epsilon))
    }

    /// The rule `Adam`.
    public static func adam(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        amsgrad: Bool = false
    ) -> Optimizer {
        Optimizer(Adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad))
    }

    /// The rule `AdamW`.
    public static func adamW(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        weightDecay: Double = 0.004, amsgrad: Bool = false
    ) -> Optimizer {
        Optimizer(
            AdamW(
                learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
                amsgrad: amsgrad))
    }

    /// The rule `Adamax`.
    public static func adamax(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(Adamax(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon))
    }

    /// The rule `Nadam`.
    public static func nadam(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(Nadam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon))
    }

    /// The rule `RAdam`.
    public static func rAdam(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
    ) -> Optimizer {
        Optimizer(RAdam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon))
    }

    /// The rule `Lion`.
    public static func lion(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.99
    ) -> Optimizer {
        Optimizer(Lion(learningRate: learningRate, beta1: beta1, beta2: beta2))
    }

    /// The rule `LAMB`.
    public static func lamb(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(LAMB(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon))
    }
}
