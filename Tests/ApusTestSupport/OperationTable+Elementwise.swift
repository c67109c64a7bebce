import ApusGraph

extension OperationTable {
    private static let specials: [Double] = [
        .nan, .infinity, -.infinity, 0, -0.0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5,
    ]

    // MARK: One operand

    static var unary: [OperationRow] {
        let shapes: [Shape] = [[3, 17], [], [1, 131], [0, 3], [2, 1, 5, 3]]
        let floating = UnaryOperation.allCases.filter { $0 != .logicalNot }.flatMap { unary in
            shapes.map { shape in
                OperationRow(
                    "\(unary) \(shape)", [.floating(shape, drawing(unary))],
                    isDifferentiable: unary != .isFinite, isExact: isExact(unary), toleranceFactor: 2
                ) { x, _ in x[0].unary(unary) }
            }
        }
        let special = UnaryOperation.allCases.filter { $0 != .logicalNot }.map { unary in
            OperationRow(
                "\(unary) of special values", [.floating([13], .values(specials))], isDifferentiable: false,
                isExact: isExact(unary), toleranceFactor: 2
            ) { x, _ in x[0].unary(unary) }
        }
        let whole: [UnaryOperation] = [.negate, .absolute, .sign, .square, .relu, .floor, .ceil, .round, .isFinite]
        let integers = whole.flatMap { unary in
            [
                OperationRow("\(unary) int32", [.integers([3, 17], -9...9)], isExact: true) { x, _ in x[0].unary(unary)
                },
                OperationRow("\(unary) int64", [.integers([37], -9...9, .int64)], isExact: true) { x, _ in
                    x[0].unary(unary)
                },
                OperationRow("\(unary) uint8", [.integers([37], 0...255, .uint8)], isExact: true) { x, _ in
                    x[0].unary(unary)
                },
            ]
        }
        return floating + special + integers + [
            OperationRow("logicalNot [3, 17]", [.bool([3, 17])], isExact: true) { x, _ in x[0].unary(.logicalNot) },
            OperationRow("logicalNot scalar", [.bool([])], isExact: true) { x, _ in x[0].unary(.logicalNot) },
        ]
    }

    /// Values at which an operation is smooth and well conditioned.
    private static func drawing(_ unary: UnaryOperation) -> Drawing {
        switch unary {
        case .negate, .square, .expm1, .exp, .tanh, .isFinite, .erf, .logicalNot: .uniform(-2...2)
        case .absolute, .sign, .floor, .ceil, .round, .relu: .distinct()
        case .log, .squareRoot, .reciprocalSquareRoot: .uniform(0.3...3)
        case .log1p: .uniform(-0.6...2)
        case .reciprocal: .magnitude(0.5...2)
        case .sine, .cosine: .uniform(-4...4)
        case .sigmoid, .softplus: .uniform(-5...5)
        }
    }

    private static func isExact(_ unary: UnaryOperation) -> Bool {
        switch unary {
        case .negate, .absolute, .sign, .floor, .ceil, .round, .relu, .logicalNot, .isFinite: true
        case .exp, .expm1, .log, .log1p, .squareRoot, .reciprocalSquareRoot, .square, .reciprocal, .sine, .cosine,
            .tanh,
            .sigmoid, .erf, .softplus:
            false
        }
    }

    // MARK: Two operands

    static var binary: [OperationRow] {
        let shapes: [(Shape, Shape)] = [
            ([3, 17], [3, 17]), ([], []), ([131], [131]), ([0, 3], [0, 3]), ([3, 17], [17]), ([3, 17], [3, 1]),
            ([2, 3, 5], [1, 3, 1]), ([5, 1], [1, 7]), ([33], []),
        ]
        var rows: [OperationRow] = []
        for binary in BinaryOperation.allCases {
            for (left, right) in shapes {
                let (a, b) = binary.isLogical ? (.bool(left), .bool(right)) : operands(binary, left, right)
                rows.append(
                    OperationRow(
                        "\(binary) \(left) \(right)", [a, b], isDifferentiable: !binary.isComparison,
                        isExact: isExact(binary), toleranceFactor: 2
                    ) { x, _ in .binary(binary, x[0], x[1]) })
            }
            if !binary.isLogical { rows += integerRows(binary) + [specialRow(binary)] }
        }
        return rows + [
            OperationRow("power of negative numbers", [.floating([3, 7], .magnitude(0.5...2))]) { x, type in
                .binary(.power, x[0], .constant(3, [], type))
            },
            OperationRow(
                "remainder of all signs",
                [
                    .floating([8], .values([5.3, -5.3, 5.3, -5.3, 0.7, -0.7, 17.3, 3.3])),
                    .floating([8], .values([2, 2, -2, -2, 3.5, 3.5, 0.9, -7])),
                ], toleranceFactor: 20
            ) { x, _ in .binary(.remainder, x[0], x[1]) },
            OperationRow(
                "maximum with ties",
                [
                    .floating([7], .values([1, 2, 3])), .floating([7], .values([3, 2, 1])),
                ], isDifferentiable: false, isExact: true
            ) { x, _ in .binary(.maximum, x[0], x[1]) },
        ]
    }

