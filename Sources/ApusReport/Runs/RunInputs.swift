public import ApusData
public import ApusGraph
import ApusFormats
public import ApusTraining
import Foundation

/// What a run's model takes and says, so that predictions need no data set: `inputs.json`.
public struct RunInputs: Sendable, Hashable, Codable {
    public var version = 1
    /// The shape of one sample, such as [28, 28, 1].
    public var shape: [Int]
    /// The element type of the samples as stored, such as `uint8`.
    public var elementType: String
    /// How samples are scaled before the model sees them.
    public var normalization: InputNormalization
    /// The classes in the order of their labels; empty where numbers are predicted.
    public var classNames: [String]

    public init(
        shape: Shape, elementType: ElementType, normalization: InputNormalization, classNames: [String]
    ) {
        self.shape = shape.dimensions
        self.elementType = "\(elementType)"
        self.normalization = normalization
        self.classNames = classNames
    }

    /// Those of a data set.
    public init(_ dataset: Dataset) {
        self.init(
            shape: dataset.sampleShape, elementType: dataset.elementType, normalization: dataset.normalization,
            classNames: dataset.classNames)
    }

    public var sampleShape: Shape { Shape(shape) }
}

extension RunFolder {
    public func write(_ inputs: RunInputs) throws { try write("inputs.json", json: inputs) }

    /// What the run's model takes.
    ///
    /// - Throws: `TrainingError` if the run has no `inputs.json`, or it can't be read.
    public func inputs() throws -> RunInputs {
        let file = "\(path)/inputs.json"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw TrainingError(
                "\(path) has no inputs.json, which says what the network takes. The run was made by an older version: train again",
                kind: .missing)
        }
        do {
            let inputs = try JSONDecoder().decode(RunInputs.self, from: data)
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
