import ApusData
import ApusFormats
import ApusGraph
import ApusTensor
import Foundation

/// What a source holds, before it is divided.
struct RawData {
    /// The samples to train and validate on; those to test, too, if there is no `test`.
    var samples: Dataset
    var test: Dataset?
    var featureNames: [String]?
    /// The group of each row of memory.
    var groups: [String]?
}

extension DataSource {
    /// Reads the samples, divides and normalizes them.
    ///
    /// - Parameter seed: of the validation part
    /// - Throws: `TrainingError` for impossible settings; `FormatError` and `DatasetError` for missing and damaged files,
    ///   and for data that do not fit the settings.
    public func load(seed: UInt64) throws -> LoadedData {
        let raw = try readChecked()
        return try finished(try divided(raw, seed: seed), raw)
    }

    /// Reads the samples and divides them for k-fold cross-validation: what is not held back to test is in exactly one
    /// validation part. Each fold is normalized by its own training part; `validation.fraction` plays no role.
    ///
    /// - Parameters:
    ///   - k: at least 2
    ///   - seed: of the parts
    /// - Throws: as `load(seed:)`, and `TrainingError` if `validation.file` names the one part there is.
    public func folds(_ k: Int, seed: UInt64) throws -> [LoadedData] {
        if let file = validation.file {
            throw TrainingError(
                "data.validation.file gives one validation part, \(file), so there are no \(k) folds; leave it out")
        }
        let raw = try readChecked()
        let (rest, test) = try withTest(raw, raw.samples)
        let parts =
            if let groups = raw.groups {
                try rest.parts(folds: k, groups: rest.rows.map { groups[$0] }, seed: seed)
            } else {
                try rest.parts(folds: k, stratified: isStratified(raw), seed: seed)
            }
        return try parts.map { try finished(($0.training, $0.validation, test), raw) }
    }

    private func readChecked() throws -> RawData {
        guard test >= 0, test < 1 else {
            throw TrainingError("data.test must be a fraction of at least 0, less than 1, received \(test)")
        }
        let raw = try read()
        if validation.groups != nil, raw.groups == nil {
            throw TrainingError("data.validation.groups names a column of a table; \(source.name) has no columns")
        }
        return raw
    }

    // MARK: Division

    private typealias Parts = (training: Dataset, validation: Dataset?, test: Dataset?)

    private func isStratified(_ raw: RawData) -> Bool { validation.stratified && raw.samples.isClassification }

    private func held(_ raw: RawData, _ dataset: Dataset, _ fraction: Double, _ seed: UInt64) throws -> (
        training: Dataset, validation: Dataset
    ) {
        guard let groups = raw.groups else {
            return try dataset.parts(validation: fraction, stratified: isStratified(raw), seed: seed)
        }
        return try dataset.parts(validation: fraction, groups: dataset.rows.map { groups[$0] }, seed: seed)
    }

    /// The samples without the test part, and it.
    private func withTest(_ raw: RawData, _ dataset: Dataset) throws -> (rest: Dataset, test: Dataset?) {
        guard raw.test == nil, test > 0 else { return (dataset, raw.test) }
        // Another order than that of the validation part.
        let parts = try held(raw, dataset, test, self.seed ^ 0x7465_7374)
        return (parts.training, parts.validation)
    }

    private func divided(_ raw: RawData, seed: UInt64) throws -> Parts {
        if let file = validation.file {
            // The file numbers the samples of the source.
            let numbered = try raw.samples.parts(validationFile: path(file))
            let (training, test) = try withTest(raw, numbered.training)
            return (training, numbered.validation, test)
        }
        let (rest, test) = try withTest(raw, raw.samples)
        guard validation.fraction != 0 else { return (rest, nil, test) }
        let parts = try held(raw, rest, validation.fraction, seed)
        return (parts.training, parts.validation, test)
    }

