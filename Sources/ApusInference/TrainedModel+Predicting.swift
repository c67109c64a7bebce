import ApusBackend
import ApusGraph
import ApusNN
public import ApusTensor

extension TrainedModel {
    /// How many samples go through the network at once.
    private static let batchSize = 256

    /// The predictions for samples [N, ...] as they are stored, of which there may be any number.
    ///
    /// - Parameters:
    ///   - inputs: The samples, [N, ...].
    ///   - names: Where each sample comes from; without them they are called `#0`, `#1`, ….
    ///   - limit: How many classes are given for each sample, the most probable ones.
    /// - Throws: `PredictionError` if the model does not take such samples.
    public func predict(_ inputs: Tensor, names: [String]? = nil, top limit: Int = .max) throws -> [Prediction] {
        guard details.inputs.count == 1 else { throw several("samples without a name") }
        return try predict([details.inputs[0].name: inputs], names: names, top: limit)
    }

    /// The predictions for samples of several inputs, each [N, ...], by name: `model.predict(["photo": photos, "row": rows])`.
    ///
    /// - Parameters:
    ///   - inputs: The samples as they are stored, by the names of the inputs.
    ///   - names: Where each sample comes from; without them they are called `#0`, `#1`, ….
    ///   - limit: How many classes are given for each sample, the most probable ones.
    /// - Throws: `PredictionError` if the model does not take such samples.
    public func predict(_ inputs: Values, names: [String]? = nil, top limit: Int = .max) throws -> [Prediction] {
        let count = try checkedCount(inputs, names)
        guard count > 0 else { return [] }
        try evaluate(inputs.leaves)
        var result: [Prediction] = []
        result.reserveCapacity(count)
        var start = 0
        while start < count {
            // Pieces of sizes that are powers of two: whatever the count, few programs are compiled.
            let rest = count - start
            let size =
                rest >= TrainedModel.batchSize
                ? TrainedModel.batchSize : 1 << (Int.bitWidth - 1 - rest.leadingZeroBitCount)
            let range = start..<start + size
            let answers = try answers(size == count ? inputs : inputs.mapValues { $0.samples(range) }, limit)
            for (row, sample) in range.enumerated() {
                result.append(
                    Prediction(input: names?[sample] ?? "#\(sample)", outputs: answers.map { $0[row] }))
            }
            start += size
        }
        return result
    }

    /// What each output says of each sample of a batch.
    private func answers(_ inputs: Values, _ limit: Int) throws -> [[Prediction.Output]] {
        let outputs = try self(inputs)
        return try outputs.enumerated().map { place, output in
            let about = details.output(output.name, at: place)
            let values = try about.meaning(output.tensor).cast(to: .float32).evaluated()
            let count = inputs.first.shape[0]
            guard values.shape.dimensions.first == count else {
                throw PredictionError(
                    "the model does not give one prediction a sample\(output.name.asName)",
                    expected: "outputs [\(count), …] for \(count.counted("sample"))", received: "\(values.shape)",
                    remedy: "Call the model for its outputs as they are: model(samples).")
            }
            let (width, scalars) = (values.count / count, values.scalars)
            return (0..<count).map { row in
                answer(about, scalars[row * width..<(row + 1) * width].map(Double.init), limit)
            }
        }
    }

    private func answer(_ about: ModelDescription.Output, _ numbers: [Double], _ limit: Int) -> Prediction.Output {
        guard about.meaning.isClass else { return Prediction.Output(name: about.name, classes: [], numbers: numbers) }
        // Among equals, and among what is no number, the earlier class.
        let order = numbers.indices.sorted { a, b in
            numbers[a] == numbers[b] || numbers[a].isNaN || numbers[b].isNaN ? a < b : numbers[a] > numbers[b]
        }
        let choices = order.prefix(max(0, limit)).map { label in
            Prediction.Choice(
                name: about.classNames.indices.contains(label) ? about.classNames[label] : "\(label)", label: label,
                probability: numbers[label])
        }
        return Prediction.Output(name: about.name, classes: choices, numbers: [])
    }

