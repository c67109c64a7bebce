/// The extent of a tensor along each axis; a scalar has no axes.
///
/// ```swift
/// var shape: Shape = [32, 28, 28, 1]
/// print(shape.rank, shape.count)      // 4 25088
/// print(shape[-1])                    // 1
/// shape[0] = 1
/// print(Shape.broadcast([8, 1, 3], [5, 1]) ?? [])   // [8, 5, 3]
/// ```
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
    /// The number of elements along each axis, outermost first.
    public var dimensions: [Int]

    /// Creates a value; arguments set the properties of their names.
    public init(_ dimensions: [Int]) {
        self.dimensions = dimensions
    }

    public init(arrayLiteral elements: Int...) {
        dimensions = elements
    }

    /// The number of axes.
    public var rank: Int { dimensions.count }

    /// The number of elements: the product of the dimensions, 1 for a scalar; `Int.max` if it is greater than that.
    public var count: Int {
        var count = 1
        for extent in dimensions {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            if overflows { return dimensions.contains(0) ? 0 : .max }
            count = product
        }
        return count
    }

    /// The distance in elements between neighbours along each axis in row-major order.
    public var strides: [Int] {
        var strides = Array(repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] *| dimensions[axis + 1]
        }
        return strides
    }

    /// The extent along an axis; negative axes count from the end.
    ///
    /// An axis that the shape lacks is a problem of the function that is being traced; elsewhere it stops the program with a message.
    public subscript(axis: Int) -> Int {
        get {
            let place = axis < 0 ? axis + rank : axis
            guard dimensions.indices.contains(place) else {
                reportMissing(axis)
                return 1
            }
            return dimensions[place]
        }
        set {
            let place = axis < 0 ? axis + rank : axis
            guard dimensions.indices.contains(place) else { return reportMissing(axis) }
            dimensions[place] = newValue
        }
    }

    private func reportMissing(_ axis: Int) {
        TraceProblems.report("axis \(axis) is outside the shape \(self), which has \(rank) axes", self)
    }

    /// The shape that two shapes broadcast to, or `nil` if they do not fit.
    ///
    /// As in NumPy: aligned at the last axis, missing axes count as 1, and an extent of 1 stretches to the other's.
    public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
        let rank = max(a.rank, b.rank)
        var result = Array(repeating: 1, count: rank)
        for axis in 0..<rank {
            let left = axis < rank - a.rank ? 1 : a.dimensions[axis - (rank - a.rank)]
            let right = axis < rank - b.rank ? 1 : b.dimensions[axis - (rank - b.rank)]
            guard left == right || left == 1 || right == 1 else { return nil }
            result[axis] = left == 1 ? right : left
        }
        return Shape(result)
    }

    /// The shape without the given axes.
    func removing(_ axes: [Int]) -> Shape {
        Shape(dimensions.indices.filter { !axes.contains($0) }.map { dimensions[$0] })
    }

    /// The shape with extent 1 at the given axes.
    func flattening(_ axes: [Int]) -> Shape {
        Shape(dimensions.indices.map { axes.contains($0) ? 1 : dimensions[$0] })
    }
}

extension Shape: CustomStringConvertible {
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}

/// What is known of a tensor before it is computed.
///
/// ```swift
/// let type = TensorType([32, 10], .float32)
/// print(type.byteCount)   // 1280
/// ```
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
    /// The extent along each axis.
    public var shape: Shape
    /// The type of the elements.
    public var elementType: ElementType

    /// Elements of a type in a shape.
    public init(_ shape: Shape, _ elementType: ElementType) {
        self.shape = shape
        self.elementType = elementType
    }

    /// The size of the elements in bytes.
    public var byteCount: Int { shape.count *| elementType.byteCount }

    public var description: String { "\(elementType)\(shape)" }
}
