import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor
import Foundation

extension NPZSource {
    /// Reads the arrays.
    public func read(_ request: SampleRequest) throws -> RawSamples {
        let path = request.path(file)
        if let problem = settingProblem { throw ConfigurationError("npz \(problem)") }
        let array = try NPZSource.reader(path)
        func part(_ inputs: ArrayNames, _ targets: ArrayNames) throws -> Part {
            Part(
                names: "\(inputs.arrays.values.sorted().shown()) and \(targets.arrays.values.sorted().shown())",
                inputs: Values(
                    try inputs.sorted.map { ($0.name, try NPZSource.samples(try array($0.array), path, $0.array)) }),
                targets: try targets.sorted.map { ($0.name, try array($0.array)) })
        }
        let training = try part(inputs, targets)
        let test = try testInputs.map { try part($0, testTargets ?? [:]) }
        /// The number of classes of each target that has some, in both parts.
        var classCounts: [String: Int] = [:]
        for (name, array) in training.targets + (test?.targets ?? []) where isClassification(name, training) {
            let count = (try NPZSource.labels(array).max() ?? -1) + 1
            guard count <= 1 << 20 else {
                throw DatasetError(
                    .malformed, "\(path): a label of \(targets.arrays[name] ?? name) is out of range",
                    expected: "0..<\(1 << 20)", received: "\(count - 1)",
                    remedy: "Number the classes from 0, or give task: regression.")
            }
            classCounts[name] = max(count, classCounts[name] ?? 0)
        }
        let samples = try training.dataset(classCounts, path)
        let testing = try test?.dataset(classCounts, path)
        for name in samples.inputNames {
            guard let testing, testing.sampleShape(of: name) != samples.sampleShape(of: name) else { continue }
            throw DatasetError(
                .malformed, "\(path): the samples of training and test differ in shape",
                expected: "\(samples.sampleShape(of: name)), as \(inputs.arrays[name] ?? name)",
                received: "\(testing.sampleShape(of: name))", remedy: "Give arrays of one data set.")
        }
        return RawSamples(samples, test: testing)
    }

    public var settingProblem: String? {
        guard (testInputs == nil) == (testTargets == nil) else {
            return "needs both testInputs and testTargets, or none of them"
        }
        guard let testInputs, let testTargets else { return nil }
        return testInputs.arrays.keys == inputs.arrays.keys && testTargets.arrays.keys == targets.arrays.keys
            ? nil : "needs testInputs and testTargets of the same names as inputs and targets"
    }

    /// The arrays of training or test.
    private struct Part {
        /// The arrays, for messages.
        let names: String
        let inputs: Values
        let targets: [(name: String, array: NumericArray)]

        /// - Parameter classCounts: The number of classes of the targets that are labels.
        func dataset(_ classCounts: [String: Int], _ path: String) throws -> Dataset {
            do {
                let targets = try targets.map { name, array in
                    (
                        name,
                        try classCounts[name] == nil
                            ? NPZSource.numbers(array) : Tensor(NPZSource.labels(array))
                    )
                }
                return try Dataset(
                    inputs: inputs, targets: Values(targets),
                    classNames: classCounts.mapValues { (0..<$0).map { "\($0)" } })
            } catch var error as DatasetError {
                error.problem = "\(path), \(names): \(error.problem)"
                throw error
            }
        }
    }

    /// Whether a target is labels of classes.
    private func isClassification(_ name: String, _ training: Part) -> Bool {
        guard let array = training.targets.first(where: { $0.name == name })?.array else { return false }
        return task.map { $0 == .classification } ?? (array.elementType.isInteger && array.shape.rank == 1)
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
