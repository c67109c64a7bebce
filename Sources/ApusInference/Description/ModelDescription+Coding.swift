import ApusConfiguration
import ApusData
import ApusGraph
import ApusNN
import ApusTensor
import ApusText

/// A model of one tensor has its facts at the top, as `input`, `elementType`, `features`, `classNames` and `meaning`; one of several has
/// lists, `inputs` and `outputs`.
extension ModelDescription: Codable {
    private enum CodingKeys: String, CodingKey {
        case version, model, inputs, outputs, preprocessing, table, columns, text, precision
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try container.decodeIfPresent(AnyModel.self, forKey: .model)?.model,
            inputs: container.contains(.inputs)
                ? try container.decode([Input].self, forKey: .inputs) : [try Input(from: decoder)],
            outputs: container.contains(.outputs)
                ? try container.decode([Output].self, forKey: .outputs) : [try Output(from: decoder)],
            preprocessing: try container.decode(Preprocessing.self, forKey: .preprocessing),
            table: try container.decodeIfPresent(CSVSource.self, forKey: .table),
            columns: try container.decodeIfPresent([TableColumn].self, forKey: .columns),
            text: try container.decodeIfPresent(TextReading.self, forKey: .text),
            precision: try container.decode(NumericPrecision.self, forKey: .precision))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(ModelDescription.version, forKey: .version)
        try container.encodeIfPresent(model.map { AnyModel($0) }, forKey: .model)
        if inputs.count == 1, inputs[0].name.isEmpty {
            try inputs[0].encode(to: encoder)
        } else {
            try container.encode(inputs, forKey: .inputs)
        }
        if outputs.count == 1, outputs[0].name.isEmpty {
            try outputs[0].encode(to: encoder)
        } else {
            try container.encode(outputs, forKey: .outputs)
        }
        try container.encode(preprocessing, forKey: .preprocessing)
        try container.encodeIfPresent(table, forKey: .table)
        try container.encodeIfPresent(columns, forKey: .columns)
        try container.encodeIfPresent(text, forKey: .text)
        try container.encode(precision, forKey: .precision)
    }
}

extension ModelDescription.Input: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, elementType, features
        case shape = "input"
    }

    private enum NamedKeys: String, CodingKey { case shape }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
        let dimensions =
            try container.decodeIfPresent([Int].self, forKey: .shape)
            ?? decoder.container(keyedBy: NamedKeys.self).decode([Int].self, forKey: .shape)
        // The first version of files did not say it.
        let type = try container.decodeIfPresent(String.self, forKey: .elementType) ?? "\(ElementType.float32)"
        guard let elementType = ElementType.allCases.first(where: { "\($0)" == type }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .elementType, in: container,
                debugDescription: "there is no element type \(type.shown) "
                    + "(\(Names.hint(type, ElementType.allCases.map { "\($0)" })))")
        }
        let features = try container.decodeIfPresent([ModelDescription.Feature].self, forKey: .features)
        self.init(name, Shape(dimensions), elementType, features: features)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if name.isEmpty {
            try container.encode(shape.dimensions, forKey: .shape)
        } else {
            try container.encode(name, forKey: .name)
            var named = encoder.container(keyedBy: NamedKeys.self)
            try named.encode(shape.dimensions, forKey: .shape)
        }
        try container.encode("\(elementType)", forKey: .elementType)
        try container.encodeIfPresent(features, forKey: .features)
    }
}

extension ModelDescription.Output: Codable {
    private enum CodingKeys: String, CodingKey { case name, classNames, meaning }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try container.decodeIfPresent(String.self, forKey: .name) ?? "",
            classNames: try container.decode([String].self, forKey: .classNames),
            meaning: try container.decode(OutputMeaning.self, forKey: .meaning))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if !name.isEmpty { try container.encode(name, forKey: .name) }
        try container.encode(classNames, forKey: .classNames)
        try container.encode(meaning, forKey: .meaning)
    }
}
