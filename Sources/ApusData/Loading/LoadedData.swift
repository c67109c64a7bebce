import ApusConfiguration
import ApusFormats
public import ApusGraph
public import ApusText

/// The samples of an experiment: read, divided and normalized.
///
/// ```swift
/// let data = try DataSource(source: .generated(.blobs(count: 300))).load(seed: 7)
/// print(data.parts)     // how many samples each part has
/// for note in data.notes { print(note) }
/// ```
public struct LoadedData: Sendable {
    /// The part that is trained on.
    public let training: Dataset
    /// The part that is held back to measure on while training.
    public let validation: Dataset?
    /// The part that no choice depends on.
    public let test: Dataset?
    /// What the columns of a table are, one a feature: `petal width`, `color=red`.
    public let featureNames: [String]?
    /// What each column of a table was taken for.
    public let columns: [TableColumn]
    /// What people should know of the data, if anything: classes without samples to train on, files that were left out.
    public let notes: [String]
    /// Random changes of the training samples; they fit them.
    public let augmentations: [Augmentation]

    /// How texts became samples, if they are texts.
    public let text: TextReading?

    /// Whether a program gave them: no file names where they come from.
    package let isGiven: Bool

    /// Data of one's own, divided, in place of those that an experiment names: its run has a folder, is resumed and tells what it did.
    ///
    /// ```swift
    /// import ApusExperiments
    ///
    /// let (training, test) = try Dataset.moons(count: 400, noise: 0.1, seed: 1).split(validation: 0.2, seed: 7)
    /// let experiment = Experiment(name: "own", model: .layers(Sequential { Dense(8, activation: .relu); Dense(2) }), epochs: 3)
    /// var run = try ExperimentRun(experiment, data: LoadedData(training: training, test: test))
    /// try run.train()
    /// ```
    ///
    /// - Parameters:
    ///   - training: The part that is trained on, with the scaling that all parts get.
    ///   - validation: The part that is held back to measure on while training.
    ///   - test: The part that no choice depends on.
    ///   - augmentations: Random changes of the training samples.
    /// - Throws: `DatasetError` if the augmentations do not fit the samples.
    public init(
        training: Dataset, validation: Dataset? = nil, test: Dataset? = nil, augmentations: [Augmentation] = []
    ) throws {
        try training.check(augmentations)
        var (validation, test) = (validation, test)
        validation?.preprocessing = training.preprocessing
        test?.preprocessing = training.preprocessing
        let names = training.inputColumns.flatMap(\.features)
        self.init(
            training: training, validation: validation, test: test, featureNames: names.isEmpty ? nil : names,
            columns: [], notes: DataNotes.of(training, validation, test), augmentations: augmentations, isGiven: true)
    }

    init(
        training: Dataset, validation: Dataset?, test: Dataset?, featureNames: [String]?, columns: [TableColumn],
        notes: [String], augmentations: [Augmentation], isGiven: Bool = false, text: TextReading? = nil
    ) {
        self.text = text
        self.training = training
        self.validation = validation
        self.test = test
        self.featureNames = featureNames
        self.columns = columns
        self.notes = notes
        self.augmentations = augmentations
        self.isGiven = isGiven
    }

    /// What sort of samples there are.
    public enum Kind: String, Sendable, Codable {
        /// Images `[height, width, channels]`.
        case images
        /// Rows of features.
        case table
        /// Sequences.
        case sequence
    }

    /// The classes in the order of the labels; `nil` for regression.
    public var classNames: [String]? { training.isClassification ? training.classNames : nil }

    /// A 64-bit hash of all three parts, from their fingerprints.
    public var fingerprint: UInt64 {
        var hash = XXH3()
        for part in [training, validation, test] { hash.add(part?.fingerprint ?? 0) }
        return hash.value
    }

    /// The fingerprint as records of runs hold it.
    package var fingerprintText: String { XXH3.text(fingerprint) }

    /// The fingerprint as a record holds it that was made by this version, or by one with the former hash.
    package func fingerprintText(like recorded: String) -> String {
        guard !recorded.hasPrefix(XXH3.prefix) else { return fingerprintText }
        var hash = FormerHash()
        for part in [training, validation, test] { hash.add(part?.fingerprint(by: FormerHash.self) ?? 0) }
        return String(hash.value, radix: 16)
    }

    /// The shape of one sample: the model's input.
    public var sampleShape: Shape { training.sampleShape }

    /// The kind of samples, by the axes of one: three are images, two a sequence, all else a table; of texts what they become.
    public var kind: Kind {
        switch sampleShape.rank {
        case 3: .images
        case 2: .sequence
        case 1 where text?.encoding == .sequence: .sequence
        default: .table
        }
    }
}

extension LoadedData: CustomStringConvertible {
    /// The samples of training and validation in a line: `60000 images 28x28x1, 10 classes`.
    public var description: String {
        let count = training.count + (validation?.count ?? 0)
        let size = sampleShape.dimensions.map(String.init).joined(separator: "x")
        let samples =
            switch kind {
            case _ where text?.stride != nil: (count == 1 ? "window" : "windows") + " of \(sampleShape[0]) tokens"
            case _ where text != nil: count == 1 ? "text" : "texts"
            case .images: count == 1 ? "image \(size)" : "images \(size)"
            case .sequence: count == 1 ? "sequence \(size)" : "sequences \(size)"
            case .table: (count == 1 ? "row" : "rows") + " of \(featureCount.counted("feature"))"
            }
        let targets = training.targetNames.map { name in
            let classes = training.classNames(of: name).count
            return
                (training.isClassification(of: name)
                ? classes.counted("class", "classes") : training.targetType(of: name).shape.count.counted("target"))
                + (name.isEmpty ? "" : " (\(name))")
        }
        return "\(count) \(samples), \(training.hasTargets ? targets.joined(separator: ", ") : "no targets")"
            + (training.isInMemory ? "" : ", read while training")
    }

    /// The features of all inputs together.
    private var featureCount: Int { training.inputNames.reduce(0) { $0 + training.sampleShape(of: $1).count } }

    /// How they are divided: `54000 to train on, 6000 to validate, 10000 to test`.
    public var parts: String {
        "\(training.count) to train on, \(validation?.count ?? 0) to validate, \(test?.count ?? 0) to test"
    }
}

extension LoadedData {
    /// What people should know of the data, a line each: the notes, and what the columns of a table were taken for.
    ///
    /// Columns of plain numbers share a line.
    public var remarks: [String] {
        let plain = columns.filter { $0.role == .feature && $0.reading == .number && $0.remark == nil }
        let others = columns.filter { !plain.contains($0) }
        let limit = 40
        var lines = (text.map { ["texts are \($0)"] } ?? []) + notes + others.prefix(limit).map { "column \($0)" }
        if others.count > limit {
            lines.append("and \((others.count - limit).counted("other column")), which the report lists")
        }
        if !plain.isEmpty { lines.append("\(plain.count.counted("column")) of numbers: \(plain.map(\.name).shown())") }
        return lines
    }
}
