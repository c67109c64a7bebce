import ApusGraph
public import ApusTensor

/// The maximum of each window of each channel.
///
/// Shapes: x [N, H, W, C], y [N, H′, W′, C]; strides are the window's size unless given. Padding is never the maximum.
public struct MaxPool2D: Layer {
    public var poolSize: Size2D
    public var strides: Size2D?
    public var padding: Padding
    public var ceilMode: Bool

    public init(_ poolSize: Size2D, strides: Size2D? = nil, padding: Padding = .valid, ceilMode: Bool = false) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.ceilMode = ceilMode
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) { x.pooled("maxPool", poolSize, strides, padding, ceilMode) { .maxPool($0) } }
    }
}

/// The mean of each window of each channel.
///
/// Shapes: x [N, H, W, C], y [N, H′, W′, C]; strides are the window's size unless given. Padding does not count in the divisor
/// (as in Keras) unless `countsPadding`.
public struct AveragePool2D: Layer {
    public var poolSize: Size2D
    public var strides: Size2D?
    public var padding: Padding
    public var ceilMode: Bool
    public var countsPadding: Bool

    public init(
        _ poolSize: Size2D, strides: Size2D? = nil, padding: Padding = .valid, ceilMode: Bool = false,
        countsPadding: Bool = false
    ) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.ceilMode = ceilMode
        self.countsPadding = countsPadding
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            x.pooled("averagePool", poolSize, strides, padding, ceilMode) { geometry in
                var geometry = geometry
                geometry.countsPadding = countsPadding
                return .averagePool(geometry)
            }
        }
    }
}

extension Tensor {
    fileprivate func pooled(
        _ name: String, _ size: Size2D, _ strides: Size2D?, _ padding: Padding, _ ceilMode: Bool,
        _ operation: (PoolGeometry) -> Operation
    ) -> Tensor {
        var check = Check(name, self)
        check.expectPositive("poolSize", size)
        if let strides { check.expectPositive("strides", strides) }
        check.expectImages()
        guard check.passed else { return check.failure }
        let strides = strides ?? size
        let resolved = padding.resolved(
            image: ImageSize(height: shape[1], width: shape[2]), window: size.imageSize, strides: strides.imageSize,
            dilation: ImageSize(height: 1, width: 1))
        return Tensor(
            operation(PoolGeometry(window: size.imageSize, strides: strides.imageSize, padding: resolved, ceilMode: ceilMode)),
            [node])
    }
}

extension MaxPool2D: CustomStringConvertible {
    public var description: String {
        Configuration("MaxPool2D", "\(poolSize)").adding("strides", strides, unless: nil)
            .adding("padding", padding, unless: .valid).adding("ceilMode", ceilMode, unless: false).text
    }
}

extension AveragePool2D: CustomStringConvertible {
    public var description: String {
        Configuration("AveragePool2D", "\(poolSize)").adding("strides", strides, unless: nil)
            .adding("padding", padding, unless: .valid).adding("ceilMode", ceilMode, unless: false)
            .adding("countsPadding", countsPadding, unless: false).text
    }
}
