import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor
import Foundation

extension NPZSource {
    /// Reads the arrays.
    public func read(_ request: SampleRequest) throws -> RawSamples {
        let path = request.path(file)
        guard (testInputs == nil) == (testTargets == nil) else {
            throw ConfigurationError("npz needs both testInputs and testTargets, or none of them")
        }
        let array = try NPZSource.reader(path)
        func arrays(_ inputs: String, _ targets: String) throws -> (inputs: Tensor, targets: NumericArray) {
            (try NPZSource.samples(try array(inputs), path, inputs), try array(targets))
        }
        let train = try arrays(inputs, targets)
        let test = try testInputs.map { try arrays($0, testTargets ?? "") }
        let isClassification =
            task.map { $0 == .classification } ?? (train.targets.elementType.isInteger && train.targets.shape.rank == 1)
        func dataset(_ arrays: (inputs: Tensor, targets: NumericArray), _ classCount: Int, _ name: String) throws
            -> Dataset
        {
            do {
                guard isClassification else {
                    return try Dataset(inputs: arrays.inputs, targets: try NPZSource.numbers(arrays.targets))
                }
                return try Dataset(
                    inputs: arrays.inputs, labels: try NPZSource.labels(arrays.targets),
                    classNames: (0..<classCount).map { "\($0)" })
            } catch var error as DatasetError {
                error.problem = "\(path), \(name): \(error.problem)"
                throw error
            }
        }
        let classCount =
            try isClassification
            ? ([train.targets] + (test.map { [$0.targets] } ?? [])).map {
                try NPZSource.labels($0).max() ?? -1
            }.max()! + 1 : 0
        guard classCount <= 1 << 20 else {
            throw DatasetError(
                .malformed, "\(path): a label of \(targets) is out of range", expected: "0..<\(1 << 20)",
                received: "\(classCount - 1)", remedy: "Number the classes from 0, or give task: regression.")
        }
        let samples = try dataset(train, classCount, "\(inputs) and \(targets)")
        let testing = try test.map { try dataset($0, classCount, "\(testInputs ?? "") and \(testTargets ?? "")") }
        if let testing, testing.sampleShape != samples.sampleShape {
            throw DatasetError(
                .malformed, "\(path): the samples of training and test differ in shape",
                expected: "\(samples.sampleShape), as \(inputs)", received: "\(testing.sampleShape)",
                remedy: "Give arrays of one data set.")
        }
        return RawSamples(samples, test: testing)
    }

    /// Reads arrays by name: of an archive, or of a folder's `.npy` files.
    private static func reader(_ path: String) throws -> (String) throws -> NumericArray {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            return { try NPY.read("\(path)/\($0).npy") }
        }
        let file = try NPZFile(path)
        return { try file.array($0) }
    }

    /// Samples as they are stored if they are bytes, else as `float32`.
    private static func samples(_ array: NumericArray, _ path: String, _ name: String) throws -> Tensor {
        guard array.shape.rank > 0, array.count > 0 else {
            throw DatasetError(
                .malformed, "\(path): the array \(name) holds no samples", expected: "the shape [N, …]",
                received: "\(array)", remedy: "Give an array whose first axis counts the samples.")
        }
        let isBytes = array.elementType == .uint8
        let isGray = isBytes && array.shape.rank == 3
        let shape = isGray || array.shape.rank == 1 ? Shape(array.shape.dimensions + [1]) : array.shape
        let tensor = Tensor(bytes: array.bytes, TensorType(shape, array.elementType))
        return try (isBytes || array.elementType == .float32 ? tensor : tensor.cast(to: .float32)).evaluated()
    }

    private static func labels(_ array: NumericArray) throws -> [Int] {
        let tensor = try Tensor(bytes: array.bytes, array.type).evaluated()
        let isColumn = array.shape.rank == 2 && array.shape[1] == 1
        guard array.shape.rank == 1 || isColumn else {
            throw DatasetError(
                .malformed, "labels must be one whole number a sample", expected: "the shape [N]",
                received: "\(array)", remedy: "Give the number of the class, not a vector of it.")
        }
        if !array.elementType.isInteger {
            let numbers = tensor.scalars(as: Double.self)
            if let row = numbers.firstIndex(where: { $0 != $0.rounded() || !$0.isFinite }) {
                throw DatasetError(
                    .malformed, "the label of row \(row) is no class", expected: "a whole number",
                    received: "\(numbers[row])", remedy: "To predict numbers, give task: regression.")
            }
        }
        return tensor.scalars(as: Int.self)
    }

    /// Targets `[N, …]`; `[N]` becomes `[N, 1]`.
    private static func numbers(_ array: NumericArray) throws -> Tensor {
        let shape = array.shape.rank == 1 ? Shape(array.shape.dimensions + [1]) : array.shape
        return try Tensor(bytes: array.bytes, TensorType(shape, array.elementType)).cast(to: .float32).evaluated()
    }
}
