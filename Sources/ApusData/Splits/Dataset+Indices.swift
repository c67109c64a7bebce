import ApusFormats

/// Splits that somebody else decided.
extension Dataset {
    /// The samples of given numbers, in this order.
    ///
    /// - Throws: `DatasetError` if there is no such sample.
    public func subset(_ indices: [Int]) throws(DatasetError) -> Dataset {
        if let wrong = indices.first(where: { !rows.indices.contains($0) }) { throw noSample(wrong) }
        return view(indices.map { rows[$0] })
    }

    /// The samples of given numbers for validation, and all others for training, in the data set's order.
    ///
    /// - Throws: `DatasetError` if there is no such sample, if one is named twice, or if a part would be empty.
    public func split(validationIndices indices: [Int]) throws(DatasetError) -> (training: Dataset, validation: Dataset)
    {
        var isHeld = Array(repeating: false, count: count)
        for index in indices {
            guard rows.indices.contains(index) else { throw noSample(index) }
            guard !isHeld[index] else {
                throw DatasetError(
                    .malformed, "the sample \(index) is named twice", remedy: "Name each sample once.")
            }
            isHeld[index] = true
        }
        guard !indices.isEmpty, indices.count < count else {
            throw DatasetError(
                .impossible, "a part would be empty", expected: "some of \(count.counted("sample")), not all of them",
                received: "\(indices.count)", remedy: "Name the samples of the validation part.")
        }
        return (view(rows.indices.filter { !isHeld[$0] }.map { rows[$0] }), view(indices.map { rows[$0] }))
    }

    /// The samples whose numbers a file lists for validation, and all others for training.
    ///
    /// The file is a text of whole numbers from 0, with spaces or line breaks between them; what follows a `#` is a
    /// remark.
    ///
    /// - Throws: `FormatError` if the file can't be read; `DatasetError` as `split(validationIndices:)`, and if the file
    ///   holds anything else.
    public func split(validationFile path: String) throws -> (training: Dataset, validation: Dataset) {
        do {
            return try split(validationIndices: Dataset.indices(path))
        } catch var error as DatasetError {
            error.problem = "\(path): \(error.problem)"
            throw error
        }
    }

    private static func indices(_ path: String) throws -> [Int] {
        let source = try ByteSource(path: path, content: "a text of the samples' numbers")
        let text = String(decoding: try source.bytes(0..<source.count), as: UTF8.self)
        var indices: [Int] = []
        for (line, content) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let numbers = content.prefix { $0 != "#" }
            for word in numbers.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
                guard let index = Int(word) else {
                    throw DatasetError(
                        .malformed, "line \(line + 1) is no list of numbers", expected: "whole numbers from 0",
                        received: "\(word.prefix(40))", remedy: "Write one number a line.")
                }
                indices.append(index)
            }
        }
        return indices
    }

    private func noSample(_ index: Int) -> DatasetError {
        DatasetError(
            .malformed, "there is no sample \(index)", expected: "0..<\(count)", received: "\(index)",
            remedy: "Count the samples from 0.")
    }
}
