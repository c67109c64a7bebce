import ApusConfigurationFiles
public import ApusConfiguration
public import ApusGraph
public import ApusModels
public import ApusNN
import ApusTraining

/// What an experiment trains: a name of the zoo, layers, or named parts.
///
/// ```swift
/// let byName: ModelSource = "lenet5"
/// let own = ModelSource.layers(Sequential { Flatten(); Dense(10) })
/// print(try byName.model(outputs: 5))
/// ```
public enum ModelSource: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// A network of the zoo, in the form that fits the data unless the name says which: `lenet5`, `resnet18-large`,
    /// `googlenet-aux`.
    case name(String)
    /// A network of the zoo that reads texts, with sizes of its own.
    case text(TextNetwork)
    /// Layers one after the other.
    case layers(Sequential)
    /// Named parts: several inputs or outputs.
    case graph(ModelGraph)

    public init(stringLiteral value: String) { self = .name(value) }

    public var description: String {
        switch self {
        case .name(let name): name
        case .text(let network): "\(network)"
        case .layers(let layers): "\(layers)"
        case .graph(let graph): "\(graph)"
        }
    }
}

extension ModelSource: FileRepresentable {
    public static var form: Form {
        .either([.text, .type(TextNetwork.self), .type(Sequential.self), .type(ModelGraph.self)])
    }
}

extension ModelSource: Codable {
    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self = .name(name)
        } else if ModelSource.namesTextNetwork(decoder) {
            self = .text(try TextNetwork(from: decoder))
        } else if decoder.isMapping {
            self = .graph(try ModelGraph(from: decoder))
        } else {
            self = .layers(try Sequential(from: decoder))
        }
    }

    /// Whether a mapping is a network's name with its sizes; a part of that name would say where it comes from.
    private static func namesTextNetwork(_ decoder: any Decoder) -> Bool {
        guard let container = try? decoder.container(keyedBy: NameKey.self), let key = container.allKeys.first,
            container.allKeys.count == 1, TextNetwork(key.stringValue) != nil
        else { return false }
        let part = try? container.nestedContainer(keyedBy: NameKey.self, forKey: key)
        return part?.contains(NameKey("from")) != true
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .name(let name):
            var container = encoder.singleValueContainer()
            try container.encode(name)
        case .text(let network): try network.encode(to: encoder)
        case .layers(let layers): try layers.encode(to: encoder)
        case .graph(let graph): try graph.encode(to: encoder)
        }
    }
}

extension ModelSource {
    /// Reads a network from a YAML or JSON text: a list of layers, parts by name, or the network of an experiment.
    ///
    /// - Throws: `ConfigurationError` that names the line and what is wrong there.
    public init(yaml text: String, path: String) throws {
        guard let root = try FileNode(yaml: text, file: path),
            root.entries?.allSatisfy({ $0.value["from"] != nil }) != false
        else {
            self = try Experiment(yaml: text, path: path).model
            return
        }
        self = try LayeredFile(root, path: path).value()
    }

    /// The network: layers as they are, or the one of a name.
    ///
    /// - Parameters:
    ///   - outputs: The outputs of a network of the zoo: one a class, or one a number.
    ///   - input: The shape of a sample, which decides for what size of images the network is made unless its name says so, and how
    ///     many tokens a network for texts reads.
    ///   - vocabulary: The number of different tokens of a network for texts.
    ///   - padding: The token that fills texts which are shorter; every token counts if `nil`.
    /// - Throws: `TrainingError` with a suggestion if the zoo has no such name.
    public func model(outputs: Int = 10, input: Shape? = nil, vocabulary: Int = 0, padding: Int? = nil) throws
        -> any Model
    {
        switch self {
        case .layers(let layers): return layers
        case .graph(let graph): return graph
        case .text(let network):
            let length = input.flatMap { $0.rank == 1 ? $0[0] : nil } ?? GPT().context
            return network.model(vocabulary: vocabulary, length: length, outputs: outputs, padding: padding)
        case .name(let name):
            if let network = textNetwork {
                return try ModelSource.text(network).model(
                    outputs: outputs, input: input, vocabulary: vocabulary, padding: padding)
            }
            if let network = ZooNetwork(name) { return network.model(classes: outputs, input: input) }
            let names = Zoo.allCases.map(\.rawValue) + TextNetwork.all.map(\.name)
            throw TrainingError("there is no network \(name.shown) (\(Names.hint(name, names)))")
        }
    }

    /// The network for texts, if it is one of the zoo.
    package var textNetwork: TextNetwork? {
        switch self {
        case .text(let network): network
        case .name(let name): TextNetwork(name)
        case .layers, .graph: nil
        }
    }
}
