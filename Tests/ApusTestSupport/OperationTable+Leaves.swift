import ApusGraph

extension OperationTable {
    static var leaves: [OperationRow] {
        [
            OperationRow("input", [.floating([3, 5])], isExact: true) { x, _ in x[0] },
            OperationRow("constant scalar", [], isExact: true) { _, type in .constant(0.1, [], type) },
            OperationRow("constant [3, 17]", [], isExact: true) { _, type in .constant(-2.5, [3, 17], type) },
            OperationRow("constant int64", [], isExact: true) { _, _ in
                .constant(.integer(1 << 40), TensorType([3], .int64))
            },
            OperationRow("constant empty", [], isExact: true) { _, type in .constant(1, [0, 3], type) },
            OperationRow("iota [17]", [], isExact: true) { _, type in Node(.iota(axis: 0, TensorType([17], type))) },
            OperationRow("iota [2, 5, 3] axis 1", [], isExact: true) { _, type in
                Node(.iota(axis: 1, TensorType([2, 5, 3], type)))
            },
            OperationRow("iota int32", [], isExact: true) { _, _ in Node(.iota(axis: 1, TensorType([3, 7], .int32))) },
            OperationRow("iota int64", [], isExact: true) { _, _ in Node(.iota(axis: 0, TensorType([3, 7], .int64))) },
        ] + random
    }

    private static var random: [OperationRow] {
        func row(
            _ name: String, _ distribution: RandomDistribution, _ shape: Shape, _ fixed: ElementType? = nil,
            stream: UInt64 = 5, seed: Int = 7, step: Int = 3, isExact: Bool
        ) -> OperationRow {
            OperationRow("random \(name)", [.key(seed, step)], isExact: isExact, toleranceFactor: 4) { key, type in
                Node(.random(distribution, stream: stream, TensorType(shape, fixed ?? type)), [key[0]])
            }
        }
        return [
            row("uniform", .uniform(low: -1, high: 2), [3, 17], isExact: true),
            row("uniform [0, 1)", .uniform(low: 0, high: 1), [33], isExact: true),
            row("uniform scalar", .uniform(low: 0, high: 1), [], isExact: true),
            row("uniform empty", .uniform(low: 0, high: 1), [0, 3], isExact: true),
            row("uniform int32", .uniform(low: -5, high: 12), [37], .int32, isExact: true),
            row("uniform int64", .uniform(low: -50, high: 1e12), [37], .int64, isExact: true),
            row("uniform uint8", .uniform(low: 0, high: 256), [37], .uint8, isExact: true),
            row(
                "uniform of large key and stream", .uniform(low: 0, high: 1), [17], stream: 0x1234_5678_9abc_def0,
                seed: 0xa_bcde_f012_3456, step: 0x1_0000_0007, isExact: true),
            row("uniform of negative key", .uniform(low: 0, high: 1), [17], seed: -3, step: 1, isExact: true),
            row("normal", .normal(mean: 0.5, standardDeviation: 2), [3, 17], isExact: false),
            row("normal of odd count", .normal(mean: 0, standardDeviation: 1), [1001], isExact: false),
            row("truncated normal", .truncatedNormal(mean: 0.5, standardDeviation: 2), [3, 17], isExact: false),
            row("Bernoulli", .bernoulli(probability: 0.3), [3, 17], .bool, isExact: true),
            row("Bernoulli of 0", .bernoulli(probability: 0), [17], .bool, isExact: true),
            row("Bernoulli of 1", .bernoulli(probability: 1), [17], .bool, isExact: true),
        ]
    }
}
