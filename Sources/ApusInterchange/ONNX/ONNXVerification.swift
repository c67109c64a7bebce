import ApusConfiguration
public import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor
import Foundation

/// The comparison of models with the outputs that belong to them, as the test data of ONNX hold them.
///
/// A case is a model and folders `test_data_set_0`, `test_data_set_1`, … with `input_0.pb`, …, `output_0.pb`, …
///
/// ```swift
/// let result = try ONNXVerification(of: ["/usr/share/libonnx-testdata/data/node/test_relu"])
/// print(result.passed.count, result.failures, result.skipped)
/// ```
public struct ONNXVerification: Sendable {
    /// How far outputs may be from those that are expected: |a − b| ≤ absolute + relative · |b|.
    public struct Tolerance: Sendable, Hashable {
        /// The share of the expected number.
        public var relative: Double
        /// What is added to that.
        public var absolute: Double

        /// Creates a value; arguments set the properties of their names.
        public init(relative: Double = 1e-3, absolute: Double = 1e-7) {
            self.relative = relative
            self.absolute = absolute
        }
    }

    /// A case that did not pass, and why.
    public struct Remark: Sendable, Hashable, CustomStringConvertible {
        /// The folder of the case.
        public var name: String
        /// What is different, or what is not known.
        public var reason: String

        public var description: String { "\(name): \(reason)" }
    }

    /// The cases whose outputs are those that are expected.
    public private(set) var passed: [String] = []
    /// The cases with other outputs, or that can't be computed, with the first difference.
    public private(set) var failures: [Remark] = []
    /// The cases that were not tried, with the reason.
    public private(set) var skipped: [Remark] = []

    private let tolerance: Tolerance

    /// Runs models and compares.
    ///
    /// - Parameters:
    ///   - paths: Folders of cases, or folders in which cases are; or a model's file, followed by the folders of its data.
    ///   - tolerance: How far outputs may be off.
    /// - Throws: `FormatError` if a path leads nowhere, or to no case.
    public init(of paths: [String], tolerance: Tolerance = Tolerance()) throws(FormatError) {
        self.tolerance = tolerance
        if let model = paths.first, !FileManager.default.isFolder(model) {
            let folders = paths.count > 1 ? Array(paths.dropFirst()) : [(model as NSString).deletingLastPathComponent]
            let sets = folders.flatMap { Self.isData($0) ? [$0] : Self.sets(in: $0.isEmpty ? "." : $0) }
            guard !sets.isEmpty else { throw Self.nothing(folders.joined(separator: ", ")) }
            verify(model, sets)
            return
        }
        for path in paths {
            let cases = try Self.cases(in: path)
            guard !cases.isEmpty else { throw Self.nothing(path) }
            for folder in cases { verify("\(folder)/model.onnx", Self.sets(in: folder)) }
        }
    }

    // MARK: Folders

    private static func nothing(_ path: String) -> FormatError {
        FormatError(
            .missing, path: path, "there are no test data",
            expected: "folders test_data_set_0, … beside model.onnx, with input_0.pb and output_0.pb in them",
            remedy: "Check the path.")
    }

    /// The folders with a model and data, the given one or those below it.
    private static func cases(in folder: String) throws(FormatError) -> [String] {
        guard FileManager.default.isFolder(folder) else {
            throw FormatError(.missing, path: folder, "there is no such folder", remedy: "Check the path.")
        }
        let inner = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
            .filter { ($0 as NSString).lastPathComponent == "model.onnx" }.sorted()
        return inner.map { name in
            let parent = (name as NSString).deletingLastPathComponent
            return parent.isEmpty ? folder : "\(folder)/\(parent)"
        }.filter { !sets(in: $0).isEmpty }
    }

