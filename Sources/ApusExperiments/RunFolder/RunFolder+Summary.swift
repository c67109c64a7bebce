public import ApusNN

extension RunFolder {
    /// Writes the table of the model's layers to `summary.txt`, for people.
    public func write(_ summary: ModelSummary) throws { try write("summary.txt", "\(summary)\n") }
}