    /// The parts with missing values filled and normalized, both by what the training part says.
    private func finished(_ parts: Parts, _ raw: RawData) throws -> LoadedData {
        var parts = parts
        if raw.samples.hasMissing, let names = raw.featureNames {
            let given = [parts.training, parts.validation, parts.test].compactMap { $0 }
            var filled = try Dataset.fillingMissing(given, byMeansOf: parts.training, names: names)[...]
            parts.training = filled.removeFirst()
            if parts.validation != nil { parts.validation = filled.removeFirst() }
            if parts.test != nil { parts.test = filled.removeFirst() }
        }
        if let rule = normalize ?? source.usualNormalization {
            let normalization = try rule.fitted(to: try parts.training.measured())
            parts.training.normalization = normalization
            parts.validation?.normalization = normalization
            parts.test?.normalization = normalization
        }
        try parts.training.check(augment)
        return LoadedData(
            training: parts.training, validation: parts.validation, test: parts.test, featureNames: raw.featureNames,
            augmentations: augment)
    }

    // MARK: Reading

    private func read() throws -> RawData {
        switch source {
        case .fashionMNIST:
            let (train, test) = try FashionMNIST.load(directory: directory)
            return RawData(samples: train, test: test)
        case .idx(let files):
            let (train, test) = try IDXFolder.load(directory: try folder(files.folder, "four IDX files, as of MNIST"))
            return RawData(samples: train, test: test)
        case .cifar10(let files): return try cifar(files, .cifar10)
        case .cifar100(let files): return try cifar(files, .cifar100)
        case .images(let files): return try images(files)
        case .csv(let table): return try table.read(path(table.file), groups: validation.groups)
        case .npz(let file): return try file.read(path(file.file))
        case .generated(let generator): return RawData(samples: try generator.dataset(seed: seed))
        }
    }

    /// A path of the settings, from `directory` on if it is relative.
    private func path(_ path: String) -> String {
        guard let directory, !path.hasPrefix("/") else { return path }
        return path == "." ? directory : "\(directory)/\(path)"
    }

    /// A folder that exists.
    private func folder(_ name: String, _ content: String) throws -> String {
        let path = path(name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw DatasetError(
                .missing, "\(path): there is no such folder", expected: "a folder with \(content)",
                remedy:
                    "Check the path; relative ones start from data.directory (--data), or else from where the command runs."
            )
        }
        return path
    }

    private func cifar(_ files: CIFARSource, _ sort: CIFAR) throws -> RawData {
        let folder = try folder(files.folder, "the binary version of \(sort)")
        let data = try CIFARFolder(folder)
        guard data.sort == sort else {
            throw DatasetError(
                .malformed, "\(folder): the folder holds another data set", expected: "\(sort)",
                received: "\(data.sort)", remedy: "Name the source \(data.sort == .cifar10 ? "cifar10" : "cifar100").")
        }
        func dataset(_ part: CIFAR.Part) throws -> Dataset {
            try Dataset(
                features: Tensor(bytes: part.images.bytes, part.images.type), labels: part.labels.bytes.map(Int.init),
                classNames: data.classNames, normalization: .unitRange)
        }
        return RawData(samples: try dataset(data.train), test: try dataset(data.test))
    }

    private func images(_ files: ImageSource) throws -> RawData {
        let content = "one sub-folder of PNG or JPEG images a class"
        func dataset(_ folder: ImageFolder, _ size: Shape?) throws -> Dataset {
            try .images(
                folder, height: files.height ?? size?[0], width: files.width ?? size?[1],
                channels: files.channels ?? size?[2], streams: files.stream)
        }
        let path = try folder(files.folder, content)
        let classes = try ImageFolder(path)
        let samples = try dataset(classes, nil)
        guard let name = files.testFolder else { return RawData(samples: samples) }
        let testPath = try folder(name, content)
        let testClasses = try ImageFolder(testPath)
        guard testClasses.classNames == classes.classNames else {
            throw DatasetError(
                .malformed, "\(testPath): the folder has other classes than \(path)",
                expected: classes.classNames.joined(separator: ", "),
                received: testClasses.classNames.joined(separator: ", "),
                remedy: "Name the sub-folders of both alike.")
        }
        return RawData(samples: samples, test: try dataset(testClasses, samples.sampleShape))
    }
}

extension SampleSource {
    /// The rule where the experiment gives none; `nil` if the samples come with constants.
    fileprivate var usualNormalization: NormalizationRule? {
        if case .fashionMNIST = self { nil } else { .standardize() }
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
