package import ApusGraph

/// A tensor of the reference backend: every element a `Double`, integers and `bool` (0, 1) included.
///
/// Integers beyond 2⁵³ are therefore not exact.
package struct ReferenceValue: Sendable, Equatable {
    /// How many elements there are along each axis.
    package var shape: Shape
    /// What the elements stand for.
    package var elementType: ElementType
    /// The elements in row-major order.
    package var values: [Double]

    /// A tensor; that there are as many values as the shape says is checked where it becomes an input.
    package init(shape: Shape, elementType: ElementType, values: [Double]) {
        self.shape = shape
        self.elementType = elementType
        self.values = values
    }

    /// A tensor of `float64`.
    package init(_ values: [Double], _ shape: Shape) {
        self.init(shape: shape, elementType: .float64, values: values)
    }

    /// Shape and element type.
    package var type: TensorType { TensorType(shape, elementType) }
}
