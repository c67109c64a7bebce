import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// Attention as one step, with its gradients as another, against its definition by products and softmax.
@Suite(.serialized) struct AttentionFusionTests {
    /// The loss Σ y · r and its gradients, of attention itself or of its expansion.
    private func graphs(_ t: Int, _ s: Int, isCausal: Bool) -> (fused: Graph, expanded: Graph) {
        let q = input("q", [2, t, 4, 9]), k = input("k", [2, s, 2, 9]), v = input("v", [2, s, 2, 6])
        let r = input("r", [2, t, 4, 6])
        let attention = Node(.attention(AttentionForm(isCausal: isCausal, scale: 0.4)), [q, k, v])
        func all(_ y: Node) -> Graph {
            let total = Node.binary(.multiply, y, r).reduce(.sum, [0, 1, 2, 3])
            return graph([q, k, v, r], [y] + Node.gradients(of: [total], withRespectTo: [q, k, v]))
        }
        return (all(attention), all(attention.expansion!))
    }

    @Test(arguments: [(2, 3), (7, 7), (67, 67), (129, 40), (31, 261)], [false, true])
    func isItsExpansion(lengths: (Int, Int), isCausal: Bool) throws {
        let (fused, expanded) = graphs(lengths.0, lengths.1, isCausal: isCausal)
        let values = draw(fused)
        let expected = try CPU.values(expanded, values)
        for options in [CompileOptions.fused, .unfused] {
            expectClose(try CPU.values(fused, values, options: options), expected, 1e-5, "\(lengths) \(isCausal)")
        }
        expectClose(expected, try ReferenceBackend().run(fused, inputs: values), 1e-5)
    }

    @Test func isTwoSteps() throws {
        let (fused, expanded) = graphs(256, 256, isCausal: true)
        let program = try CPU.compile(fused)
        #expect(program.stepNames == ["attention", "attentionGradient"])
        // The weights alone, 2 · 4 · 256 · 256 numbers, are 2 MB.
        let expandedCount = try CPU.compile(expanded).arenaByteCount
        #expect(program.arenaByteCount < 1_000_000 && expandedCount > 4_000_000)
        #expect(try CPU.compile(fused, options: .unfused).stepNames.count == 4)
    }

    /// A mask is read by the step, and sums of one mask are not those of another.
    @Test func masked() throws {
        let q = input("q", [2, 70, 2, 4]), k = input("k", [2, 70, 2, 4])
        let some = input("some", [2, 1, 1, 70], .bool), shift = input("shift", [1, 2, 70, 70])
        func attention(_ kind: AttentionMask, _ mask: Node) -> Node {
            Node(.attention(AttentionForm(isCausal: false, scale: 1, mask: kind)), [q, k, k, mask])
        }
        let y = attention(.seen, some) * attention(.added, shift)
        let all = graph(
            [q, k, some, shift], Node.gradients(of: [y.reduce(.sum, [0, 1, 2, 3])], withRespectTo: [q, k]))
        let values = draw(all)
        let program = try CPU.compile(all)
        #expect(program.stepNames.count { $0 == "attention" } == 2)
        #expect(program.stepNames.count { $0 == "attentionGradient" } == 2)
        #expect(!program.stepNames.contains { $0.contains("softmax") })
        expectClose(try program.values(values), try ReferenceBackend().run(all, inputs: values), 1e-5)
    }

    /// Queries that look at two sequences: each finds its own sums.
    @Test func sharedQueries() throws {
        let (q, a, b) = (input("q", [1, 5, 2, 4]), input("a", [1, 6, 2, 4]), input("b", [1, 6, 2, 4]))
        let form = AttentionForm(isCausal: false, scale: 1)
        let y = Node(.attention(form), [q, a, a]) * Node(.attention(form), [q, b, b])
        let all = graph([q, a, b], Node.gradients(of: [y.reduce(.sum, [0, 1, 2, 3])], withRespectTo: [q, a, b]))
        let values = draw(all)
        let program = try CPU.compile(all)
        #expect(program.stepNames.count { $0 == "attentionGradient" } == 2)
        expectClose(try program.values(values), try ReferenceBackend().run(all, inputs: values), 1e-5)
    }

    /// bfloat16 is computed through float32, and finds the sums all the same.
    @Test func otherTypes() throws {
        for type in [ElementType.bfloat16, .float64] {
            let q = input("q", [2, 9, 2, 4], type)
            let y = Node(.attention(AttentionForm(isCausal: true, scale: 0.5)), [q, q, q])
            let all = graph([q], [y] + Node.gradients(of: [y], withRespectTo: [q]))
            let values = draw(all)
            let names = try CPU.compile(all).stepNames
            #expect(names.contains("attention") == (type == .bfloat16), "\(names)")
            expectClose(
                try CPU.values(all, values), try ReferenceBackend().run(all, inputs: values),
                type == .bfloat16 ? 2e-2 : 1e-12)
        }
    }
}
