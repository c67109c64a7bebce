import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// Random graphs: fused and unfused programs against the meaning, and every byte of their memory plans.
@Suite(.serialized) struct FuzzTests {
    private func check(_ seed: UInt64, imageBatch: Int?) throws {
        let (graph, values) = RandomGraph.draw(seed: seed, size: imageBatch == nil ? 40 : 34, imageBatch: imageBatch)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        for options in [CompileOptions.fused, .unfused] {
            let program = try CPU.compile(graph, options: options)
            // Twice: the second run finds what the first left in the arena.
            _ = try program.values(values)
            let received = try program.values(values)
            #expect(received.count == expected.count)
            for (index, (received, expected)) in zip(received, expected).enumerated() {
                // Sums that cancel have no relative accuracy.
                let isClose =
                    areClose(received.values, expected.values, within: 1e-6)
                    || relativeDifference(received.values, expected.values) < 2e-4
                let pairs = zip(received.values, expected.values).filter { abs($0 - $1) >= 1e-6 }.prefix(3)
                let again =
                    isClose
                    ? "" : try repeated(graph, values, program, index, expected: expected, received: received)
                #expect(
                    isClose,
                    "seed \(seed), fused: \(options.fuses), output \(index) of \(expected.type): \(Array(pairs)); \(again)"
                )
            }
            #expect(program.memoryConflict == nil, "seed \(seed), fused: \(options.fuses)")
        }
    }

    /// Whether the same is computed again: by the reference, by the program, and by one that is compiled anew.
    private func repeated(
        _ graph: Graph, _ values: [ReferenceValue], _ program: Program, _ index: Int, expected: ReferenceValue,
        received: ReferenceValue
    ) throws -> String {
        let reference = try ReferenceBackend().run(graph, inputs: values)[index].values == expected.values
        let again = try program.values(values)[index].values == received.values
        let anew = try CPU.compile(graph).values(values)[index].values
        return "again: reference \(reference), program \(again); compiled anew, relative difference "
            + "\(relativeDifference(anew, expected.values))"
    }

    @Test(arguments: 0..<200) func matrices(seed: Int) throws { try check(UInt64(seed), imageBatch: nil) }

    @Test(arguments: 0..<60) func images(seed: Int) throws {
        try check(1000 + UInt64(seed), imageBatch: [16, 13, 1, 17][seed % 4])
    }
}

extension Program {
    /// Follows every byte of the arena through a run: the first step that would read what another value has overwritten.
    var memoryConflict: String? {
        var content: [Int?] = Array(repeating: nil, count: arenaByteCount)
        for (index, step) in steps.enumerated() {
            let uses = arenaUses(ofStep: index)
            for use in uses where use.bytes.upperBound > arenaByteCount {
                return "step \(index) \(step.name) leaves the arena"
            }
            for use in uses where !use.isWrite && use.bytes.contains(where: { content[$0] != use.value }) {
                return "step \(index) \(step.name) reads value \(use.value ?? -1), which has been overwritten"
            }
            for (position, use) in uses.enumerated() where use.isWrite {
                for other in uses[..<position] where other.value != use.value || use.value == nil {
                    if other.bytes.overlaps(use.bytes) {
                        return "step \(index) \(step.name) writes over its own operand"
                    }
                }
                for byte in use.bytes { content[byte] = use.value }
            }
        }
        return nil
    }
}