    /// The folders of data in the folder of a case, by number.
    private static func sets(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasPrefix("test_data_set_") }.sorted { ($0.count, $0) < ($1.count, $1) }
            .map { "\(folder)/\($0)" }
    }

    private static func isData(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/output_0.pb")
    }

    // MARK: One case

    private mutating func verify(_ path: String, _ sets: [String]) {
        let name = (path as NSString).deletingLastPathComponent
        do throws(FormatError) {
            let model = try ONNXModel(path)
            for set in sets {
                guard let difference = try difference(model, set) else { continue }
                let note = Remark(name: name, reason: difference.text)
                if difference.isSkipped { skipped.append(note) } else { failures.append(note) }
                return
            }
            passed.append(name)
        } catch {
            let note = Remark(name: name, reason: "\(error)")
            if error.kind == .unsupported { skipped.append(note) } else { failures.append(note) }
        }
    }

    /// What is different, or why a case is not tried.
    private struct Difference {
        let text: String
        var isSkipped = false
    }

    private func difference(_ model: ONNXModel, _ folder: String) throws(FormatError) -> Difference? {
        let graph = model.storage.graph
        var inputs = Values()
        for (place, port) in graph.inputs.enumerated() {
            let given = try Self.tensor("\(folder)/input_\(place).pb")
            guard given.type == port.type else { return foreign("input", port, given) }
            inputs[port.name] = given.tensor
        }
        let outputs: Values
        do {
            outputs = model.applied(to: inputs, with: model.variables, mode: .inference).outputs
            try evaluate(outputs.leaves)
        } catch {
            // A model that draws needs a key, and what is drawn elsewhere is something else.
            let text = "\(error)"
            return Difference(text: text, isSkipped: text.contains("draws random numbers"))
        }
        for (place, port) in graph.outputs.enumerated() {
            let file = "\(folder)/output_\(place).pb"
            guard FileManager.default.fileExists(atPath: file) else { continue }
            let expected = try Self.tensor(file)
            guard expected.type == port.type else { return foreign("output", port, expected) }
            if let text = difference(outputs[port.name], expected.tensor) {
                return Difference(text: "output \(port.name.quoted): \(text)")
            }
        }
        return nil
    }

    /// The data are of another type than the model says: they are those of another version of it.
    private func foreign(_ what: String, _ port: ONNXGraph.Port, _ given: ONNXTensor) -> Difference {
        Difference(
            text:
                "the model declares the \(what) \(port.name.quoted) as \(port.type.name), the data hold \(given.type.name)",
            isSkipped: true)
    }

    private static func tensor(_ path: String) throws(FormatError) -> ONNXTensor {
        let proto = try ONNXFile.message(Onnx_TensorProto.self, path: path, content: "a tensor of ONNX")
        return try ONNXFile(path: path).tensor(proto, "the tensor")
    }

    /// The first difference of two tensors.
    private func difference(_ received: Tensor, _ expected: Tensor) -> String? {
        // Models yield float32 where they compute in bfloat16.
        let expected = expected.elementType == .bfloat16 ? expected.cast(to: .float32) : expected
        guard received.shape == expected.shape, received.elementType == expected.elementType else {
            return
                "expected \(expected.elementType)\(expected.shape), received \(received.elementType)\(received.shape)"
        }
        let isExact = !expected.elementType.isFloatingPoint
        if isExact {
            let pairs = zip(received.scalars(as: Int.self), expected.scalars(as: Int.self))
            return first(pairs.enumerated().first { $0.element.0 != $0.element.1 }, expected.shape)
        }
        let pairs = zip(received.scalars(as: Double.self), expected.scalars(as: Double.self))
        return first(pairs.enumerated().first { !isClose($0.element.0, $0.element.1) }, expected.shape)
    }

    private func isClose(_ received: Double, _ expected: Double) -> Bool {
        received == expected || received.isNaN && expected.isNaN
            || expected.isFinite && abs(received - expected) <= tolerance.absolute + tolerance.relative * abs(expected)
    }

    private func first<Number>(_ found: (offset: Int, element: (Number, Number))?, _ shape: Shape) -> String? {
        guard let found else { return nil }
        let index = zip(shape.strides, shape.dimensions).map { found.offset / max(1, $0) % max(1, $1) }
        return "at \(index) expected \(found.element.1), received \(found.element.0)"
    }
}

extension FileManager {
    /// Whether a path is that of a folder.
    fileprivate func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
