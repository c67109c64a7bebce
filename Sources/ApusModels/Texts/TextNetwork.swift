public import ApusConfiguration
public import ApusNN

/// A network of the zoo that reads texts, with its sizes; how many different tokens and classes there are, and how long texts are, the data say.
///
/// ```swift
/// let network = TextNetwork("gpt")!
/// let model = network.model(vocabulary: 80, length: 64, outputs: 80)
/// ```
public enum TextNetwork: Sendable, Hashable {
    /// A language model of LSTMs.
    case characterModel(CharacterModel)
    /// What tells classes of texts.
    case textClassifier(TextClassifier)
    /// A language model of attention.
    case gpt(GPT)

    /// Each with its usual sizes.
    public static let all: [TextNetwork] = [
        .textClassifier(TextClassifier()), .characterModel(CharacterModel()), .gpt(GPT()),
    ]

    /// A network with its usual sizes by its name; `nil` if there is none.
    public init?(_ name: String) {
        guard let known = TextNetwork.all.first(where: { $0.name == name }) else { return nil }
        self = known
    }

    private var sizes: any Configurable {
        switch self {
        case .characterModel(let sizes): sizes
        case .textClassifier(let sizes): sizes
        case .gpt(let sizes): sizes
        }
    }

    /// The name in files.
    public var name: String { type(of: sizes).kind }

    /// Whether it says which token comes next; otherwise it tells classes.
    public var isLanguageModel: Bool {
        if case .textClassifier = self { false } else { true }
    }

    /// Whose idea it is.
    public var paper: String {
        switch self {
        case .characterModel: "Graves (2013)"
        case .textClassifier: "Joulin et al. (2017)"
        case .gpt: "Radford et al. (2019)"
        }
    }

    /// The model.
    ///
    /// - Parameters:
    ///   - vocabulary: The number of different tokens.
    ///   - length: The number of tokens of a text.
    ///   - outputs: The number of classes; a language model has one for each token.
    ///   - padding: The token that fills texts which are shorter, and does not count where classes are told; every token counts if `nil`.
    public func model(vocabulary: Int, length: Int, outputs: Int, padding: Int? = nil) -> Sequential {
        switch self {
        case .characterModel(let sizes): return sizes.model(vocabulary: vocabulary)
        case .textClassifier(let sizes): return sizes.model(vocabulary: vocabulary, classes: outputs, padding: padding)
        case .gpt(var sizes):
            sizes.vocabulary = vocabulary
            sizes.context = length
            return sizes.model()
        }
    }
}

extension TextNetwork: Codable, FileRepresentable, CustomStringConvertible {
    public static var form: Form {
        .kinds(Form.Kinds("network", all.map { Form.Kind($0.name, content: .type(type(of: $0.sizes)), isBare: true) }))
    }

    /// `gpt`, or `{gpt: {width: 64}}`.
    public init(from decoder: any Decoder) throws {
        let named = try NamedFields(decoder, "network")
        guard let usual = TextNetwork(named.name) else {
            throw Names.unknown("network", named.name, TextNetwork.all.map(\.name), decoder.codingPath)
        }
        guard let decoder = named.decoder else { self = usual; return }
        switch usual {
        case .characterModel: self = .characterModel(try CharacterModel(from: decoder))
        case .textClassifier: self = .textClassifier(try TextClassifier(from: decoder))
        case .gpt: self = .gpt(try GPT(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws { try sizes.encode(named: name, to: encoder) }

    public var description: String { "\(sizes)" }
}
