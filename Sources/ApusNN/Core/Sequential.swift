public import ApusTensor

/// Layers one after the other.
///
/// Children are named by index and kind: `0.conv2D`, `1.maxPool2D`.
public struct Sequential: Layer {
    public var layers: [any Layer]

    public init(_ layers: [any Layer]) {
        self.layers = layers
    }

    public init(@SequentialBuilder _ layers: () -> [any Layer]) {
        self.layers = layers()
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            layers.enumerated().reduce(x) { x, child in
                context["\(child.offset).\(child.element.kind)"](child.element, x)
            }
        }
    }

    public static func == (a: Sequential, b: Sequential) -> Bool {
        a.layers.map { AnyHashable($0) } == b.layers.map { AnyHashable($0) }
    }

    public func hash(into hasher: inout Hasher) {
        for layer in layers { hasher.combine(AnyHashable(layer)) }
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

extension Sequential: CustomStringConvertible {
    public var description: String { "Sequential(\(layers.count) layers)" }
}

/// Lists the layers of a `Sequential`; `if` and `for` work.
@resultBuilder
public enum SequentialBuilder {
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    public static func buildEither(first: [any Layer]) -> [any Layer] { first }
    public static func buildEither(second: [any Layer]) -> [any Layer] { second }
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
