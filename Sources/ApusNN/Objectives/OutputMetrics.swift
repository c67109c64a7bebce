public import ApusConfiguration

/// What is measured besides losses, as files write it: a list for the outputs that yield classes, or a list for each output.
///
/// ```swift
/// let metrics: OutputMetrics = [.accuracy]
/// let byOutput: OutputMetrics = ["kind": [.accuracy], "price": [.meanAbsoluteError]]
/// ```
public struct OutputMetrics: Sendable, Hashable {
    private enum Content: Sendable, Hashable {
        case all([Metric])
        case byOutput([String: [Metric]])
    }

    private let content: Content

    /// Metrics of the only output; of several, of those that yield classes.
    public init(_ metrics: [Metric]) { content = .all(metrics) }

    /// Metrics of each output, by its name.
    public init(byOutput metrics: [String: [Metric]]) { content = .byOutput(metrics) }

    /// The metrics of all outputs.
    public var metrics: [Metric] {
        switch content {
        case .all(let metrics): metrics
        case .byOutput(let metrics): metrics.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    /// The metrics of each of several outputs.
    ///
    /// - Parameter losses: By output.
    package func byOutput(_ losses: [String: Loss]) -> [String: [Metric]] {
        switch content {
        case .all(let metrics): losses.mapValues { $0.yieldsClasses ? metrics : [] }
        case .byOutput(let metrics): metrics
        }
    }
}

extension Loss {
    /// Whether outputs are classes, or an answer yes or no.
    fileprivate var yieldsClasses: Bool { meaning(of: [1, 2], hasClasses: false).isClass || isBinary }

    private var isBinary: Bool { meaning(of: [1, 1], hasClasses: false).isClass }
}

extension OutputMetrics: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(arrayLiteral metrics: Metric...) { self.init(metrics) }
    public init(dictionaryLiteral metrics: (String, [Metric])...) {
        self.init(byOutput: Dictionary(metrics) { $0 + $1 })
    }
}

extension OutputMetrics: CustomStringConvertible {
    /// As files write it.
    public var description: String {
        func names(_ metrics: [Metric]) -> String { "[\(metrics.map(\.name).joined(separator: ", "))]" }
        switch content {
        case .all(let metrics): return names(metrics)
        case .byOutput(let metrics):
            let parts = metrics.sorted { $0.key < $1.key }.map { "\($0.key): \(names($0.value))" }
            return "{\(parts.joined(separator: ", "))}"
        }
    }
}

extension OutputMetrics: Codable, FileRepresentable {
    public static var form: Form { .either([.of([Metric].self), .of([String: [Metric]].self)]) }

    public init(from decoder: any Decoder) throws {
        if decoder.isMapping {
            self.init(byOutput: try [String: [Metric]](from: decoder))
        } else {
            self.init(try [Metric](from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch content {
        case .all(let metrics): try metrics.encode(to: encoder)
        case .byOutput(let metrics): try SortedNames(metrics).encode(to: encoder)
        }
    }
}

extension Objective.Target: Codable, FileRepresentable {
    private static let inputKey = "input"

    /// The name of a target, `input` for the only input, or `{input: image}`.
    public static var form: Form { .either([.text, .named(.text)]) }

    public init(from decoder: any Decoder) throws {
        guard let name = try? decoder.singleValueContainer().decode(String.self) else {
            let fields = Fields(decoder)
            try fields.checkNames([Self.inputKey])
            self = .input(try fields.value(Self.inputKey, isLeading: false) ?? "")
            return
        }
        self = name == Self.inputKey ? .input("") : .named(name)
    }

    public func encode(to encoder: any Encoder) throws {
        switch (isInput, name.isEmpty) {
        case (false, _): try name.encode(to: encoder)
        case (true, true): try Self.inputKey.encode(to: encoder)
        case (true, false): try [Self.inputKey: name].encode(to: encoder)
        }
    }
}
