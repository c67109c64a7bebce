public import ApusConfiguration
public import ApusTensor

/// A model of named parts, each made from inputs or other parts: several inputs and outputs, as files write them.
///
/// A part merges what it is made from, and passes it through layers. The parts that no other part is made from are the outputs.
///
/// ```swift
/// let towers = ModelGraph([
///     "a": .init(from: "left") { Dense(64, activation: .relu); Dense(16) },
///     "b": .init(from: "right", sharing: "a"),
///     "match": .init(from: "a", "b", merge: .dot),
///     "class": .init(from: "a") { Dense(4) },
/// ])
/// ```
///
/// In a file: `class: {from: a, layers: [{dense: 4}]}`. Weights are at the path of their part, `a/0.dense/kernel`. Where names alone
/// don't say what a model does, write a type of your own: see `Model`.
public struct ModelGraph: Model {
    /// The parts by name.
    public var parts: [String: Part]

    /// A model of parts.
    public init(_ parts: [String: Part]) { self.parts = parts }

    /// What one part is made of.
    public struct Part: Configurable {
        /// The parts and inputs that it is made from, by name; `input` is the only input of plain data.
        public var from: PartNames
        /// How several of them become one.
        public var merge: Parallel.Merge
        /// The layers after that; without any, the part is what it is made from.
        public var layers: Sequential
        /// A part whose layers and weights this one uses, in place of layers of its own.
        public var sharing: String?
        /// Whether the part is an output even if other parts are made from it.
        public var isOutput: Bool

        /// A part of layers.
        public init(
            from names: String..., merge: Parallel.Merge = .concatenate, sharing: String? = nil, isOutput: Bool = false,
            @SequentialBuilder layers: () -> [any Layer] = { [] }
        ) {
            from = PartNames(names)
            self.merge = merge
            self.layers = Sequential(layers())
            self.sharing = sharing
            self.isOutput = isOutput
        }

        public static let schema = Schema(
            Part(), .required("from", \.from, help: "The inputs and parts that it is made from: one name, or a list"),
            .optional("merge", \.merge, help: "How several of them become one"),
            .optional("layers", \.layers, help: "The layers after that"),
            .optional("sharing", \.sharing, help: "A part whose layers and weights it uses, in place of its own"),
            .optional("isOutput", \.isOutput, help: "Whether it is an output even if other parts are made from it"))
    }

    /// The names of the outputs, in the order of the alphabet.
    public var outputNames: [String] {
        let used = Set(parts.values.flatMap(\.from.names))
        return parts.keys.sorted().filter { !used.contains($0) || parts[$0]!.isOutput }
    }

    public func outputs(for inputs: Values, in context: Context) -> Values {
        var making = Making(parts: parts, inputs: inputs, context: context)
        var outputs = Values(outputNames.map { (name: $0, tensor: making.value($0)) })
        // What no output needs is made from itself.
        for name in parts.keys.sorted() where !making.has(name) { outputs[name] = making.value(name) }
        return outputs
    }
}

/// One name or several: what a part of a model is made from.
///
/// ```swift
/// let part = ModelGraph.Part(from: "a", "b", merge: .add)
/// print(part.from.names)   // ["a", "b"]
/// ```
public struct PartNames: Sendable, Hashable, Codable {
    /// The names in order.
    public var names: [String]

    /// Some names.
    public init(_ names: [String]) { self.names = names }

    public init(from decoder: any Decoder) throws {
        let single = try? decoder.singleValueContainer().decode(String.self)
        names = try single.map { [$0] } ?? [String](from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        if names.count == 1 { try names[0].encode(to: encoder) } else { try names.encode(to: encoder) }
    }
}

extension PartNames: FileRepresentable, CustomStringConvertible {
    public static var form: Form { .either([.text, .list(.text)]) }
    public var description: String { names.shown() }
}

/// The parts of a model while it is traced.
private struct Making {
    let parts: [String: ModelGraph.Part]
    let inputs: Values
    let context: Context
    private var made: [String: Tensor] = [:]
    /// Those that are being made, each for the one before.
    private var open: [String] = []

    init(parts: [String: ModelGraph.Part], inputs: Values, context: Context) {
        self.parts = parts
        self.inputs = inputs
        self.context = context
    }

    /// Whether a part is made already.
    func has(_ name: String) -> Bool { made[name] != nil }

    /// A part, or an input.
    mutating func value(_ name: String) -> Tensor {
        if let value = made[name] { return value }
        guard let part = parts[name] else {
            if name == "input", inputs.names == [""] { return inputs.only }
            let known = parts.keys.sorted() + inputs.names.filter { parts[$0] == nil && !$0.isEmpty }
            return inputs.contains(name)
                ? inputs[name]
                : .invalid("there is no part or input \(name.shown) (\(Names.hint(name, known)))")
        }
        if let start = open.firstIndex(of: name) {
            let circle = (open[start...] + [name]).joined(separator: " ← ")
            return .invalid("the part \(name.shown) is made from itself: \(circle)")
        }
        open.append(name)
        let value = output(of: part, name)
        open.removeLast()
        made[name] = value
        return value
    }

    private mutating func output(of part: ModelGraph.Part, _ name: String) -> Tensor {
        guard !name.isEmpty, !name.contains("/") else {
            return .invalid("a part's name must have letters and no slash, received \(name.quoted)")
        }
        let sources = part.from.names.map { value($0) }
        let x = sources.count == 1 ? sources[0] : part.merge.merged(sources, of: "sources of \(name.shown)", "merge")
        guard let owner = part.sharing else {
            guard !part.layers.layers.isEmpty else { return x }
            let isShared = parts.values.contains { $0.sharing == name }
            return part.layers(x, in: isShared ? context.shared(name) : context[name])
        }
        guard let shared = parts[owner], shared.sharing == nil, !shared.layers.layers.isEmpty else {
            return .invalid(
                "the part \(name.shown) shares the layers of \(owner.shown), "
                    + (parts[owner] == nil
                        ? "which is no part (\(Names.hint(owner, parts.keys.sorted())))" : "which has none of its own"))
        }
        guard part.layers.layers.isEmpty else {
            return .invalid(
                "the part \(name.shown) has layers and shares those of \(owner.shown); leave one of both out")
        }
        return shared.layers(x, in: context.shared(owner))
    }
}

extension ModelGraph: Container {
    var label: String { "ModelGraph(\(parts.keys.sorted().shown()))" }
}

extension ModelGraph: Codable, FileRepresentable {
    public static var form: Form { .named(.type(Part.self)) }

    public init(from decoder: any Decoder) throws { parts = try [String: Part](from: decoder) }

    public func encode(to encoder: any Encoder) throws { try SortedNames(parts).encode(to: encoder) }
}

extension ModelGraph: CustomStringConvertible {
    /// As Swift code makes it: one part a line.
    public var description: String {
        "ModelGraph([\(parts.sorted { $0.key < $1.key }.map { "\($0.key.quoted): \($0.value)" }.joined(separator: ", "))])"
    }
}
