import ApusGraph

extension OperationTable {
    // MARK: Attention

    /// Samples, positions of queries and keys, heads of both, features of keys and of values.
    private static let sizes: [(n: Int, t: Int, s: Int, heads: Int, groups: Int, size: Int, depth: Int)] = [
        (2, 3, 3, 2, 2, 4, 4), (1, 5, 7, 3, 3, 3, 2), (1, 7, 4, 4, 2, 2, 5), (2, 1, 6, 2, 1, 1, 1),
        (1, 1, 1, 1, 1, 3, 2),
        (1, 0, 3, 2, 2, 2, 2), (1, 3, 0, 2, 1, 2, 2), (1, 70, 3, 1, 1, 2, 3), (1, 2, 140, 1, 1, 3, 2),
    ]

    /// Masks of every kind and shape.
    private static var masked: [OperationRow] {
        let shapes: [Shape] = [[2, 1, 1, 7], [1, 4, 3, 1], [2, 4, 3, 7], [1, 1, 3, 7], [1, 1, 1, 1]]
        return AttentionMask.allCases.flatMap { kind in
            shapes.flatMap { shape in
                [false, true].flatMap { isCausal -> [OperationRow] in
                    let form = AttentionForm(isCausal: isCausal, scale: 0.7, mask: kind)
                    let operands: [TestInput] = [
                        .floating([2, 3, 4, 3]), .floating([2, 7, 2, 3]), .floating([2, 7, 2, 2]),
                    ]
                    let result = TestInput.floating([2, 3, 4, 2])
                    let mask = kind == .seen ? TestInput.bool(shape) : .floating(shape)
                    // What is added to all keys alike, and what leaves one key, has gradients of 0 but for rounding.
                    let isDifferentiable = !isCausal && shape[3] > 1
                    let name = "with a mask \(kind) \(shape)\(isCausal ? " causal" : "")"
                    return [
                        OperationRow(
                            "attention \(name)", operands + [mask], isDifferentiable: isDifferentiable,
                            toleranceFactor: 4
                        ) { x, _ in Node(.attention(form), x) }
                    ]
                        + AttentionOperand.allCases.map { operand in
                            OperationRow(
                                "attentionGradient of \(operand) \(name)", operands + [result, result, mask],
                                isDifferentiable: isDifferentiable, toleranceFactor: 8
                            ) { x, _ in Node(.attentionGradient(form, of: operand), x) }
                        }
                }
            }
        }
    }

    static var attention: [OperationRow] {
        sizes.flatMap { size in
            [false, true].flatMap { isCausal -> [OperationRow] in
                let form = AttentionForm(isCausal: isCausal, scale: 0.7)
                let name =
                    "[\(size.n), \(size.t), \(size.heads), \(size.size)] of [\(size.n), \(size.s), \(size.groups), "
                    + "\(size.depth)]\(isCausal ? " causal" : "")"
                let operands = [
                    TestInput.floating([size.n, size.t, size.heads, size.size]),
                    .floating([size.n, size.s, size.groups, size.size]),
                    .floating([size.n, size.s, size.groups, size.depth]),
                ]
                let result = TestInput.floating([size.n, size.t, size.heads, size.depth])
                return [
                    OperationRow("attention \(name)", operands, toleranceFactor: 4) { x, _ in
                        Node(.attention(form), x)
                    }
                ]
                    + AttentionOperand.allCases.map { operand in
                        OperationRow(
                            "attentionGradient of \(operand) \(name)", operands + [result, result], toleranceFactor: 8
                        ) { x, _ in Node(.attentionGradient(form, of: operand), x) }
                    }
            }
        } + masked + [
            OperationRow(
                "attention of large products",
                [
                    .floating([1, 3, 1, 2], .values([90, -80, 7])), .floating([1, 4, 1, 2], .values([9, 1, -30, 60])),
                    .floating([1, 4, 1, 2]),
                ],
                isDifferentiable: false, toleranceFactor: 16
            ) { x, _ in Node(.attention(AttentionForm(isCausal: false, scale: 1)), x) }
        ]
    }
}
