import ApusBackend
import ApusFormats
import ApusTensor
import Foundation

/// `Tests/Fixtures/augmentations.safetensors`: what PyTorch, SciPy and scikit-learn compute.
struct AugmentationFixtures {
    private let file: SafetensorsFile

    /// Changes of geometry, one after the other.
    struct Steps: Decodable {
        struct Step: Decodable {
            var name: String
            var values: [Double]
        }
        var steps: [Step]
    }

    init() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        file = try SafetensorsFile(tests.appending(path: "Fixtures/augmentations.safetensors").path)
    }

    static func names(_ prefix: String) throws -> [String] {
        try AugmentationFixtures().file.metadata.keys.filter { $0.hasPrefix(prefix) }.sorted()
    }

    func steps(_ name: String) throws -> [Steps.Step] {
        try JSONDecoder().decode(Steps.self, from: Data(file.metadata[name, default: ""].utf8)).steps
    }

    subscript(path: String) -> Tensor {
        get throws {
            let type = try file.type(of: path)
            let buffer = Buffer(byteCount: type.byteCount)
            try file.read(path, into: buffer.mutableBytes)
            return Tensor(buffer, type)
        }
    }
}

extension Decodable {
    /// The value of a text as experiment files have it.
    static func read(_ text: String) throws -> Self { try JSONDecoder().decode(Self.self, from: Data(text.utf8)) }

    /// Why a text can't be read.
    static func failure(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch DecodingError.dataCorrupted(let context) {
            return context.debugDescription
        } catch DecodingError.keyNotFound(_, let context) {
            return context.debugDescription
        } catch {
            return "\(error)"
        }
    }
}

/// The greatest distance of the sample's distribution function from the expected one, times √n (Kolmogorov–Smirnov).
///
/// Above 1.95 in one of 1000 samples of the right distribution.
func kolmogorovSmirnov(_ values: [Double], _ distribution: (Double) -> Double) -> Double {
    let count = Double(values.count)
    let distance = values.sorted().enumerated().map { index, value in
        max(distribution(value) - Double(index) / count, Double(index + 1) / count - distribution(value))
    }.max()
    return (distance ?? 0) * count.squareRoot()
}
