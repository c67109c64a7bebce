import ApusConfiguration
package import ApusFormats
import ApusGraph
package import ApusNN
package import Foundation

extension ModelDescription {
    /// The key among the metadata of a model's file.
    package static let key = "apus-model"

    /// Reads the description from the metadata of a file.
    ///
    /// - Throws: `FormatError` if there is none, it is of a newer version, or damaged.
    package init(
        _ metadata: [String: String], path: String, kinds: [any (Model & Codable).Type]
    ) throws(FormatError) {
        guard let text = metadata[ModelDescription.key] else {
            throw FormatError(
                .mismatch, path: path, "the file holds no trained model",
                expected: "a description of the model in its metadata, \(ModelDescription.key)",
                received: metadata.isEmpty ? "no metadata" : metadata.keys.sorted().prefix(5).joined(separator: ", "),
                remedy:
                    "Give a file that TrainedModel.write(to:) wrote; weights alone are loaded into a model's variables."
            )
        }
        try self.init(json: Data(text.utf8), path: path, kinds: kinds, versions: 1...ModelDescription.version)
    }

    /// Reads the description from JSON.
    ///
    /// - Throws: `FormatError` if it is of another version, or damaged.
    package init(
        json: Data, path: String, kinds: [any (Model & Codable).Type], versions: ClosedRange<Int> = 2...2
    ) throws(FormatError) {
        let decoder = FileJSON.decoder()
        do {
            let version = try decoder.decode(Version.self, from: json).version
            guard versions.contains(version) else {
                let isNew = version > ModelDescription.version
                throw FormatError(
                    .unsupported, path: path, "the model was written in another version of the format",
                    expected: versions.count == 1
                        ? "version \(versions.lowerBound)" : "version \(versions.lowerBound) or \(versions.upperBound)",
                    received: "version \(version)",
                    remedy: isNew
                        ? "Read it with a newer version of Apus, or write it again with this one."
                        : "Train again, or open it with TrainedModel(run:) of ApusExperiments.")
            }
            decoder.userInfo[GivenKinds.key] = try GivenKinds(kinds)
            self = try decoder.decode(ModelDescription.self, from: json)
        } catch let error as FormatError {
            throw error
        } catch let error as RegistrationError {
            throw FormatError(
                .unsupported, path: path, "the kinds that are given can't be told from others", received: "\(error)",
                remedy: "Give each kind a name of its own.")
        } catch {
            throw FormatError(
                .malformed, path: path, "the description of the model can't be read",
                expected: "a model and its inputs", received: ModelDescription.problem(error),
                remedy:
                    "Give the kinds of custom layers and models, kinds: […], or register them before; if there are none, "
                    + "write the file again.")
        }
        try check(path)
    }

    private struct Version: Decodable { let version: Int }

    /// What decoding does not see.
    private func check(_ path: String) throws(FormatError) {
        func malformed(_ problem: String, expected: String? = nil, received: String? = nil) -> FormatError {
            FormatError(
                .malformed, path: path, problem, expected: expected, received: received, remedy: "Write the file again."
            )
        }
        for input in inputs {
            let dimensions = input.shape.dimensions
            guard dimensions.allSatisfy({ $0 > 0 }), !dimensions.isEmpty || !input.name.isEmpty else {
                throw malformed(
                    "the shape of a sample is none", expected: "positive numbers", received: "\(dimensions)")
            }
            let scaling = preprocessing[input.name]
            guard scaling.scales.count == 1 || scaling.scales.count == dimensions.last else {
                throw malformed(
                    "the normalization does not fit the samples\(input.name.asName)",
                    expected: "1 factor or \(dimensions.last ?? 1)", received: "\(scaling.scales.count)")
            }
            if let features = input.features, features.count != input.shape.count || dimensions.count != 1 {
                throw malformed(
                    "the features do not fit the samples\(input.name.asName)",
                    expected: "a feature for each of \(dimensions)",
                    received: "\(features.count)")
            }
        }
        for (what, names) in [("inputs", inputs.map(\.name)), ("outputs", outputs.map(\.name))]
        where Set(names).count < names.count {
            throw malformed(
                "the \(what) can't be told apart", expected: "a name of its own for each", received: names.asNames)
        }
        guard !inputs.isEmpty else { throw malformed("the model has no inputs") }
        if let problem = preprocessing.problem(for: inputs.map(\.name)) { throw malformed(problem) }
    }

    /// The description as JSON.
    ///
    /// - Throws: `FormatError` for models that would not come back.
    package func text(
        path: String, kinds: [any (Model & Codable).Type] = [], isPretty: Bool = false
    ) throws(FormatError) -> String {
        do {
            let encoder = FileJSON.encoder(isPretty: isPretty)
            encoder.userInfo[GivenKinds.key] = try GivenKinds(kinds)
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            throw FormatError(
                .unsupported, path: path, "the model can't be written", received: ModelDescription.problem(error),
                remedy: "Make custom layers and models Codable, and register them or give their kinds.")
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
