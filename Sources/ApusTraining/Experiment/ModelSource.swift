public import ApusConfiguration
public import ApusNN

/// What an experiment trains: a name of the zoo, or layers.
public enum ModelSource: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// A network of the zoo: `lenet5`.
    case name(String)
    /// Layers one after the other.
    case layers(Sequential)

    public init(stringLiteral value: String) { self = .name(value) }

    public var description: String {
        switch self {
        case .name(let name): name
        case .layers(let layers): "\(layers)"
        }
    }
}

extension ModelSource: FileRepresentable {
    public static var form: Form { .either([.text, .type(Sequential.self)]) }
}

extension ModelSource: Codable {
    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self = .name(name)
        } else {
            self = .layers(try Sequential(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .name(let name):
            var container = encoder.singleValueContainer()
            try container.encode(name)
        case .layers(let layers): try layers.encode(to: encoder)
        }
    }
}
