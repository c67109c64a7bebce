import ApusConfiguration
public import ApusData
public import ApusGraph
import ApusTraining
import Foundation

/// What a run's model takes and says, so that predictions need no data set: `inputs.json`.
///
/// ```swift
/// let inputs = RunInputs(
///     shape: [28, 28, 1], elementType: .uint8, preprocessing: .unitRange,
///     classNames: ["cat", "dog"])
/// print(inputs.sampleShape)  // [28, 28, 1]
/// ```
public struct RunInputs: Sendable, Hashable, Codable {
    /// What the file is called in the folder of a run.
    static let fileName = "inputs.json"

    /// The version of the file.
    public var version = 1
    /// The shape of one sample, such as [28, 28, 1].
    public var shape: [Int]
    /// The element type of the samples as stored, such as `uint8`.
    public var elementType: String
    /// How samples are scaled before the model sees them.
    public var preprocessing: Preprocessing
    /// The classes in the order of their labels; empty where numbers are predicted.
    public var classNames: [String]
    /// The number of outputs of the model; `nil` in runs of older versions, whose networks of the zoo had ten.
    public var outputs: Int?
    /// The columns of a table, one a feature; `nil` for other samples.
    public var features: [Feature]?
    /// How tables are read, if the run was trained on one.
    public var table: CSVSource?
    /// What the columns of that table were taken for: predictions read them in the same way.
    public var columns: [TableColumn]?

    private enum CodingKeys: String, CodingKey {
        case version, shape, elementType, classNames, outputs, features, table, columns
        case preprocessing = "normalization"
    }

    /// A feature of a table: a column of numbers, or a word of a column of words, `color=red`.
    public struct Feature: Sendable, Hashable, Codable {
        /// The column, or the column and the word.
        public var name: String
        /// What stands for a number that is missing.
        public var mean: Double
    }

    /// What a model of samples without a table takes: `features` and `table` stay absent.
    public init(
        shape: Shape, elementType: ElementType, preprocessing: Preprocessing, classNames: [String]
    ) {
        self.shape = shape.dimensions
        self.elementType = "\(elementType)"
        self.preprocessing = preprocessing
        self.classNames = classNames
    }

    /// What a model of a data set's samples takes.
    public init(_ dataset: Dataset) {
        self.init(
            shape: dataset.sampleShape, elementType: dataset.elementType, preprocessing: dataset.preprocessing,
            classNames: dataset.classNames)
    }

    /// What the model of an experiment takes, by its data.
    public init(_ data: LoadedData, for experiment: Experiment) {
        self.init(data.training)
        outputs = experiment.outputCount(for: data.training)
        table = experiment.data.source.reader as? CSVSource
        if table != nil { columns = data.columns }
        guard let names = data.featureNames, data.training.sampleShape.rank == 1 else { return }
        let training = data.training
        var sums = Array(repeating: 0.0, count: names.count)
        for sample in 0..<training.count {
            for (place, value) in training.features(at: sample).scalars(as: Double.self).enumerated() {
                sums[place] += value
            }
        }
        features = zip(names, sums).map { Feature(name: $0, mean: $1 / Double(max(1, training.count))) }
    }

    /// The shape of one sample.
    public var sampleShape: Shape { Shape(shape) }
}

extension RunFolder {
    /// Writes `inputs.json`.
    public func write(_ inputs: RunInputs) throws { try write(RunInputs.fileName, json: inputs) }

    /// What the run's model takes.
    ///
    /// - Throws: `TrainingError` if the run has no `inputs.json`, or it can't be read.
    public func inputs() throws -> RunInputs {
        let file = "\(path)/\(RunInputs.fileName)"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw TrainingError(
                "\(path) has no \(RunInputs.fileName), which says what the network takes. The run was made by an older version: train again",
                kind: .missing)
        }
        do {
            let inputs = try FileJSON.decoder().decode(RunInputs.self, from: data)
            guard inputs.shape.allSatisfy({ $0 > 0 }) else {
                throw TrainingError(
                    "\(file): the shape of a sample must be positive, received \(inputs.shape)", kind: .malformed)
            }
            return inputs
        } catch let error as DecodingError {
            throw TrainingError("\(file) is damaged: \(error)", kind: .malformed)
        }
    }
}
