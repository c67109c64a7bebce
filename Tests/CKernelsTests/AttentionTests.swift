import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

@Suite(.serialized)
struct AttentionTests {
    /// Attention of one size by its definition.
    private struct Case {
        let p: apus_attention_parameters
        let q, k, v, g: TestBuffer
        let mask: TestBuffer?
        var y: [Double], dq: [Double], dk: [Double], dv: [Double]

        /// - Parameter mask: Its kind, and the axes of samples, heads, queries and keys that it has.
        init(
            _ shape: [Int], causal: Bool, mask kind: apus_attention_mask = APUS_ATTENTION_NO_MASK,
            axes: [Bool] = [false, false, false, false], _ random: inout SeededGenerator
        ) {
            let (n, t, s, heads, groups, size, depth) = (
                shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[6]
            )
            let scale = Float(1 / Double(size).squareRoot())
            // Every third pair is hidden, all of the first query, and the last keys of the first sample.
            let extents = zip([n, heads, t, s], axes).map { $1 ? $0 : 1 }
            let strides = (0..<4).map { axes[$0] ? extents[($0 + 1)...].reduce(1, *) : 0 }
            func place(_ sample: Int, _ head: Int, _ query: Int, _ key: Int) -> Int {
                zip([sample, head, query, key], strides).reduce(0) { $0 + $1.0 * $1.1 }
            }
            var seen = (0..<extents.reduce(1, *)).map { _ in random.next() % 3 > 0 }
            if axes[2] { for key in 0..<s { seen[place(0, 0, 0, key)] = false } }
            if !axes[2], axes[0] || axes[1] || axes[3] {
                for key in (s / 2)..<s { seen[place(0, 0, 0, key)] = axes[3] ? false : seen[place(0, 0, 0, key)] }
            }
            let shifts = random.reals(seen.count, 2)
            let added = zip(seen, shifts).map { $0 ? $1 : -.infinity }
            mask =
                switch kind {
                case APUS_ATTENTION_SEEN: TestBuffer(APUS_BOOL, seen.map { $0 ? 1 : 0 })
                case APUS_ATTENTION_ADDED: TestBuffer(APUS_FLOAT32, added)
                default: nil
                }
            let numbers = kind == APUS_ATTENTION_ADDED ? TestBuffer(APUS_FLOAT32, added).values : nil
            p = apus_attention_parameters(
                samples: Int64(n), heads: Int64(heads), groups: Int64(groups), queries: Int64(t), keys: Int64(s),
                size: Int64(size), depth: Int64(depth), causal: causal ? 1 : 0, scale: scale,
                mask: Int32(kind.rawValue),
                mask_strides: (Int64(strides[0]), Int64(strides[1]), Int64(strides[2]), Int64(strides[3])), threads: 3)
            q = TestBuffer(APUS_FLOAT32, random.reals(n * t * heads * size, 2))
            k = TestBuffer(APUS_FLOAT32, random.reals(n * s * groups * size, 2))
            v = TestBuffer(APUS_FLOAT32, random.reals(n * s * groups * depth, 2))
            g = TestBuffer(APUS_FLOAT32, random.reals(n * t * heads * depth, 2))
            let (a, b, c, d) = (q.values, k.values, v.values, g.values)
            y = Array(repeating: 0, count: d.count)
            (dq, dk, dv) = (a.map { _ in 0 }, b.map { _ in 0 }, c.map { _ in 0 })
            for row in 0..<(n * t * heads) {
                let (sample, position, group) = (row / heads / t, row / heads % t, row % heads / (heads / groups))
                let visible = (0..<(causal ? min(s, position + 1) : s)).filter {
                    kind == APUS_ATTENTION_NO_MASK || seen[place(sample, row % heads, position, $0)]
                }
                guard !visible.isEmpty else { continue }
                let keys = visible.map { (sample * s + $0) * groups + group }
                let products = zip(keys, visible).map { j, key in
                    Double(scale) * (0..<size).reduce(0) { $0 + a[row * size + $1] * b[j * size + $1] }
                        + (numbers?[place(sample, row % heads, position, key)] ?? 0)
                }
                let exponentials = products.map { exp($0 - products.max()!) }
                let sum = exponentials.reduce(0, +)
                let weights = exponentials.map { $0 / sum }
                for (j, w) in zip(keys, weights) { for i in 0..<depth { y[row * depth + i] += w * c[j * depth + i] } }
                let dot = (0..<depth).reduce(0) { $0 + d[row * depth + $1] * y[row * depth + $1] }
                for (j, w) in zip(keys, weights) {
                    let slope =
                        w * Double(scale)
                        * ((0..<depth).reduce(0) { $0 + d[row * depth + $1] * c[j * depth + $1] } - dot)
                    for i in 0..<depth { dv[j * depth + i] += w * d[row * depth + i] }
                    for i in 0..<size {
                        dq[row * size + i] += slope * b[j * size + i]
                        dk[j * size + i] += slope * a[row * size + i]
                    }
                }
            }
        }
    }

    /// Relative to the largest element: sums that cancel have no accuracy of their own, and those that cancel to nothing, the
    /// gradients of a query that sees one key, are compared with what cancels.
    private func expectClose(_ buffer: TestBuffer, _ want: [Double], _ what: String) {
        let scale = max(want.map { abs($0) }.max() ?? 0, 0.3)
        let worst = zip(buffer.values, want).map { abs($0 - $1) }.reduce(0) {
            $0.isNaN || $1.isNaN ? .nan : max($0, $1)
        }
        #expect(worst <= 4e-6 * scale, "\(what): off by \(worst) of \(scale)")
    }

