import Synchronization

/// A layer of any kind, encoded as `{kind: configuration}`.
public struct AnyLayer: Codable, Sendable {
    public var layer: any Layer

    public init(_ layer: any Layer) {
        self.layer = layer
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard let key = container.allKeys.first, container.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: "expected one kind of layer but received \(container.allKeys.map(\.stringValue))"))
        }
        guard let type = LayerKinds.type(key.stringValue) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription: "there is no layer \(key.stringValue); known are \(LayerKinds.names.joined(separator: ", "))")
        }
        layer = try container.decode(type, forKey: key)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(layer, forKey: Key(stringValue: layer.kind))
    }
}

/// The kinds of layers that can be read from files.
public enum LayerKinds {
    private static let types = Mutex<[String: any Layer.Type]>(
        Dictionary(
            uniqueKeysWithValues: ([
                Sequential.self, Dense.self, Conv2D.self, MaxPool2D.self, AveragePool2D.self, Flatten.self, Dropout.self,
                BatchNorm.self, ActivationLayer.self,
            ] as [any Layer.Type]).map { ($0.kind, $0) }))

    /// Makes a layer type of one's own readable.
    public static func register(_ type: any Layer.Type) { types.withLock { $0[type.kind] = type } }

    static func type(_ kind: String) -> (any Layer.Type)? { types.withLock { $0[kind] } }
    static var names: [String] { types.withLock { $0.keys.sorted() } }
}
