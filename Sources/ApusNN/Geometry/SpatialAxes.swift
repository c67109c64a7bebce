/// The axes that windows move along: those of sequences [N, L, C], or those of images [N, H, W, C].
///
/// ```swift
/// func stem<Axes: SpatialAxes>(_ axes: Axes.Type, _ size: Axes.Size) -> Conv<Axes> {
///     Conv<Axes>(filters: 16, kernelSize: size, padding: .same, activation: .relu)
/// }
/// let overSequences = stem(OneAxis.self, 9)
/// let overImages = stem(TwoAxes.self, [3, 5])
/// ```
public protocol SpatialAxes: Sendable {
    /// A number for each axis: the size of a window, its steps.
    associatedtype Size: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral
    /// The end of the names of layers: `1D`, `2D`.
    static var suffix: String { get }
    /// The size in an image; a sequence is an image of height 1.
    static func size2D(_ size: Size) -> Size2D
}

/// The axis of sequences [N, L, C].
public enum OneAxis: SpatialAxes {
    public static var suffix: String { "1D" }
    public static func size2D(_ size: Int) -> Size2D { Size2D(1, size) }
}

/// The axes of images [N, H, W, C].
public enum TwoAxes: SpatialAxes {
    public static var suffix: String { "2D" }
    public static func size2D(_ size: Size2D) -> Size2D { size }
}

extension SpatialAxes {
    /// Whether windows move along sequences.
    static var areOne: Bool { Self.self == OneAxis.self }
}
