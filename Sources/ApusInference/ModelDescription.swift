import ApusConfiguration
import ApusData
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor
import Foundation

/// All of a trained model but its numbers, as its file holds it in JSON beside the arrays.
struct ModelDescription: Codable {
    /// The key among the metadata of the file.
    static let key = "apus-model"
    /// The version that is written, and the newest that is read.
    static let version = 1

    let version: Int
    let model: AnyLayer
    let input: [Int]
    let preprocessing: Preprocessing
    let classNames: [String]
    let meaning: OutputMeaning
    let precision: NumericPrecision

    /// - Throws: `FormatError` for a model that is no layer.
    init(_ trained: TrainedModel, path: String) throws(FormatError) {
        guard let layer = trained.model as? any Layer else {
            throw FormatError(
                .unsupported, path: path, "the model can't be written",
                expected: "a layer, which takes and yields one tensor",
                received: trained.model.label, remedy: "Write its weights: variables.write(safetensors:).")
        }
        version = ModelDescription.version
        model = AnyLayer(layer)
        input = trained.inputShape.dimensions
        preprocessing = trained.preprocessing
        classNames = trained.classNames
        meaning = trained.meaning
        precision = trained.precision
    }

    /// Reads the description from the metadata of a file.
    ///
    /// - Throws: `FormatError` if there is none, it is of a newer version, or damaged.
    init(_ metadata: [String: String], path: String) throws(FormatError) {
        guard let text = metadata[ModelDescription.key] else {
            throw FormatError(
                .mismatch, path: path, "the file holds no trained model",
                expected: "a description of the model in its metadata, \(ModelDescription.key)",
                received: metadata.isEmpty ? "no metadata" : metadata.keys.sorted().prefix(5).joined(separator: ", "),
                remedy:
                    "Give a file that TrainedModel.write(to:) wrote; weights alone are loaded into a model's variables."
            )
        }
        do {
            let decoder = FileJSON.decoder()
            let version = try decoder.decode(Version.self, from: Data(text.utf8)).version
            guard version == ModelDescription.version else {
                throw FormatError(
                    .unsupported, path: path, "the model was written in another version of the format",
                    expected: "version \(ModelDescription.version)", received: "version \(version)",
                    remedy: "Read it with a newer version of Apus, or write it again with this one.")
            }
            self = try decoder.decode(ModelDescription.self, from: Data(text.utf8))
        } catch let error as FormatError {
            throw error
        } catch {
            throw FormatError(
                .malformed, path: path, "the description of the model can't be read",
                expected: "a model and its inputs",
                received: ModelDescription.problem(error),
                remedy: "Register custom layers before reading; if there are none, write the file again.")
        }
        guard !input.isEmpty, input.allSatisfy({ $0 > 0 }) else {
            throw FormatError(
                .malformed, path: path, "the shape of a sample is none", expected: "positive numbers",
                received: "\(input)", remedy: "Write the file again.")
        }
    }

    private struct Version: Decodable { let version: Int }

    /// The description as JSON.
    ///
    /// - Throws: `FormatError` for layers that would not come back.
    func text(path: String) throws(FormatError) -> String {
        do { return try FileJSON.text(self) } catch {
            throw FormatError(
                .unsupported, path: path, "the model can't be written", received: ModelDescription.problem(error),
                remedy: "Make custom layers Codable and register them.")
        }
    }

    /// What coding says, with the place: `model.0.dense: …`.
    private static func problem(_ error: any Error) -> String {
        let context: (path: [any CodingKey], text: String)? =
            switch error {
            case DecodingError.keyNotFound(let key, let context): (context.codingPath, "no \(key.stringValue)")
            case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
                DecodingError.dataCorrupted(let context):
                (context.codingPath, context.debugDescription)
            case EncodingError.invalidValue(_, let context): (context.codingPath, context.debugDescription)
            default: nil
            }
        guard let context else { return "\(error)" }
        let place = context.path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return place.isEmpty ? context.text : "\(place): \(context.text)"
    }
}
