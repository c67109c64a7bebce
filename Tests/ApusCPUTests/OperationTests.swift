import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import CKernelsTestSupport
import Testing

/// Every row of the operation table on the processor against the meaning.
@Suite(.serialized) struct OperationTests {
    private static let rows = OperationTable.rows
    private static let floatingRows = rows.filter(\.dependsOnType)
    private static let differentiableRows = rows.filter(\.isDifferentiable)

    private func check(_ row: OperationRow, _ type: ElementType, _ options: CompileOptions = .fused) throws {
        let instance = row.instance(type)
        let expected = try ReferenceBackend().run(instance.graph, inputs: instance.values)[0]
        let received = try CPU.values(instance.graph, instance.values, options: options)[0]
        let difference = difference(received, from: expected, row.tolerance(expected.elementType))
        #expect(difference == nil, "\(row) in \(type)")
    }

    @Test(arguments: rows) func float32(row: OperationRow) throws {
        try check(row, .float32)
        try check(row, .float32, .unfused)
    }

    @Test(arguments: floatingRows) func bfloat16(row: OperationRow) throws { try check(row, .bfloat16) }

    @Test(arguments: floatingRows) func float64(row: OperationRow) throws { try check(row, .float64) }

    @Test(arguments: differentiableRows) func gradients(row: OperationRow) throws {
        let instance = row.instance(.float32)
        let graph = instance.gradientGraph
        let expected = try ReferenceBackend().run(graph, inputs: instance.gradientValues)
        for options in [CompileOptions.fused, .unfused] {
            let received = try CPU.values(graph, instance.gradientValues, options: options)
            #expect(received.count == expected.count)
            for (received, expected) in zip(received, expected) {
                let tolerance = Tolerance.of(.float32) * (8 * row.toleranceFactor)
                let difference = difference(received, from: expected, tolerance)
                #expect(difference == nil, "gradient of \(row), fused: \(options.fuses)")
            }
        }
    }

    @Test(arguments: rows) func instructionSets(row: OperationRow) throws {
        // The best one is what all other tests use.
        for set in InstructionSet.available.dropLast() {
            try set.use {
                try check(row, .float32)
                if row.dependsOnType { try check(row, .bfloat16) }
            }
        }
    }
}
