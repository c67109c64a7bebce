import Apus

/// A network of dense layers on images or tables, as the courses use them: 784-100-100-100-100-10 and its like.
struct DenseNet {
    /// The units of the hidden layers.
    var hidden: [Int]
    var classes = 10
    var activation: Activation = .relu
    var initializer: Initializer = .heNormal
    /// The start values of the last layer; those of the others unless given.
    var headInitializer: Initializer?
    /// Batch normalization between each hidden layer and its activation.
    var isNormalized = false
    /// Dropout after each hidden layer.
    var dropout = 0.0
    var regularizer: Regularizer?
    var constraint: Constraint?

    /// The course's network: 784-100-100-100-100-10, ReLU, He.
    static let book = DenseNet(hidden: [100, 100, 100, 100])

    /// The model. Its kernels are the paths that end with `kernel`, in order.
    var model: Sequential {
        Sequential {
            Flatten()
            for units in hidden {
                if isNormalized {
                    Dense(
                        units, useBias: false, kernelInitializer: initializer, kernelRegularizer: regularizer,
                        kernelConstraint: constraint)
                    BatchNorm()
                    ActivationLayer(activation)
                } else {
                    Dense(
                        units, activation: activation, kernelInitializer: initializer, kernelRegularizer: regularizer,
                        kernelConstraint: constraint)
                }
                if dropout > 0 { Dropout(dropout) }
            }
            Dense(classes, kernelInitializer: headInitializer ?? initializer, kernelRegularizer: regularizer)
        }
    }
}
