import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor

/// Files of arrays: one of one array for the only input, or one of several for all inputs by their names.
extension PredictionInput {
    static func readArrays(_ path: String, _ model: ModelDescription) throws -> PredictionInput {
        let isNPZ = path.lowercased().hasSuffix(".npz")
        guard isNPZ || model.inputs.count == 1 else {
            throw FormatError(
                .mismatch, path: path, "the network takes \(model.inputs.count) inputs",
                expected: "a table (.csv) with the columns of all inputs, or a file of arrays (.npz) with their names",
                received: "an array", remedy: "Give \(model.expected).")
        }
        let file = isNPZ ? try NPZFile(path) : nil
        var (samples, remarks, count): (Values, [String], Int?) = (Values(), [], nil)
        for input in model.inputs {
            let array =
                try file.map { try member(of: $0, input, isOnly: model.inputs.count == 1) }
                ?? (path.lowercased().hasSuffix(".npy") ? try NPY.read(path) : try IDX.read(path))
            let (own, ownCount) = try fitted(array, input, path)
            if let count, count != ownCount {
                throw FormatError(
                    .mismatch, path: path, "the arrays hold different numbers of samples",
                    expected: "\(count) of each", received: "\(ownCount) of\(input.name.asName)",
                    remedy: "Give one sample of each input for each prediction.")
            }
            count = ownCount
            samples[input.name] = own
            if let remark = remark(own, input) { remarks.append(remark) }
        }
        return PredictionInput(
            names: names(path, count ?? 0), samples: samples,
            remark: remarks.first.map { "\(path): \($0)" })
    }

    /// The array of an input: that of its name, or the only one for the only input.
    private static func member(
        of file: NPZFile, _ input: ModelDescription.Input, isOnly: Bool
    ) throws -> NumericArray {
        let name = isOnly && file.names.count == 1 ? file.names[0] : input.name
        guard file.names.contains(name) else {
            throw FormatError(
                .mismatch, path: file.path,
                name.isEmpty ? "it is open which array holds the samples" : "the file has no array \(name.shown)",
                expected: name.isEmpty ? "one array" : "an array for each input by its name",
                received: file.names.isEmpty ? "none" : file.names.shown(),
                remedy: "Write the arrays again: numpy.savez.")
        }
        return try file.array(name)
    }

    /// An array as samples of an input, and how many there are.
    private static func fitted(
        _ array: NumericArray, _ input: ModelDescription.Input, _ path: String
    ) throws -> (samples: Tensor, count: Int) {
        let (given, wanted) = (array.shape.dimensions, input.shape.dimensions)
        // Images of one channel come without the axis of channels; one sample comes without the axis of samples.
        let plain = wanted.last == 1 ? Array(wanted.dropLast()) : wanted
        let count: Int
        if given == wanted || given == plain {
            count = 1
        } else if !given.isEmpty, Array(given.dropFirst()) == wanted || Array(given.dropFirst()) == plain {
            count = given[0]
        } else {
            throw FormatError(
                .mismatch, path: path, "the samples\(input.name.asName) do not fit the network",
                expected: input.batchText
                    + (plain == wanted ? "" : " or \(ModelDescription.Input.text(plain))"),
                received: "\(array.shape)", remedy: "Reshape or resize the samples.")
        }
        let samples = Tensor(bytes: array.bytes, TensorType(Shape([count] + wanted), array.elementType))
        try checkFinite(samples, count, path)
        return (samples, count)
    }

    /// A number that is none gives a prediction that means nothing.
    private static func checkFinite(_ samples: Tensor, _ count: Int, _ path: String) throws {
        guard !samples.elementType.isInteger, samples.elementType != .bool, count > 0 else { return }
        let numbers = samples.cast(to: .float64).scalars(as: Double.self)
        guard let place = numbers.firstIndex(where: { !$0.isFinite }) else { return }
        throw FormatError(
            .mismatch, path: path, "the sample \(place / (numbers.count / count)) holds \(numbers[place])",
            expected: "finite numbers", remedy: "Replace what is missing, or remove the sample.")
    }

    /// Fractions where bytes are expected are likely a mistake.
    private static func remark(_ samples: Tensor, _ input: ModelDescription.Input) -> String? {
        guard input.elementType == .uint8, !samples.elementType.isInteger, samples.count > 0 else { return nil }
        let numbers = samples.cast(to: .float32).scalars
        guard numbers.allSatisfy({ abs($0) <= 1 }) else { return nil }
        return
            "the numbers lie between −1 and 1, but the network was trained on bytes, 0…255; predictions may be meaningless"
    }
}
