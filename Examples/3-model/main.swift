import Apus

// A model is a value; no input sizes anywhere.
let lenet = Sequential {
    Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu)
    MaxPool2D(2)
    Conv2D(filters: 16, kernelSize: 5, activation: .relu)
    MaxPool2D(2)
    Flatten()
    Dense(120, activation: .relu, kernelRegularizer: .l2(1e-4), kernelConstraint: .maxNorm(3))
    Dropout(0.3)
    Dense(84, activation: .relu)
    Dense(10)
}
print(try lenet.summary(input: [28, 28, 1]))  // shapes, parameters, FLOPs, memory
