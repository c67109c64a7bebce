public import ApusGraph

/// A tensor of the reference backend: every element a `Double`, integers and `bool` (0, 1) included.
///
/// Integers beyond 2⁵³ are therefore not exact.
public struct ReferenceValue: Sendable, Equatable {
    /// How many elements there are along each axis.
    public var shape: Shape
    /// What the elements stand for.
    public var elementType: ElementType
    /// The elements in row-major order.
    public var values: [Double]

    /// A tensor; that there are as many values as the shape says is checked where it becomes an input.
    public init(shape: Shape, elementType: ElementType, values: [Double]) {
        self.shape = shape
        self.elementType = elementType
        self.values = values
    }

    /// A tensor of `float64`.
    public init(_ values: [Double], _ shape: Shape) {
        self.init(shape: shape, elementType: .float64, values: values)
    }

    /// Shape and element type.
    public var type: TensorType { TensorType(shape, elementType) }
}
