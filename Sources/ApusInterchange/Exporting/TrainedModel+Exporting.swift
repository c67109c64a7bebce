import ApusFormats
package import ApusInference
import ApusNN
package import ApusTensor
import Foundation

extension TrainedModel {
    /// Writes the model in a format, and takes the file for good only where it computes the same as the model; one that was there before
    /// stays otherwise.
    ///
    /// - Returns: How far outputs are off as a share of the largest element.
    /// - Throws: `FormatError` for what the format has no counterpart of, where the outputs differ, and if the disk refuses.
    @discardableResult
    package func export(to path: String, with exporter: any ModelExporter) throws -> Double {
        let url = URL(filePath: path)
        let draft = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).draft").path
        defer { try? FileManager.default.removeItem(atPath: draft) }
        do { try exporter.write(self, to: draft, standingFor: path) } catch var error as FormatError {
            if error.path == draft { error.path = path }
            throw error
        }
        let distance = try ExportCheck(self).distance(path: path) { try exporter.outputs(of: draft, self, $0) }
        let result = FileCalls.system.rename(draft, path)
        guard result >= 0 else { throw FormatError.writing(path, code: Int32(clamping: -result), while: "renaming it") }
        return distance
    }
}

/// Compares what a file computes with what a model does, on random samples.
package struct ExportCheck {
    /// How far outputs may be off, as a share of the largest element: sums of float32 in another order.
    package static let tolerance = 1e-4
    private static let samples = 2

    private let model: TrainedModel

    package init(_ model: TrainedModel) {
        self.model = model
    }

    /// - Parameters:
    ///   - path: The file in messages.
    ///   - outputs: What the file computes from what the network receives.
    /// - Returns: The largest difference as a share of the largest element.
    /// - Throws: `FormatError` if it is too large.
    package func distance(path: String, outputs: (Values) throws -> Values) throws -> Double {
        let inputs = try self.inputs()
        let received = try outputs(inputs)
        let expected = model.model.applied(to: inputs, with: model.variables, mode: .inference).outputs
        try evaluate(expected.leaves + received.leaves)
        var largest = 0.0
        for (name, tensor) in expected {
            let (a, b) = (tensor.scalars(as: Double.self), received[name].scalars(as: Double.self))
            let size = a.reduce(0) { max($0, abs($1)) }
            // A NaN is different from everything but NaN.
            let distances = zip(a, b).map {
                $0 == $1 || $0.isNaN && $1.isNaN ? 0 : abs($0 - $1) / max(size, .leastNormalMagnitude)
            }
            let distance = distances.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
            guard tensor.shape == received[name].shape, distance <= ExportCheck.tolerance else {
                throw FormatError(
                    .mismatch, path: path,
                    "the file computes\(name.isEmpty ? "" : " for \"\(name)\"") other numbers than the model, and is not kept",
                    expected: "\(tensor.shape) to \(ExportCheck.tolerance) of the largest element",
                    received: tensor.shape == received[name].shape ? "\(distance)" : "\(received[name].shape)",
                    remedy: "This is a defect of the writer: please report it with the model.")
            }
            largest = max(largest, distance)
        }
        return largest
    }

    /// Random samples as the network receives them. Whole numbers that are not scaled may be words or classes: they are 0 and 1.
    private func inputs() throws -> Values {
        let details = model.details
        let inputs = Values(
            details.inputs.map { input -> (name: String, tensor: Tensor) in
                let shape = Shape([ExportCheck.samples] + input.shape.dimensions)
                let key = RandomKey(seed: 0).child(input.name)
                let scaling = details.preprocessing[input.name]
                guard input.elementType.isInteger else { return (input.name, .normal(shape, key: key)) }
                return scaling == .identity
                    ? (input.name, (Tensor.uniform(shape, key: key) * 2).cast(to: .int32).cast(to: .float32))
                    : (input.name, scaling((Tensor.uniform(shape, key: key) * 255).cast(to: .uint8)))
            })
        try evaluate(inputs.leaves)
        return inputs
    }
}
