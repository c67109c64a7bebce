import ApusGraph

extension OperationTable {
    // MARK: Loops

    static var loops: [OperationRow] {
        [(4, 2, 3), (1, 1, 1), (0, 2, 2), (5, 3, 5)].flatMap { length, count, width in
            [false, true].flatMap { isReversed -> [OperationRow] in
                let name = "[\(length), \(count), \(width)]\(isReversed ? " reversed" : "")"
                let operands = [
                    TestInput.floating([count, width]), .floating([length, count, width]), .floating([width, width]),
                ]
                /// What is carried, an entry and the constant → what is carried on, and what is yielded.
                func row(
                    _ kind: String, keeps: Bool = true, _ body: @escaping @Sendable (Node, Node, Node) -> (Node, [Node])
                ) -> OperationRow {
                    OperationRow(
                        "scan \(kind) \(name)", operands, isDifferentiable: keeps, isTwiceDifferentiable: false,
                        toleranceFactor: 16
                    ) { x, _ in
                        let carry = Node(.input("carry", x[0].type))
                        let entry = Node(.input("entry", TensorType([count, width], x[1].elementType)))
                        let (next, yields) = body(carry, entry, x[2])
                        return Node.scan(
                            [next] + yields, carries: [carry], keeps: [keeps], entries: [entry], initial: [x[0]],
                            sequences: [x[1]], length: length, isReversed: isReversed
                        ).node
                    }
                }
                return [
                    row("of a recurrence") { h, x, w in
                        let next = (Node.matmul(h, w) * 0.2 + x * 0.2).unary(.tanh)
                        return (next, [next * x])
                    },
                    row("without yields") { h, x, _ in (h * x + x, []) },
                    row("that changes nothing") { h, x, _ in (h, [x, h]) },
                    row("in place", keeps: false) { h, x, w in (h * 0.5 + Node.matmul(x, w), [h]) },
                ]
            }
        }
    }
}