    /// Whole blocks and parts of them, in queries, keys and features; groups; with the sums of before and without.
    @Test(
        arguments: [
            [1, 1, 1, 1, 1, 1, 1], [2, 5, 7, 2, 1, 3, 4], [1, 64, 128, 2, 2, 16, 16], [1, 65, 65, 4, 2, 8, 8],
            [2, 67, 131, 3, 3, 17, 33], [1, 130, 259, 2, 1, 5, 70], [1, 200, 60, 2, 2, 64, 64],
            [3, 1, 300, 2, 2, 20, 3],
        ], [false, true])
    func isItsDefinition(shape: [Int], causal: Bool) {
        var random = SeededGenerator(seed: 12)
        expectDefinition(Case(shape, causal: causal, &random), shape)
    }

    /// Masks of every shape, of both kinds.
    @Test(
        arguments: [
            [2, 5, 7, 2, 1, 3, 4], [2, 67, 131, 3, 3, 17, 33], [3, 1, 300, 2, 2, 20, 3], [2, 70, 130, 4, 2, 8, 8],
        ],
        [
            [true, false, false, true], [false, false, true, true], [true, true, true, true],
            [false, true, false, true], [true, false, true, false], [true, false, false, false],
        ])
    func isItsDefinitionMasked(shape: [Int], axes: [Bool]) {
        var random = SeededGenerator(seed: 13)
        for kind in [APUS_ATTENTION_SEEN, APUS_ATTENTION_ADDED] {
            for causal in [false, true] {
                expectDefinition(Case(shape, causal: causal, mask: kind, axes: axes, &random), shape)
            }
        }
    }

    private func expectDefinition(_ item: Case, _ shape: [Int]) {
        var p = item.p
        let sizes = (apus_attention_scratch_bytes(&p), apus_attention_gradient_scratch_bytes(&p))
        let scratch = TestBuffer(APUS_UINT8, count: Int(max(sizes.0, sizes.1)))
        everywhere { place in
            let y = TestBuffer(APUS_FLOAT32, count: item.y.count)
            let sums = TestBuffer(APUS_FLOAT32, count: shape[0] * shape[1] * shape[3])
            #expect(runKernel(apus_attention, p, [item.q, item.k, item.v, y, sums, scratch, item.mask]) == 0)
            expectClose(y, item.y, "y, \(place)")
            var results = [y, sums]
            for known in [sums, nil] {
                let dq = TestBuffer(APUS_FLOAT32, count: item.dq.count)
                let dk = TestBuffer(APUS_FLOAT32, count: item.dk.count)
                let dv = TestBuffer(APUS_FLOAT32, count: item.dv.count)
                let buffers = [item.q, item.k, item.v, y, item.g, known, dq, dk, dv, scratch, item.mask]
                #expect(runKernel(apus_attention_gradient, p, buffers) == 0)
                expectClose(dq, item.dq, "dq, \(place)")
                expectClose(dk, item.dk, "dk, \(place)")
                expectClose(dv, item.dv, "dv, \(place)")
                results += [dq, dk, dv]
            }
            // What nobody wants is left out.
            let alone = TestBuffer(APUS_FLOAT32, count: item.dk.count)
            #expect(
                runKernel(
                    apus_attention_gradient, p,
                    [item.q, item.k, item.v, y, item.g, sums, nil, alone, nil, scratch, item.mask]) == 0)
            #expect(alone == results[3])
            let without = TestBuffer(APUS_FLOAT32, count: item.y.count)
            #expect(runKernel(apus_attention, p, [item.q, item.k, item.v, without, nil, scratch, item.mask]) == 0)
            #expect(without == y)
            return results
        }
    }

    /// Products far from 0 neither overflow nor lose the sum, and what is not a number is seen.
    @Test func largeProducts() {
        let p = apus_attention_parameters(
            samples: 1, heads: 1, groups: 1, queries: 2, keys: 3, size: 1, depth: 1, causal: 0, scale: 1,
            mask: 0, mask_strides: (0, 0, 0, 0), threads: 1)
        var sized = p
        let scratch = TestBuffer(APUS_UINT8, count: Int(apus_attention_scratch_bytes(&sized)))
        func values(_ q: [Double], _ k: [Double]) -> [Double] {
            let y = TestBuffer(APUS_FLOAT32, count: 2)
            let v = TestBuffer(APUS_FLOAT32, [1, 2, 4])
            let operands = [TestBuffer(APUS_FLOAT32, q), TestBuffer(APUS_FLOAT32, k), v]
            #expect(runKernel(apus_attention, p, operands + [y, nil, scratch, nil]) == 0)
            return y.values
        }
        everywhere { _ in
            #expect(values([1000, -1000], [3, -3, 3]) == [2.5, 2])
            let spread = values([1e30, 0], [1, 0, 0])
            #expect(spread[0] == 1 && abs(spread[1] - 7.0 / 3) < 1e-6)
            let broken = values([.nan, 1], [1, 0, 0])
            #expect(broken[0].isNaN && !broken[1].isNaN)
            #expect(values([1, 0], [.infinity, 0, 0])[0].isNaN)
        }
    }
}
