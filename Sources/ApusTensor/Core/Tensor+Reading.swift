import ApusBackend
import ApusGraph

extension Tensor {
    /// The elements in row-major order.
    ///
    /// Reading evaluates the tensor; one that carries an error stops the program with its message. Use `evaluated()` to get the
    /// error instead.
    public var scalars: [Float] { scalars(as: Float.self) }

    /// The elements in row-major order as another number type.
    public func scalars<T: TensorScalar>(as type: T.Type) -> [T] {
        let buffer = elements()
        let elementType = elementType
        if T.self == Float.self, elementType == .float32 {
            return Array(buffer.bytes.bindMemory(to: Float.self)) as! [T]
        }
        return (0..<count).map { buffer.element($0, elementType, as: type) }
    }

    /// The only element.
    public func item() -> Float { item(as: Float.self) }

    /// The only element as another number type.
    public func item<T: TensorScalar>(as type: T.Type) -> T {
        demand(count == 1, "item() reads a tensor of one element, but the shape is \(shape); use scalars")
        return elements().element(0, elementType, as: type)
    }
}

extension Buffer {
    /// Numbers, rounded to the element type.
    convenience init<T: TensorScalar>(elements: [T], _ type: ElementType) {
        if type == .float32, let floats = elements as? [Float] {
            self.init(byteCount: 4 * floats.count)
            floats.withUnsafeBytes { mutableBytes.copyMemory(from: $0) }
        } else {
            self.init(scalars: elements.lazy.map(\.tensorScalar), type)
        }
    }
}
