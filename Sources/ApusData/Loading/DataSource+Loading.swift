import ApusConfiguration
import ApusText

extension DataSource {
    /// Reads the samples, divides and normalizes them.
    ///
    /// - Parameter seed: of the validation part
    /// - Throws: `ConfigurationError` for impossible settings; `FormatError` and `DatasetError` for missing and damaged files,
    ///   and for data that do not fit the settings.
    public func load(seed: UInt64) throws -> LoadedData { try load(seed: seed, unscaled: []) }

    /// - Parameter unscaled: Inputs that stay as they are unless `normalize` says otherwise; an empty name means the one of plain data.
    package func load(seed: UInt64, unscaled: Set<String>) throws -> LoadedData {
        let raw = try readChecked()
        if let corpus = raw.corpus {
            if let file = validation.file {
                throw ConfigurationError(
                    "data.validation.file numbers samples, \(file), but the parts of a corpus follow each other; give validation.fraction"
                )
            }
            let parts = try corpus.divided(test: test, validation: validation.fraction)
            return try finished((parts.training, parts.validation, parts.test), raw, unscaled, parts.reading)
        }
        return try finished(try divided(raw, seed: seed), raw, unscaled)
    }

    /// Reads the samples and divides them for k-fold cross-validation: what is not held back to test is in exactly one
    /// validation part. Each fold is normalized by its own training part; `validation.fraction` plays no role.
    ///
    /// - Parameters:
    ///   - k: at least 2
    ///   - seed: of the parts
    /// - Throws: as `load(seed:)`, and `ConfigurationError` if `validation.file` names the one part there is.
    public func folds(_ k: Int, seed: UInt64) throws -> [LoadedData] { try folds(k, seed: seed, unscaled: []) }

    package func folds(_ k: Int, seed: UInt64, unscaled: Set<String>) throws -> [LoadedData] {
        if let file = validation.file {
            throw ConfigurationError(
                "data.validation.file gives one validation part, \(file), so there are no \(k) folds; leave it out")
        }
        let raw = try readChecked()
        if raw.corpus != nil {
            throw ConfigurationError(
                "a corpus is one text whose parts follow each other, so there are no \(k) folds; train with a validation part"
            )
        }
        let (rest, test) = try withTest(raw, raw.samples)
        let parts =
            if let groups = raw.groups {
                try rest.folds(k, groups: rest.rows.map { groups[$0] }, seed: seed)
            } else {
                try rest.folds(k, stratified: isStratified(raw), seed: seed)
            }
        return try parts.map { try finished(($0.training, $0.validation, test), raw, unscaled) }
    }

    private var request: SampleRequest {
        SampleRequest(directory: directory, seed: self.seed, groupColumn: validation.groups)
    }

    private func readChecked() throws -> RawSamples {
        guard test >= 0, test < 1 else {
            throw ConfigurationError("data.test must be a fraction of at least 0, less than 1, received \(test)")
        }
        var raw = try source.reader.read(request)
        if validation.groups != nil, raw.groups == nil {
            throw ConfigurationError("data.validation.groups names a column of a table; \(source.name) has no columns")
        }
        raw.groups = try raw.groups.map { try byRow($0, of: raw.samples) }
        return raw
    }

    /// The group of each row of memory, of which the samples may be some.
    private func byRow(_ groups: [String], of samples: Dataset) throws -> [String] {
        guard groups.count == samples.count else {
            throw DatasetError(
                .malformed, "samples and groups differ in number", expected: "\(samples.count), one for each sample",
                received: groups.count.counted("group"), remedy: "Give the group of every sample.")
        }
        var result = Array(repeating: "", count: (samples.rows.max() ?? -1) + 1)
        for (row, group) in zip(samples.rows, groups) { result[row] = group }
        return result
    }

    // MARK: Division

    private typealias Parts = (training: Dataset, validation: Dataset?, test: Dataset?)

