import ApusInference

// A trained model in use: `8-inference lenet5.apus`. This program links nothing that trains.
let arguments = CommandLine.arguments.dropFirst()
let path = arguments.first ?? "lenet5.apus"
if arguments.isEmpty {
    // Without a file, one of random weights: trainer.trained().write(to:) gives a better one.
    let lenet = Sequential {
        Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu)
        MaxPool2D(2)
        Conv2D(filters: 16, kernelSize: 5, activation: .relu)
        MaxPool2D(2)
        Flatten()
        Dense(120, activation: .relu)
        Dense(84, activation: .relu)
        Dense(10)
    }
    try TrainedModel(
        lenet, variables: lenet.initialized(input: [28, 28, 1], seed: 7), input: [28, 28, 1],
        preprocessing: .unitRange, classNames: (0..<10).map { "digit \($0)" },
        meaning: .classes(areProbabilities: false)
    ).write(to: path)
}
let model = try TrainedModel(path)
print(model.inputShape, "→", model.classNames.joined(separator: ", "))

// Two samples as they are stored; the model scales them itself.
let shape = Shape([1] + model.inputShape.dimensions)
for prediction in try model.predict(Tensor.concatenated([.zeros(shape), .full(shape, 255)], axis: 0)) {
    print(prediction.input, prediction.top(3).map { "\($0.name) \($0.probability)" }.joined(separator: ", "))
}
