public import ApusFormats
import ApusNN
public import ApusTensor

/// Predictions for what people have: images, rows of tables, files.
extension TrainedModel {
    /// The prediction for an image, which gets the channels and the size that the model takes.
    ///
    /// ```swift
    /// let model = try TrainedModel("lenet5.apus")
    /// print(try model.predict(Image(contentsOf: "shoe.png")).top(3))
    /// ```
    ///
    /// - Throws: `PredictionError` if the model takes no images.
    public func predict(_ image: Image) throws -> Prediction { try predict([image])[0] }

    /// The predictions for images, which get the channels and the size that the model takes.
    ///
    /// - Parameters:
    ///   - images: Images of any size.
    ///   - names: Where each comes from; without them they are called `#0`, `#1`, ….
    ///   - limit: How many classes are given for each, the most probable ones.
    /// - Throws: `PredictionError` if the model takes no images.
    public func predict(
        _ images: [Image], names: [String]? = nil, top limit: Int = .max
    ) throws -> [Prediction] {
        guard details.inputs.count == 1 else { throw several(images.count == 1 ? "an image" : "images") }
        return try predict(
            [details.inputs[0].name: try details.inputs[0].samples(images)], names: names, top: limit)
    }

    /// Images as samples of one of several inputs: `model.predict(["photo": try model.samples(of: [image], for: "photo"), …])`.
    ///
    /// - Throws: `PredictionError` if the model has no such input, or it takes no images.
    public func samples(of images: [Image], for input: String) throws -> Tensor {
        guard let known = details[input: input] else {
            throw PredictionError(
                "the model has no input\(input.isEmpty ? " without a name" : input.asName)",
                expected: details.inputs.map(\.name).asNames, remedy: "Correct the name.")
        }
        return try known.samples(images)
    }

    /// The prediction for a row of the table that the model was trained on, by the names of its columns.
    ///
    /// ```swift
    /// let model = try TrainedModel("houses.apus")
    /// print(try model.predict(row: ["rooms": 4, "town": "Aachen", "built": nil]).numbers)
    /// ```
    ///
    /// Cells are read as the training read their columns: `"1,25 €"` is 1.25 where the table was written so. For a number that is missing
    /// (`nil`) the mean of the training stands; of a word that the training did not have no feature counts.
    ///
    /// - Throws: `PredictionError` if the model was not trained on a table, a column is missing or unknown, or a cell is no number.
    public func predict(row: [String: TableValue]) throws -> Prediction { try predict(rows: [row])[0] }

    /// The predictions for rows of the table that the model was trained on, by the names of its columns.
    ///
    /// - Parameters:
    ///   - rows: The cells of each row, by the names of their columns.
    ///   - names: Where each comes from; without them they are called `#0`, `#1`, ….
    ///   - limit: How many classes are given for each, the most probable ones.
    ///   - report: Receives what people should know of words that the training did not have.
    /// - Throws: `PredictionError` if the model was not trained on a table, a column is missing or unknown, or a cell is no number.
    public func predict(
        rows: [[String: TableValue]], names: [String]? = nil, top limit: Int = .max,
        report: (String) -> Void = { _ in }
    ) throws -> [Prediction] {
        guard !rows.isEmpty else { return [] }
        let (samples, remark) = try SampleTable(details).read(rows)
        if let remark { report(remark) }
        return try predict(samples, names: names, top: limit)
    }

    /// The predictions for texts, which are read as those of the training were.
    ///
    /// ```swift
    /// let model = try TrainedModel("runs/reviews-1")
    /// print(try model.predict(texts: ["What a film!"])[0].top(2))
    /// ```
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - names: Where each comes from; without them they are called `#0`, `#1`, ….
    ///   - limit: How many classes are given for each, the most probable ones.
    /// - Throws: `PredictionError` if the model was not trained on texts; `TextError` if one can't be read.
    public func predict(
        texts: [String], names: [String]? = nil, top limit: Int = .max
    ) throws -> [Prediction] {
        guard !texts.isEmpty else { return [] }
        guard let reading = details.text, details.inputs.count == 1 else {
            throw PredictionError(
                "the model was not trained on texts", expected: details.expected, received: "a text",
                remedy: "Give samples as a tensor: model.predict(samples).")
        }
        try reading.checkSamples()
        return try predict([details.inputs[0].name: try reading.samples(of: texts)], names: names, top: limit)
    }

    /// The predictions for files, as `apus predict` reads them: images (PNG, JPEG; a folder stands for all images in it), arrays (`.npy`,
    /// IDX; `.npz` with an array for each input by its name), tables (`.csv`) and texts.
    ///
    /// - Parameters:
    ///   - files: The paths.
    ///   - limit: How many classes are given for each sample, the most probable ones.
    ///   - samples: The number of samples after which the rest is left out.
    ///   - report: Receives what people should know about the numbers: words that the training did not have, fractions in place of bytes.
    /// - Throws: `FormatError` for files that are missing, damaged, or hold samples of another shape.
    public func predict(
        files: [String], top limit: Int = .max, samples: Int? = nil, report: (String) -> Void = { _ in }
    ) throws -> [Prediction] {
        try PredictionInput.read(files, for: details, limit: samples).flatMap { part in
            if let remark = part.remark { report(remark) }
            return try predict(part.samples, names: part.names, top: limit)
        }
    }

    /// The predictions for the rows of a table, whatever the file is called.
    ///
    /// - Throws: `FormatError` for a file that is missing or damaged, or lacks columns.
    public func predict(
        csv path: String, top limit: Int = .max, report: (String) -> Void = { _ in }
    ) throws -> [Prediction] {
        let part = try SampleTable(details).read(path)
        if let remark = part.remark { report(remark) }
        return try predict(part.samples, names: part.names, top: limit)
    }
}
