extension Inference {
    func attention(_ form: AttentionForm) -> TensorType {
        let (q, k, v) = (inputs[0], inputs[1], inputs[2])
        guard [q, k, v].allSatisfy({ $0.shape.rank == 4 && $0.elementType.isFloatingPoint }) else {
            problems.append(
                "expected floating-point tensors [N, positions, heads, size] but received queries \(q), keys \(k) and "
                    + "values \(v)")
            return Self.unknown
        }
        expectSameType(0, 1)
        expectSameType(0, 2)
        let shapes = "queries \(q.shape), keys \(k.shape) and values \(v.shape)"
        expect(
            q.shape[0] == k.shape[0] && q.shape[3] == k.shape[3],
            "expected queries and keys of as many samples (axis 0) and one size (axis 3) but received \(shapes)")
        expect(
            k.shape.dimensions.dropLast() == v.shape.dimensions.dropLast(),
            "expected keys and values of as many samples, positions and heads but received \(shapes)")
        let (heads, groups) = (q.shape[2], k.shape[2])
        expect(
            groups > 0 ? heads % groups == 0 : heads == 0,
            "expected a number of heads of keys and values (axis 2) that divides the \(heads) of queries but received "
                + shapes)
        if let kind = form.mask {
            let (mask, whole) = (inputs.last!, Shape([q.shape[0], heads, q.shape[1], k.shape[1]]))
            expect(
                mask.shape.rank == 4 && Shape.broadcast(mask.shape, whole) == whole
                    && mask.elementType == (kind == .seen ? .bool : q.elementType),
                "expected a mask \(kind == .seen ? .bool : q.elementType) that broadcasts to [N, heads, T, S] = \(whole) but received \(mask)"
            )
        }
        let result = TensorType([q.shape[0], q.shape[1], heads, v.shape[3]], q.elementType)
        guard case .attentionGradient(_, let operand) = operation else { return result }
        for index in [3, 4] {
            expectSameType(0, index)
            expectShape(index, result.shape, index == 3 ? "a result" : "a gradient")
        }
        return inputs[AttentionOperand.allCases.firstIndex(of: operand)!]
    }
}
