import ApusGraph

extension OperationTable {
    static var reductions: [OperationRow] { folds + extremes + alongAxes }

    private static var folds: [OperationRow] {
        let shapes: [(Shape, [Int])] = [
            ([3, 17], [1]), ([3, 17], [0]), ([3, 17], [0, 1]), ([131], [0]), ([2, 3, 5, 7], [1, 2]),
            ([2, 3, 5, 3], [0, 2]),
            ([5, 1], [1]), ([2, 3, 5], [2, 0]), ([], []), ([1], [0]),
        ]
        var rows: [OperationRow] = []
        for reduction in Reduction.allCases {
            let isLogical = reduction == .any || reduction == .all
            for (shape, axes) in shapes {
                rows.append(
                    OperationRow(
                        "reduce \(reduction) \(shape) over \(axes)",
                        [isLogical ? .bool(shape) : .floating(shape, drawing(reduction))],
                        isExact: isLogical || reduction == .maximum || reduction == .minimum, toleranceFactor: 4
                    ) { x, _ in Node(.reduce(reduction, axes: axes), x) })
            }
            if !isLogical, reduction != .mean {
                for type in [ElementType.int32, .int64, .uint8] {
                    rows.append(
                        OperationRow(
                            "reduce \(reduction) \(type)",
                            [.integers([5, 7], type == .uint8 ? 0...200 : -9...9, type)], isExact: true
                        ) { x, _ in Node(.reduce(reduction, axes: [1]), x) })
                }
            }
            if reduction == .maximum || reduction == .minimum {
                rows.append(
                    OperationRow(
                        "reduce \(reduction) with NaN",
                        [.floating([3, 5], .values([1, 2, .nan, 4, 5, -.infinity, 0, 8, .infinity]))],
                        isDifferentiable: false, isExact: true
                    ) { x, _ in Node(.reduce(reduction, axes: [1]), x) })
            } else if isLogical {
                rows.append(
                    OperationRow("reduce \(reduction) of nothing", [.bool([0, 3])], isExact: true) { x, _ in
                        Node(.reduce(reduction, axes: [0]), x)
                    })
            } else {
                rows.append(
                    OperationRow("reduce \(reduction) of nothing", [.floating([0, 3])], isExact: true) { x, _ in
                        Node(.reduce(reduction, axes: [0]), x)
                    })
            }
        }
        return rows + [
            OperationRow(
                "product with zeros", [.floating([3, 4], .values([2, 3, 0, 4, 0, 5, 0, 2, 1.5, 2, 0.5, 3]))],
                isTwiceDifferentiable: false
            ) { x, _ in Node(.reduce(.product, axes: [1]), x) }
        ]
    }

    private static func drawing(_ reduction: Reduction) -> Drawing {
        switch reduction {
        case .sum, .mean, .any, .all: .uniform(-2...2)
        case .maximum, .minimum: .distinct()
        case .product: .magnitude(0.7...1.4)
        }
    }

    private static var extremes: [OperationRow] {
        ArgReduction.allCases.flatMap { reduction in
            [
                OperationRow(
                    "\(reduction) last axis", [.floating([3, 17], .distinct())], isDifferentiable: false, isExact: true
                ) {
                    x, _ in Node(.argReduce(reduction, axis: 1), x)
                },
                OperationRow(
                    "\(reduction) middle", [.floating([2, 5, 3], .distinct())], isDifferentiable: false, isExact: true
                ) {
                    x, _ in Node(.argReduce(reduction, axis: 1), x)
                },
                OperationRow("\(reduction) with ties", [.integers([7, 33], -2...2)], isExact: true) { x, _ in
                    Node(.argReduce(reduction, axis: 1), x)
                },
                OperationRow(
                    "\(reduction) with NaN", [.floating([3, 5], .values([1, 2, .nan, 9, .nan, 3, 1, 0]))],
                    isDifferentiable: false, isExact: true
                ) { x, _ in Node(.argReduce(reduction, axis: 1), x) },
                OperationRow("\(reduction) of one", [.floating([3, 1])], isDifferentiable: false, isExact: true) {
                    x, _ in
                    Node(.argReduce(reduction, axis: 1), x)
                },
            ]
        }
    }

    private static var alongAxes: [OperationRow] {
        var rows: [OperationRow] = []
        for exclusive in [false, true] {
            for reverse in [false, true] {
                let name = "cumulativeSum" + (exclusive ? " exclusive" : "") + (reverse ? " reverse" : "")
                for (shape, axis) in [
                    ([17], 0), ([3, 7], 1), ([5, 3], 0), ([2, 5, 3], 1), ([0, 3], 1), ([3, 1], 1),
                ] as [(Shape, Int)] {
                    rows.append(
                        OperationRow("\(name) \(shape) axis \(axis)", [.floating(shape)], toleranceFactor: 4) { x, _ in
                            Node(.cumulativeSum(axis: axis, exclusive: exclusive, reverse: reverse), x)
                        })
                }
                rows.append(
                    OperationRow("\(name) int32", [.integers([3, 17], -9...9)], isExact: true) { x, _ in
                        Node(.cumulativeSum(axis: 1, exclusive: exclusive, reverse: reverse), x)
                    })
            }
        }
        for descending in [false, true] {
            let name = "argsort" + (descending ? " descending" : "")
            rows += [
                OperationRow(
                    "\(name) [3, 17]", [.floating([3, 17], .distinct())], isDifferentiable: false, isExact: true
                ) {
                    x, _ in Node(.argsort(axis: 1, descending: descending, count: 17), x)
                },
                OperationRow(
                    "\(name) first 3 of middle", [.floating([2, 7, 3])], isDifferentiable: false, isExact: true
                ) {
                    x, _ in Node(.argsort(axis: 1, descending: descending, count: 3), x)
                },
                OperationRow("\(name) with ties", [.integers([131], -3...3)], isExact: true) { x, _ in
                    Node(.argsort(axis: 0, descending: descending, count: 131), x)
                },
                OperationRow(
                    "\(name) with NaN",
                    [.floating([9], .values([2, .nan, 1, -.infinity, .nan, .infinity, 0, -0.0, 1]))],
                    isDifferentiable: false, isExact: true
                ) { x, _ in Node(.argsort(axis: 0, descending: descending, count: 9), x) },
                OperationRow("\(name) of nothing", [.floating([3, 5])], isDifferentiable: false, isExact: true) {
                    x, _ in
                    Node(.argsort(axis: 1, descending: descending, count: 0), x)
                },
            ]
        }
        return rows
    }
}
