public import ApusConfiguration

/// A layer of any kind, as a list of layers holds it.
///
/// In files: a kind (`flatten`), a kind with arguments (`dense: 10`, `conv2D: {filters: 6, kernelSize: 5}`), an activation
/// (`relu`), a name beside the kind (`{name: stem, conv2D: {…}}`, `{shared: encoder, dense: 8}`), or a merge with its branches
/// (`concatenate: [[…], […]]`).
///
/// ```swift
/// let layers: [any Layer] = [Flatten(), Dense(10)]
/// let boxed = layers.map { AnyLayer($0) }   // equatable and codable, whatever the layers are
/// let net = Sequential(boxed.map(\.layer))
/// ```
public struct AnyLayer: Codable, Hashable, Sendable {
    /// The layer that is held.
    public var layer: any Layer

    /// A box for a layer of any kind.
    ///
    /// - Parameter layer: The layer that is held.
    public init(_ layer: any Layer) {
        self.layer = layer
    }

    public static func == (a: AnyLayer, b: AnyLayer) -> Bool { AnyHashable(a.layer) == AnyHashable(b.layer) }

    public func hash(into hasher: inout Hasher) { layer.hash(into: &hasher) }

    static let (name, shared) = (NameKey("name"), NameKey("shared"))

    public init(from decoder: any Decoder) throws {
        if let kind = try? decoder.singleValueContainer().decode(String.self) {
            layer = try LayerKinds.layer(kind, from: nil, at: decoder.codingPath, GivenKinds.of(decoder.userInfo))
            return
        }
        guard let container = try? decoder.container(keyedBy: NameKey.self) else {
            // A list within a list is layers one after the other.
            layer = try Sequential(from: decoder)
            return
        }
        let names = [AnyLayer.name, AnyLayer.shared].filter(container.contains)
        let kinds = container.allKeys.filter { key in !names.contains { $0.stringValue == key.stringValue } }
        guard kinds.count == 1, names.count <= 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: "expected one kind of layer but received "
                        + container.allKeys.map(\.stringValue).sorted().shown()))
        }
        layer = try LayerKinds.layer(
            kinds[0].stringValue, from: try container.superDecoder(forKey: kinds[0]), at: decoder.codingPath,
            GivenKinds.of(decoder.userInfo))
        if let key = names.first {
            layer = Named(
                try container.decode(String.self, forKey: key), layer,
                isShared: key.stringValue == AnyLayer.shared.stringValue)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        let named = layer as? Named
        let layer = try LayerKinds.writable(
            named?.layer ?? layer, at: encoder.codingPath, GivenKinds.of(encoder.userInfo))
        guard named != nil || (layer as? any Configurable)?.isDefault != true else {
            var container = encoder.singleValueContainer()
            return try container.encode(layer.kind)
        }
        var container = encoder.container(keyedBy: NameKey.self)
        if let named { try container.encode(named.name, forKey: named.isShared ? AnyLayer.shared : AnyLayer.name) }
        try container.encode(layer, forKey: NameKey(layer.kind))
    }
}

extension AnyLayer: CustomStringConvertible {
    public var description: String { "\(layer)" }
}

/// The kinds of layers that can be read from files.
///
/// ```swift
/// struct Square: Layer, Codable {
///     func output(for x: Tensor, in context: Context) -> Tensor { x * x }
/// }
/// try LayerKinds.register(Square.self)   // files may now say: model: [square, {dense: 1}]
/// ```
public enum LayerKinds {
    package static let registry = Registry<any Layer>(
        "layer",
        [
            Dense.self, Embedding.self, Conv1D.self, Conv2D.self, Conv1DTranspose.self, Conv2DTranspose.self,
            DepthwiseConv1D.self, DepthwiseConv2D.self, SeparableConv1D.self, SeparableConv2D.self, SparseConv2D.self,
            SqueezeExcitation.self, MaxPool1D.self,
            MaxPool2D.self, AveragePool1D.self, AveragePool2D.self, GlobalAveragePool.self, GlobalMaxPool.self,
            AdaptiveAveragePool1D.self, AdaptiveAveragePool2D.self, Flatten.self, Reshape.self, Permute.self,
            ZeroPadding1D.self, ZeroPadding2D.self, Cropping1D.self, Cropping2D.self, UpSampling1D.self,
            UpSampling2D.self,
            Rescaling.self, Normalization.self, BatchNorm.self, LayerNorm.self, GroupNorm.self, InstanceNorm.self,
            RMSNorm.self, LocalResponseNorm.self, ChannelScale.self, ChannelPadding.self, Dropout.self,
            SpatialDropout.self,
            StochasticDepth.self, AlphaDropout.self,
            GaussianDropout.self, GaussianNoise.self, ActivationLayer.self, PReLU.self, MultiHeadAttention.self,
            TransformerBlock.self, PositionEmbedding.self, SinusoidalEncoding.self, SimpleRNN.self, LSTM.self, GRU.self,
            Bidirectional.self, Residual.self, Parallel.self,
        ], others: [Sequential.kind: Sequential.self])

    /// Makes a custom layer readable and writable.
    ///
    /// - Throws: `RegistrationError` if another layer, an activation or a merge has the name.
    public static func register(_ type: any (Layer & Codable).Type) throws(RegistrationError) {
        guard Activation.named(type.kind) == nil, Parallel.Merge(rawValue: type.kind) == nil,
            !ModelKinds.registry.contains(type.kind)
        else { throw RegistrationError(what: registry.what, kind: type.kind) }
        try registry.register(type.kind, type)
    }

    /// Whether a layer, an activation or a merge has a name.
    static func isTaken(_ kind: String) -> Bool {
        registry.contains(kind) || Activation.named(kind) != nil || Parallel.Merge(rawValue: kind) != nil
    }

    /// A layer that a file can hold.
    ///
    /// - Throws: `EncodingError` for a layer that would not come back.
    static func writable(
        _ layer: any Layer, at path: [any CodingKey], _ given: GivenKinds?
    ) throws -> any Layer & Codable {
        let type = Swift.type(of: layer)
        if let layer = layer as? any Layer & Codable {
            let isKnown = registry.knows(Swift.type(of: layer), as: type.kind)
            if isKnown || given?.registry.knows(Swift.type(of: layer), as: type.kind) == true { return layer }
        }
        throw EncodingError.invalidValue(
            layer,
            EncodingError.Context(
                codingPath: path,
                debugDescription:
                    "the layer \(layer.label) can't be written: files know the layers of Apus and those that are "
                    + "Codable and registered, try LayerKinds.register(\(type).self)"))
    }

    static func layer(
        _ kind: String, from decoder: (any Decoder)?, at path: [any CodingKey], _ given: GivenKinds?
    ) throws -> any Layer {
        if let given, given.registry.contains(kind),
            let layer = try given.registry.member(kind, from: decoder, at: path) as? any Layer
        {
            return layer
        }
        if let decoder, let merge = Parallel.Merge(rawValue: kind) {
            return Parallel(merge, try [Sequential](from: decoder))
        }
        // An activation's name is a layer as well, unless a layer is called so.
        if !registry.contains(kind), let activation = Activation.named(kind) {
            guard let decoder else { return ActivationLayer(activation) }
            return ActivationLayer(try Activation(kind, Fields(decoder)))
        }
        return try registry.member(kind, from: decoder, at: path)
    }
}
