// What users write, as nodes: operands are promoted to one element type and broadcast to one shape here, so that the
// primitives themselves stay simple.

extension Node {
    // MARK: Leaves

    /// One number in every element, rounded to the element type.
    package static func constant(_ value: Double, _ shape: Shape = [], _ elementType: ElementType = .float32) -> Node {
        Node(.constant(Scalar.floating(value).rounded(to: elementType), TensorType(shape, elementType)))
    }

    /// One number in every element, rounded to the element type.
    package static func constant(_ value: Scalar, _ type: TensorType) -> Node {
        Node(.constant(value.rounded(to: type.elementType), type))
    }

    /// A number of the node's own shape and type.
    func filled(_ value: Double) -> Node { .constant(value, shape, elementType) }

    // MARK: Elementwise

    /// The operation on each element.
    package func unary(_ operation: UnaryOperation) -> Node { Node(.unary(operation), [self]) }

    /// Combines two nodes after promotion and broadcasting.
    package static func binary(_ operation: BinaryOperation, _ a: Node, _ b: Node) -> Node {
        let (a, b) = promoted(a, b)
        guard a.isValid, b.isValid else { return Node(.binary(operation), [a, b]) }
        guard let shape = Shape.broadcast(a.shape, b.shape) else {
            return Node(
                problem: "shapes \(a.shape) and \(b.shape) do not fit together: "
                    + "aligned at the last axis, each extent must be equal or 1",
                operation: operation.rawValue)
        }
        return Node(.binary(operation), [a.broadcast(to: shape), b.broadcast(to: shape)])
    }

    /// a where the condition holds, else b; all three broadcast to one shape.
    package static func select(_ condition: Node, _ a: Node, _ b: Node) -> Node {
        let (a, b) = promoted(a, b)
        guard condition.isValid, a.isValid, b.isValid else { return Node(.select, [condition, a, b]) }
        guard let values = Shape.broadcast(a.shape, b.shape), let shape = Shape.broadcast(values, condition.shape)
        else {
            return Node(
                problem: "shapes \(condition.shape), \(a.shape) and \(b.shape) do not fit together", operation: "select"
            )
        }
        return Node(
            .select, [condition.broadcast(to: shape), a.broadcast(to: shape), b.broadcast(to: shape)])
    }

    private static func promoted(_ a: Node, _ b: Node) -> (Node, Node) {
        let type = ElementType.promoted(a.elementType, b.elementType)
        return (a.cast(to: type), b.cast(to: type))
    }

    /// The node with another element type; itself if it has that.
    package func cast(to type: ElementType) -> Node {
        elementType == type && isValid ? self : Node(.cast(type), [self])
    }

    // MARK: Movement

    /// The node stretched to a shape, as NumPy broadcasts; itself if it has that.
    package func broadcast(to shape: Shape) -> Node {
        self.shape == shape && isValid ? self : Node(.broadcast(shape), [self])
    }

    /// The same elements under another shape; the node itself if it has that.
    package func reshape(_ shape: Shape) -> Node {
        self.shape == shape && isValid ? self : Node(.reshape(shape), [self])
    }

    /// The axes in another order, `y.shape[i] = x.shape[permutation[i]]`; the node itself if the order stays.
    package func transpose(_ permutation: [Int]) -> Node {
        permutation == Array(permutation.indices) && isValid && permutation.count == shape.rank
            ? self : Node(.transpose(permutation), [self])
    }

    /// Swaps the last two axes.
    package var matrixTransposed: Node {
        guard shape.rank >= 2 else {
            return Node(problem: "expected a matrix but received shape \(shape)", operation: "transpose")
        }
        var permutation = Array(0..<shape.rank)
        permutation.swapAt(shape.rank - 1, shape.rank - 2)
        return transpose(permutation)
    }

    /// Part `index` of `count` equal ones along the first axis, without that axis.
    func row(_ index: Int) -> Node {
        var slices = shape.dimensions.map { AxisSlice(start: 0, count: $0) }
        slices[0] = AxisSlice(start: index, count: 1)
        return Node(.slice(slices), [self]).reshape(Shape(Array(shape.dimensions.dropFirst())))
    }

    // MARK: Reductions

    /// The axes reduced to one value each; kept axes stay with extent 1. The node itself for no axes.
    package func reduce(_ reduction: Reduction, _ axes: [Int], keepingAxes: Bool = false) -> Node {
        guard !axes.isEmpty || !isValid else { return self }
        let reduced = Node(.reduce(reduction, axes: axes), [self])
        return keepingAxes && reduced.isValid ? reduced.reshape(shape.flattening(axes)) : reduced
    }

    /// The adjoint of broadcasting: sums over the axes that were stretched.
    func sum(backTo shape: Shape) -> Node {
        let added = self.shape.rank - shape.rank
        let axes = self.shape.dimensions.indices.filter {
            $0 < added || (shape.dimensions[$0 - added] == 1 && self.shape.dimensions[$0] != 1)
        }
        return reduce(.sum, axes).reshape(shape)
    }

    // MARK: Linear algebra

    /// The matrix product; leading axes broadcast, vectors are not promoted.
    package static func matmul(_ a: Node, _ b: Node) -> Node {
        let (a, b) = promoted(a, b)
        guard a.isValid, b.isValid, a.shape.rank >= 2, b.shape.rank >= 2,
            let leading = Shape.broadcast(
                Shape(Array(a.shape.dimensions.dropLast(2))), Shape(Array(b.shape.dimensions.dropLast(2))))
        else { return Node(.matmul, [a, b]) }
        func stretched(_ node: Node) -> Node {
            node.broadcast(to: Shape(leading.dimensions + node.shape.dimensions.suffix(2)))
        }
        // [..., m, k] × [k, n] is one product of more rows.
        if b.shape.rank == 2, a.shape.rank > 2, a.shape[-1] == b.shape[0] {
            let rows = a.reshape([a.shape.dimensions.dropLast().product, a.shape[-1]])
            return Node(.matmul, [rows, b]).reshape(Shape(a.shape.dimensions.dropLast() + [b.shape[1]]))
        }
        return Node(.matmul, [stretched(a), stretched(b)])
    }
}

// Operators for gradient rules and expansions.
extension Node {
    package static func + (a: Node, b: Node) -> Node { binary(.add, a, b) }
    package static func - (a: Node, b: Node) -> Node { binary(.subtract, a, b) }
    package static func * (a: Node, b: Node) -> Node { binary(.multiply, a, b) }
    package static func / (a: Node, b: Node) -> Node { binary(.divide, a, b) }
    package static prefix func - (a: Node) -> Node { a.unary(.negate) }
    package static func * (a: Node, b: Double) -> Node { binary(.multiply, a, .constant(b, [], a.elementType)) }
    package static func + (a: Node, b: Double) -> Node { binary(.add, a, .constant(b, [], a.elementType)) }
    package static func - (a: Double, b: Node) -> Node { binary(.subtract, .constant(a, [], b.elementType), b) }
}
