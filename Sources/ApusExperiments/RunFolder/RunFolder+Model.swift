import ApusConfiguration
import ApusData
import ApusFormats
import ApusGraph
public import ApusInference
public import ApusNN
import Foundation

extension RunFolder {
    /// Writes `inputs.json`: what the run's model is, takes and says, so that predictions need neither experiment nor data.
    ///
    /// A model of a kind that files do not know is left out.
    ///
    /// - Parameter kinds: The custom layers and models that are in it, besides those that are registered.
    public func write(_ details: ModelDescription, kinds: [any (Model & Codable).Type] = []) throws {
        let file = "\(path)/\(RunFiles.description)"
        var known = details
        if (try? details.text(path: file, kinds: kinds)) == nil { known.model = nil }
        try write(RunFiles.description, try known.text(path: file, kinds: kinds, isPretty: true) + "\n")
    }

    /// What the run's model is, takes and says.
    ///
    /// - Throws: `FormatError` if the run has no `inputs.json`, or it can't be read; what reading the experiment of an older run throws.
    public func modelDescription() throws -> ModelDescription {
        let run = try RunFiles(path)
        guard let former = try FormerInputs(try run.text(), path: "\(path)/\(RunFiles.description)") else {
            return try run.details()
        }
        let experiment = try experiment()
        // Networks of the zoo had ten outputs when their number was not noted.
        let model = try experiment.model.model(outputs: former.outputs ?? 10)
        let output = try model.traced(Signature(former.shape), batch: 1, mode: .inference).output
        return former.details(
            model, experiment.loss.meaning(of: output.shape, hasClasses: !former.classNames.isEmpty),
            experiment.precision)
    }
}

/// The first version of `inputs.json`, which knew samples but no model.
private struct FormerInputs: Decodable {
    let shape: Shape
    let elementType: ElementType
    let preprocessing: Preprocessing
    let classNames: [String]
    let outputs: Int?
    let features: [ModelDescription.Feature]?
    let table: CSVSource?
    let columns: [TableColumn]?

    private enum CodingKeys: String, CodingKey {
        case version, shape, elementType, classNames, outputs, features, table, columns
        case preprocessing = "normalization"
    }

    /// - Returns: `nil` for another version.
    init?(_ json: Data, path: String) throws {
        struct Version: Decodable { let version: Int }
        guard let version = try? JSONDecoder().decode(Version.self, from: json).version, version == 1 else {
            return nil
        }
        do {
            self = try FileJSON.decoder().decode(FormerInputs.self, from: json)
        } catch {
            throw FormatError(
                .malformed, path: path, "the description of the model's samples can't be read", received: "\(error)",
                remedy: "The file is damaged: train again.")
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let dimensions = try container.decode([Int].self, forKey: .shape)
        let type = try container.decode(String.self, forKey: .elementType)
        guard dimensions.allSatisfy({ $0 > 0 }), let known = ElementType.allCases.first(where: { "\($0)" == type })
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .shape, in: container,
                debugDescription: "expected positive numbers of an element type, received \(type)\(dimensions)")
        }
        (shape, elementType) = (Shape(dimensions), known)
        preprocessing = try container.decode(Preprocessing.self, forKey: .preprocessing)
        classNames = try container.decode([String].self, forKey: .classNames)
        outputs = try container.decodeIfPresent(Int.self, forKey: .outputs)
        features = try container.decodeIfPresent([ModelDescription.Feature].self, forKey: .features)
        table = try container.decodeIfPresent(CSVSource.self, forKey: .table)
        columns = try container.decodeIfPresent([TableColumn].self, forKey: .columns)
    }

    func details(_ model: any Model, _ meaning: OutputMeaning, _ precision: NumericPrecision) -> ModelDescription {
        ModelDescription(
            model, inputs: [ModelDescription.Input("", shape, elementType, features: features)],
            outputs: [ModelDescription.Output(classNames: classNames, meaning: meaning)],
            preprocessing: preprocessing, table: table, columns: columns, precision: precision)
    }
}
