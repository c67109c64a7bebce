public import ApusGraph
public import ApusInference

extension Trainer {
    /// Writes the weights with which the model is evaluated: their averages where the optimizer keeps them.
    ///
    /// - Parameter path: Of a safetensors file, or of an npz file if it ends so.
    /// - Throws: `TrainingError` if there are no weights yet; `FormatError` if the disk refuses, and a file that was there stays.
    public func saveWeights(to path: String) throws {
        guard let state else { throw TrainingError("the model has no weights yet; call fit or load first") }
        try state.evaluatedVariables.write(to: path)
    }

    /// Starts from the weights of a file in place of the present ones; the optimizer begins anew.
    ///
    /// - Parameters:
    ///   - path: A file of weights: safetensors, npz, of PyTorch or of Keras.
    ///   - input: The shape of one sample, where the model has no weights yet.
    /// - Returns: What the file had, and what the model asks for besides.
    /// - Throws: `TrainingError` if the model has no weights yet and `input` is missing; `FormatError` if the file can't be read or
    ///   belongs to another model.
    @discardableResult
    public mutating func loadWeights(from path: String, input: Shape? = nil) throws -> WeightsReport {
        if let input { try prepare(input: input) }
        guard let state else {
            throw TrainingError(
                "the model has no weights yet, so their shapes are not known; give loadWeights the input, the shape of one sample"
            )
        }
        var variables = state.variables
        let report = try variables.load(path)
        load(variables)
        return report
    }
}
