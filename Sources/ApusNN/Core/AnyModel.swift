public import ApusConfiguration

/// A model of any kind, as files hold it: a layer as in a list of layers, another model by its kind: `{twoTowers: {width: 8}}`.
package struct AnyModel: Codable, Sendable {
    /// The model that is held.
    package let model: any Model

    package init(_ model: any Model) { self.model = model }

    package init(from decoder: any Decoder) throws {
        let given = GivenKinds.of(decoder.userInfo)
        if let container = try? decoder.container(keyedBy: NameKey.self), container.allKeys.count == 1,
            let key = container.allKeys.first,
            let registry = [given?.registry, ModelKinds.registry].compactMap({ $0 }).first(where: {
                $0.contains(key.stringValue)
            })
        {
            model = try registry.member(
                key.stringValue, from: try container.superDecoder(forKey: key), at: decoder.codingPath)
        } else {
            model = try AnyLayer(from: decoder).layer
        }
    }

    package func encode(to encoder: any Encoder) throws {
        if let layer = model as? any Layer { return try AnyLayer(layer).encode(to: encoder) }
        let type = Swift.type(of: model)
        let registries = [GivenKinds.of(encoder.userInfo)?.registry, ModelKinds.registry].compactMap { $0 }
        guard let written = model as? any Model & Codable,
            registries.contains(where: { $0.knows(Swift.type(of: written), as: type.kind) })
        else {
            throw EncodingError.invalidValue(
                model,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription:
                        "the model \(model.label) can't be written: files know models that are Codable and registered, "
                        + "try ModelKinds.register(\(type).self)"))
        }
        var container = encoder.container(keyedBy: NameKey.self)
        try container.encode(written, forKey: NameKey(type.kind))
    }
}

/// The kinds of models that can be read from files, besides layers.
///
/// ```swift
/// struct Sum: Model, Codable {
///     func outputs(for inputs: Values, in context: Context) -> Values { Values(inputs["a"] + inputs["b"]) }
/// }
/// try ModelKinds.register(Sum.self)
/// ```
public enum ModelKinds {
    package static let registry = Registry<any Model>("model", [], others: [ModelGraph.kind: ModelGraph.self])

    /// Makes a custom model, or a custom layer, readable and writable.
    ///
    /// - Throws: `RegistrationError` if another model, a layer, an activation or a merge has the name.
    public static func register(_ type: any (Model & Codable).Type) throws(RegistrationError) {
        if let type = type as? any (Layer & Codable).Type { return try LayerKinds.register(type) }
        guard !LayerKinds.isTaken(type.kind) else { throw RegistrationError(what: "layer", kind: type.kind) }
        try registry.register(type.kind, type)
    }
}

/// Kinds of models and layers that files know for as long as one of them is read or written.
package struct GivenKinds: Sendable {
    package let registry = Registry<any Model>("model", [])

    /// - Throws: `RegistrationError` if two types have one name, or files know another type by it.
    package init(_ types: [any (Model & Codable).Type]) throws(RegistrationError) {
        for type in types {
            let isKnown =
                LayerKinds.registry.knows(type, as: type.kind) || ModelKinds.registry.knows(type, as: type.kind)
            guard isKnown || !LayerKinds.isTaken(type.kind) && !ModelKinds.registry.contains(type.kind) else {
                throw RegistrationError(what: "model", kind: type.kind)
            }
            try registry.register(type.kind, type)
        }
    }

    /// Where coders keep them.
    package static let key = CodingUserInfoKey(rawValue: "apus.kinds")!

    static func of(_ information: [CodingUserInfoKey: Any]) -> GivenKinds? { information[key] as? GivenKinds }
}
