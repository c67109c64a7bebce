public import ApusTensor

/// Layers one after the other.
///
/// Children are named by index and kind, `0.conv2D`, `1.maxPool2D`, or by the name they were given with `named`. What a child
/// with the empty name holds stands directly below this one.
///
/// ```swift
/// let depth = 3
/// let net = Sequential {
///     Flatten()
///     for _ in 0..<depth { Dense(64, activation: .relu) }
///     Dense(10)
/// }
/// print(try net.summary(input: [28, 28, 1]).parameterCount)   // 59210
/// ```
public struct Sequential: Layer, Codable {
    /// The layers in order.
    public var layers: [any Layer]

    /// Layers one after the other, from a list that was made elsewhere.
    ///
    /// - Parameter layers: The layers in order.
    public init(_ layers: [any Layer]) {
        self.layers = layers
    }

    /// Layers one after the other, listed one below the other; `if` and `for` work.
    ///
    /// - Parameter layers: The layers in order.
    public init(@SequentialBuilder _ layers: () -> [any Layer]) {
        self.layers = layers()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        output(for: x, in: context, through: layers.enumerated().map { ($0, $1) })
    }

    /// Passes x through some of the layers, or parts of them, each at the path that it has among all.
    func output(for x: Tensor, in context: Context, through calls: [(place: Int, layer: any Layer)]) -> Tensor {
        var names: Set<String> = []
        var context = context
        return calls.reduce(x) { x, call in
            let name = name(at: call.place)
            let isShared = (layers[call.place] as? Named)?.isShared == true
            let isFree = names.insert(name).inserted || isShared || name.isEmpty
            var check = Check(kind, x)
            check.expect(
                isFree, "two layers have the name \(name); use shared(\"\(name)\") if they are to share their weights")
            guard isFree else { return check.failure }
            let padding = (call.layer as? any Padded)?.mask(of: x)
            defer { if let padding { context.mask = padding } }
            return call.layer(x, in: isShared ? context.shared(name) : name.isEmpty ? context.nameless : context[name])
        }
    }

    /// The name of a layer in paths.
    func name(at place: Int) -> String { (layers[place] as? Named)?.name ?? "\(place).\(layers[place].kind)" }

    /// Whether it is a single layer that has a name, be it the empty one.
    var bearsItsOwnName: Bool { layers.count == 1 && (layers[0] as? Named)?.isShared == false }

    public static func == (a: Sequential, b: Sequential) -> Bool {
        a.layers.map { AnyLayer($0) } == b.layers.map { AnyLayer($0) }
    }

    public func hash(into hasher: inout Hasher) {
        for layer in layers { hasher.combine(AnyLayer(layer)) }
    }

    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        var layers: [any Layer] = []
        while !container.isAtEnd { layers.append(try container.decode(AnyLayer.self).layer) }
        self.layers = layers
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for layer in layers { try container.encode(AnyLayer(layer)) }
    }
}

extension Sequential: Container {
    var label: String { "Sequential(\(layers.count) layers)" }
}

extension Sequential: CustomStringConvertible {
    /// The model as Swift code makes it: one layer a line.
    public var description: String {
        let lines = layers.flatMap {
            "\($0)".split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        }
        return (["Sequential {"] + lines + ["}"]).joined(separator: "\n")
    }
}

/// Lists the layers of a `Sequential`; `if` and `for` work.
@resultBuilder
public enum SequentialBuilder {
    /// Every part of the list is some layers, which are joined in their order.
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    /// The layers of a block.
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    /// The layers of a condition, or none.
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    /// The layers of the branch that holds.
    public static func buildEither(first: [any Layer]) -> [any Layer] { first }
    /// The layers of the other branch.
    public static func buildEither(second: [any Layer]) -> [any Layer] { second }
    /// The layers of a loop.
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}

/// A layer that knows which entries of its input do not count.
protocol Padded {
    /// Which entries of a tensor [N, T] count; `nil` if all do.
    func mask(of x: Tensor) -> Tensor?
}

extension Sequential: Padded {
    func mask(of x: Tensor) -> Tensor? { (layers.first as? any Padded)?.mask(of: x) }
}

extension Named: Padded {
    func mask(of x: Tensor) -> Tensor? { (layer as? any Padded)?.mask(of: x) }
}