    private func isStratified(_ raw: RawSamples) -> Bool {
        validation.stratified && raw.samples.stratificationTarget != nil
    }

    private func held(_ raw: RawSamples, _ dataset: Dataset, _ fraction: Double, _ seed: UInt64) throws -> (
        training: Dataset, validation: Dataset
    ) {
        guard let groups = raw.groups else {
            return try dataset.split(validation: fraction, stratified: isStratified(raw), seed: seed)
        }
        return try dataset.split(validation: fraction, groups: dataset.rows.map { groups[$0] }, seed: seed)
    }

    /// The samples without the test part, and it.
    private func withTest(_ raw: RawSamples, _ dataset: Dataset) throws -> (rest: Dataset, test: Dataset?) {
        guard raw.test == nil, test > 0 else { return (dataset, raw.test) }
        // Another order than that of the validation part.
        let parts = try held(raw, dataset, test, self.seed ^ 0x7465_7374)
        return (parts.training, parts.validation)
    }

    private func divided(_ raw: RawSamples, seed: UInt64) throws -> Parts {
        if let file = validation.file {
            // The file numbers the samples of the source.
            let numbered = try raw.samples.split(validationFile: request.path(file))
            let (training, test) = try withTest(raw, numbered.training)
            return (training, numbered.validation, test)
        }
        let (rest, test) = try withTest(raw, raw.samples)
        guard validation.fraction != 0 else { return (rest, nil, test) }
        let parts = try held(raw, rest, validation.fraction, seed)
        return (parts.training, parts.validation, test)
    }

    /// The parts with missing values filled and normalized, both by what the training part says.
    ///
    /// - Parameter corpus: How one long text became samples, if it did.
    private func finished(
        _ parts: Parts, _ raw: RawSamples, _ unscaled: Set<String>, _ corpus: TextReading? = nil
    ) throws -> LoadedData {
        var parts = parts
        let texts = try raw.texts?.read(fittingTo: parts.training.rows)
        if let texts {
            let tokens = texts.reading.encoding == .sequence ? texts.reading.tokenizer : nil
            let inputs = [
                InputColumn(
                    name: "", column: texts.column, vocabularySize: tokens?.vocabularySize, padding: tokens?.ownPadding)
            ]
            parts.training = parts.training.replacing(inputs: inputs)
            parts.validation = parts.validation?.replacing(inputs: inputs)
            parts.test = parts.test?.replacing(inputs: inputs)
        }
        if raw.samples.hasMissing, let names = raw.featureNames {
            let given = [parts.training, parts.validation, parts.test].compactMap { $0 }
            var filled = try Dataset.fillingMissing(given, byMeansOf: parts.training, names: names)[...]
            parts.training = filled.removeFirst()
            if parts.validation != nil { parts.validation = filled.removeFirst() }
            if parts.test != nil { parts.test = filled.removeFirst() }
        }
        if let rule = normalize ?? source.reader.usualScaling ?? (unscaled.isEmpty ? nil : Scaling.none) {
            let preprocessing = try rule.fitted(
                to: try parts.training.measured(), except: normalize == nil ? unscaled : [])
            parts.training.preprocessing = preprocessing
            parts.validation?.preprocessing = preprocessing
            parts.test?.preprocessing = preprocessing
        }
        try parts.training.check(augment)
        return LoadedData(
            training: parts.training, validation: parts.validation, test: parts.test, featureNames: raw.featureNames,
            columns: raw.columns,
            // That characters are rare is no news.
            notes: raw.notes + (corpus == nil ? DataNotes.of(parts.training, parts.validation, parts.test) : []),
            augmentations: augment, text: texts?.reading ?? corpus)
    }
}

extension Dataset {
    /// The samples that a normalization is learned from: all of them, or 10 000 where each must be read from a file.
    fileprivate func measured() throws -> Dataset {
        let limit = 10_000
        guard !isInMemory, count > limit else { return self }
        return try subset((0..<limit).map { $0 * count / limit })
    }
}
