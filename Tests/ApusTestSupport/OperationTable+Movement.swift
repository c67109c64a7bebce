import ApusGraph

extension OperationTable {
    /// Moves tensors of the type under test and of integers.
    private static func moved(
        _ name: String, _ shape: Shape, _ operation: Operation, isDifferentiable: Bool = true
    ) -> [OperationRow] {
        [
            OperationRow(name, [.floating(shape)], isDifferentiable: isDifferentiable, isExact: true) { x, _ in
                Node(operation, [x[0]])
            },
            OperationRow("\(name) uint8", [.integers(shape, 0...255, .uint8)], isExact: true) { x, _ in
                Node(operation, [x[0]])
            },
        ]
    }

    private static func slices(_ slices: (Int, Int, Int)...) -> Operation {
        .slice(slices.map { AxisSlice(start: $0.0, count: $0.1, stride: $0.2) })
    }

    private static func pad(_ value: Double, _ padding: (Int, Int)...) -> Operation {
        .pad(padding.map { AxisPadding(low: $0.0, high: $0.1) }, value: .floating(value))
    }

    static var movement: [OperationRow] {
        [
            moved("reshape [3, 17] to [51]", [3, 17], .reshape([51])),
            moved("reshape to scalar", [1, 1], .reshape([])),
            moved("reshape empty", [0, 3], .reshape([5, 0])),
            moved("transpose [3, 17]", [3, 17], .transpose([1, 0])),
            moved("transpose [2, 3, 5] 1 2 0", [2, 3, 5], .transpose([1, 2, 0])),
            moved("transpose [2, 3, 5, 7] 0 3 1 2", [2, 3, 5, 7], .transpose([0, 3, 1, 2])),
            moved("transpose empty", [0, 3], .transpose([1, 0])),
            moved("transpose [33, 65]", [33, 65], .transpose([1, 0])),
            moved("broadcast scalar", [], .broadcast([3, 5])),
            moved("broadcast row", [17], .broadcast([3, 17])),
            moved("broadcast column", [3, 1], .broadcast([3, 17])),
            moved("broadcast middle", [2, 1, 5], .broadcast([3, 2, 7, 5])),
            moved("broadcast to empty", [1], .broadcast([0])),
            moved("slice [17]", [17], slices((2, 9, 1))),
            moved("slice with stride", [17], slices((1, 5, 3))),
            moved("slice to the last element", [17], slices((0, 9, 2))),
            moved("slice [5, 7, 3]", [5, 7, 3], slices((1, 2, 2), (0, 7, 1), (2, 1, 1))),
            moved("slice of nothing", [5, 3], slices((2, 0, 1), (0, 3, 1))),
            moved("slice to scalar-like", [5, 3], slices((4, 1, 3), (1, 1, 1))),
            moved("pad [17]", [17], pad(0, (2, 3))),
            moved("pad with 7", [3, 5], pad(7, (0, 1), (2, 0))),
            moved("pad empty", [0, 3], pad(1, (2, 0), (0, 1))),
            moved("pad image", [2, 3, 5, 2], pad(0, (0, 0), (1, 1), (2, 1), (0, 0))),
            moved("reverse [17]", [17], .reverse(axes: [0])),
            moved("reverse two axes", [2, 3, 5], .reverse(axes: [2, 0])),
            moved("reverse no axis", [2, 3], .reverse(axes: [])),
        ].flatMap { $0 } + [
            OperationRow(
                "concatenate axis 0", [.floating([2, 3]), .floating([1, 3]), .floating([4, 3])], isExact: true
            ) {
                x, _ in Node(.concatenate(axis: 0), x)
            },
            OperationRow("concatenate last axis", [.floating([2, 3, 5]), .floating([2, 3, 1])], isExact: true) { x, _ in
                Node(.concatenate(axis: 2), x)
            },
            OperationRow("concatenate with empty", [.floating([0, 3]), .floating([2, 3])], isExact: true) { x, _ in
                Node(.concatenate(axis: 0), x)
            },
            OperationRow("concatenate one", [.floating([2, 3])], isExact: true) { x, _ in Node(.concatenate(axis: 1), x)
            },
            OperationRow("concatenate itself", [.floating([2, 3])], isExact: true) { x, _ in
                Node(.concatenate(axis: 1), [x[0], x[0]])
            },
            OperationRow(
                "concatenate int64", [.integers([3], -9...9, .int64), .integers([4], -9...9, .int64)], isExact: true
            ) {
                x, _ in Node(.concatenate(axis: 0), x)
            },
        ]
    }
}