    // MARK: Checks

    /// The number of samples, if the model takes them.
    private func checkedCount(_ inputs: Values, _ names: [String]?) throws -> Int {
        // Tensors that carry an error say it themselves.
        for (_, tensor) in inputs where !tensor.problems.isEmpty { throw GraphError(tensor.problems) }
        if let unknown = inputs.names.first(where: { details[input: $0] == nil }) {
            throw PredictionError(
                "the model has no input\(unknown.isEmpty ? " without a name" : unknown.asName)",
                expected: details.inputs.map(\.name).asNames,
                received: inputs.names.asNames,
                remedy: "Give each input by its name: [\"\(details.inputs[0].name)\": …].")
        }
        let missing = details.inputs.map(\.name).filter { !inputs.contains($0) }
        guard missing.isEmpty else {
            throw PredictionError(
                "samples lack \(missing.count == 1 ? "the input" : "the inputs") \(missing.asNames)",
                expected: details.expected, received: inputs.isEmpty ? "none" : inputs.names.asNames,
                remedy: "Give all inputs together.")
        }
        for input in details.inputs { try check(inputs, input) }
        let counts = details.inputs.map { inputs[$0.name].shape[0] }
        guard Set(counts).count == 1 else {
            throw PredictionError(
                "the inputs hold different numbers of samples", expected: "as many of each",
                received: zip(details.inputs, counts).map { "\($1) of \"\($0.name)\"" }.joined(separator: ", "),
                remedy: "Give one sample of each input for each prediction.")
        }
        if let names, names.count != counts[0] {
            throw PredictionError(
                "the names do not fit the samples", expected: counts[0].counted("name"), received: "\(names.count)",
                remedy: "Give a name for each sample.")
        }
        return counts[0]
    }

    private func check(_ inputs: Values, _ input: ModelDescription.Input) throws {
        let (shape, wanted) = (inputs[input.name].shape.dimensions, input.shape.dimensions)
        guard shape.count != wanted.count + 1 || Array(shape.dropFirst()) != wanted else { return }
        // Some networks take samples of other sizes as well, such as longer sequences.
        if shape.count == wanted.count + 1, shape.dropFirst().allSatisfy({ $0 > 0 }), takes(inputs) { return }
        let isOne = shape == wanted
        throw PredictionError(
            "the samples\(input.name.asName) do not fit the model", expected: input.batchText,
            received: "[\(shape.map(String.init).joined(separator: ", "))]",
            remedy: isOne
                ? "Add the axis of samples: x.reshaped(to: [\(([1] + wanted).map(String.init).joined(separator: ", "))])."
                : "Reshape or resize the samples.")
    }

    /// Whether the weights are those of the network for samples of these shapes.
    private func takes(_ inputs: Values) -> Bool {
        let signature = Signature(
            inputs.map { ($0.name, Signature.Input(Shape(Array($0.tensor.shape.dimensions.dropFirst())))) })
        guard let traced = try? model.traced(signature, batch: 1, mode: .inference) else { return false }
        return traced.descriptions.allSatisfy { variables[$0.path]?.shape == $0.description.shape }
    }

    /// Why samples of one input are not enough.
    func several(_ received: String) -> PredictionError {
        PredictionError(
            "the model takes \(details.inputs.count) inputs", expected: details.expected, received: received,
            remedy: "Give each by its name: model.predict([\"\(details.inputs[0].name)\": …]).")
    }
}

extension Tensor {
    /// Some samples of a batch whose elements are computed, as a copy: a slice would be a program for each place where it begins.
    fileprivate func samples(_ range: Range<Int>) -> Tensor {
        let type = TensorType(Shape([range.count] + shape.dimensions.dropFirst()), elementType)
        let size = type.byteCount / range.count
        let bytes = UnsafeRawBufferPointer(
            rebasing: elements().bytes[range.lowerBound * size..<range.upperBound * size])
        return Tensor(Buffer(copying: bytes), type)
    }
}

extension Int {
    /// The count with its noun: `1 sample`, `2 samples`.
    func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