    private static func operands(_ binary: BinaryOperation, _ a: Shape, _ b: Shape) -> (TestInput, TestInput) {
        switch binary {
        case .divide: (.floating(a), .floating(b, .magnitude(0.5...2)))
        case .power: (.floating(a, .uniform(0.4...2.5)), .floating(b, .uniform(-2...2.5)))
        case .minimum, .maximum, .less, .lessOrEqual, .greater, .greaterOrEqual:
            (.floating(a, .distinct(phase: 0.25)), .floating(b, .distinct(phase: 0.75)))
        // a / b = k + ½ is far from the jumps at whole numbers.
        case .remainder: (.floating(a, .distinct(spacing: 1, phase: 0.5)), .floating(b, .values([1, -1])))
        case .equal, .notEqual: (.floating(a, .integers(-2...2)), .floating(b, .integers(-2...2)))
        case .add, .subtract, .multiply, .logicalAnd, .logicalOr, .logicalXor: (.floating(a), .floating(b))
        }
    }

    private static func isExact(_ binary: BinaryOperation) -> Bool {
        binary.isComparison || binary.isLogical || binary == .minimum || binary == .maximum
    }

    /// Zero as a divisor, negative powers, wrapping around.
    private static func integerRows(_ binary: BinaryOperation) -> [OperationRow] {
        let second = binary == .power ? -2...3 : -4...4
        func row(_ type: ElementType, _ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> OperationRow {
            OperationRow(
                "\(binary) \(type)", [.integers([3, 37], a, type), .integers([3, 37], b, type)], isExact: true
            ) { x, _ in .binary(binary, x[0], x[1]) }
        }
        return [row(.int32, -9...9, second), row(.int64, -9...9, second)]
            + (binary == .power ? [] : [row(.uint8, 0...255, 0...255)])
    }

    private static func specialRow(_ binary: BinaryOperation) -> OperationRow {
        OperationRow(
            "\(binary) of special values",
            [
                .floating([169], .values(specials)),
                .floating([169], .values(specials.flatMap { Array(repeating: $0, count: specials.count) })),
            ], isDifferentiable: false, isExact: isExact(binary), toleranceFactor: 2
        ) { x, _ in .binary(binary, x[0], x[1]) }
    }

    // MARK: Choices

    static var choices: [OperationRow] {
        [
            OperationRow("select [3, 17]", [.bool([3, 17]), .floating([3, 17]), .floating([3, 17])], isExact: true) {
                x, _ in
                .select(x[0], x[1], x[2])
            },
            OperationRow("select scalar", [.bool([]), .floating([]), .floating([])], isExact: true) { x, _ in
                .select(x[0], x[1], x[2])
            },
            OperationRow("select broadcast", [.bool([3, 1]), .floating([17]), .floating([])], isExact: true) { x, _ in
                .select(x[0], x[1], x[2])
            },
            OperationRow(
                "select int32", [.bool([37]), .integers([37], -9...9), .integers([37], -9...9)], isExact: true
            ) {
                x, _ in .select(x[0], x[1], x[2])
            },
            OperationRow("clamp [3, 17]", [.floating([3, 17], .distinct())], isExact: true) { x, _ in
                Node(.clamp(low: .floating(-1), high: .floating(2)), [x[0]])
            },
            OperationRow("clamp from below only", [.floating([33], .distinct())], isExact: true) { x, _ in
                Node(.clamp(low: .floating(0), high: .floating(.infinity)), [x[0]])
            },
            OperationRow(
                "clamp of special values", [.floating([13], .values(specials))], isDifferentiable: false, isExact: true
            ) {
                x, _ in Node(.clamp(low: .floating(-1), high: .floating(2)), [x[0]])
            },
            OperationRow("clamp int32", [.integers([37], -9...9)], isExact: true) { x, _ in
                Node(.clamp(low: .integer(-3), high: .integer(4)), [x[0]])
            },
            OperationRow("stopGradient", [.floating([3, 5])], isDifferentiable: false, isExact: true) { x, _ in
                Node(.stopGradient, [x[0]])
            },
        ] + openClamps
    }

    /// One bound alone, and bounds outside the integers of a type.
    private static var openClamps: [OperationRow] {
        [ElementType.int32, .int64, .uint8].flatMap { type in
            [(3, .infinity), (-.infinity, 3), (-1e12, 1e12)].map { (low: Double, high: Double) in
                OperationRow("clamp \(type) \(low)...\(high)", [.integers([37], 0...255, type)], isExact: true) {
                    x, _ in
                    Node(.clamp(low: .floating(low), high: .floating(high)), [x[0]])
                }
            }
        }
    }

    // MARK: Casts

    static var casts: [OperationRow] {
        let targets = ElementType.allCases
        let floating = targets.map { target in
            OperationRow(
                "cast to \(target)", [.floating([3, 17], .uniform(-5...5))], isDifferentiable: target == .float64,
                isExact: true
            ) { x, _ in Node(.cast(target), [x[0]]) }
        }
        let saturating = targets.map { target in
            OperationRow(
                "cast of special values to \(target)",
                [.floating([16], .values(specials + [1e12, -1e12, 300]))], isDifferentiable: false, isExact: true
            ) { x, _ in Node(.cast(target), [x[0]]) }
        }
        let whole = [ElementType.int32, .int64, .uint8, .bool].flatMap { source in
            targets.map { target in
                let range = source == .bool ? 0...1 : source == .uint8 ? 0...255 : -300...300
                return OperationRow(
                    "cast from \(source) to \(target)", [.integers([37], range, source)], isDifferentiable: false,
                    isExact: true
                ) { x, _ in Node(.cast(target), [x[0]]) }
            }
        }
        return floating + saturating + whole
    }
}
