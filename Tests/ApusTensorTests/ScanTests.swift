import ApusBackend
import ApusGraph
import ApusTensor
import Testing

/// Loops in the graph, against the same loop written out.
@Suite struct ScanTests {
    private func normal(_ shape: Shape, _ seed: UInt64) -> Tensor {
        .normal(shape, standardDeviation: 0.5, key: RandomKey(seed: seed))
    }

    private static let lengths = [0, 1, 2, 7]
    /// Which results a sum is made of: what is carried out (0, 1), and what is yielded, of which the last is also carried (2, 3, 4).
    private static let uses = [[0, 1, 2, 3, 4], [0], [1], [2], [4], [0, 4], [1, 3], [0, 2]]

    /// A body with two carried values, constants, and yields of other shapes.
    private func body(_ w: Tensor, _ b: Tensor) -> ([Tensor], [Tensor]) -> ([Tensor], [Tensor]) {
        { state, entry in
            let h = tanh(state[0].matmul(w) + entry[0] * entry[1].cast(to: .float32) + b)
            let c = state[1] * 0.9 + h.sum(axes: [1])
            return ([h, c], [h.matmul(w), c * c, h])
        }
    }

    private func written(
        _ body: ([Tensor], [Tensor]) -> ([Tensor], [Tensor]), _ sequences: [Tensor], _ start: [Tensor], reversed: Bool
    ) -> (last: [Tensor], all: [Tensor]) {
        let length = sequences[0].shape[0]
        var (state, yields) = (start, [[Tensor]](repeating: [], count: length))
        for index in reversed ? Array((0..<length).reversed()) : Array(0..<length) {
            let (next, yield) = body(state, sequences.map { $0[index] })
            (state, yields[index]) = (next, yield)
        }
        let shapes: [Shape] = [[3, 5], [3], [3, 5]]
        return (
            state,
            (0..<3).map { place in
                length == 0 ? .zeros(Shape([0] + shapes[place].dimensions)) : .stacked(yields.map { $0[place] })
            }
        )
    }

    private func expectNear(_ a: Tensor, _ b: Tensor, _ tolerance: Float = 2e-5) throws {
        #expect(a.shape == b.shape)
        let (left, right) = (try a.evaluated().scalars, try b.evaluated().scalars)
        let scale = max(1, right.map(abs).max() ?? 1)
        let worst = zip(left, right).map { abs($0 - $1) }.max() ?? 0
        #expect(left.count == right.count && worst <= tolerance * scale, "\(worst) of \(scale)")
    }

    @Test(arguments: lengths, uses) func valuesAndGradients(_ length: Int, _ uses: [Int]) throws {
        for (device, reversed) in [(Device.cpu, false), (.cpu, true), (.reference, false), (.reference, true)] {
            try device {
                let sequences = [normal([length, 3, 5], 1), Tensor((0..<length).map { Int32($0 % 3) })]
                let start = [normal([3, 5], 2), normal([3], 3)]
                let (w, b) = (normal([5, 5], 4), normal([5], 5))
                func total(_ result: (last: [Tensor], all: [Tensor])) -> Tensor {
                    let values = result.last + result.all
                    let weighed = uses.map { index in
                        (values[index] * Float(index + 1) + values[index] * values[index]).sum()
                    }
                    return weighed.dropFirst().reduce(weighed[0], +)
                }
                func looped(_ p: [Tensor]) -> (last: [Tensor], all: [Tensor]) {
                    scan(over: [p[0], sequences[1]], from: [p[1], p[2]], reversed: reversed, body: body(p[3], p[4]))
                }
                func unrolled(_ p: [Tensor]) -> (last: [Tensor], all: [Tensor]) {
                    written(body(p[3], p[4]), [p[0], sequences[1]], [p[1], p[2]], reversed: reversed)
                }
                let parameters = [sequences[0], start[0], start[1], w, b]
                let (a, c) = (looped(parameters), unrolled(parameters))
                for (left, right) in zip(a.last + a.all, c.last + c.all) { try expectNear(left, right) }
                let ours = valueAndGradient(at: parameters) { total(looped($0)) }
                let theirs = valueAndGradient(at: parameters) { total(unrolled($0)) }
                try expectNear(ours.0, theirs.0)
                for (left, right) in zip(ours.1, theirs.1) { try expectNear(left, right) }
            }
        }
    }

    /// Program 12 of the interface: what one writes is what a loop does.
    @Test func theShortForm() throws {
        let (x, w) = (normal([6, 4, 8], 1), normal([8, 8], 2))
        let (last, all) = scan(over: x, from: Tensor.zeros([4, 8])) { h, xt in
            let h = tanh(h.matmul(w) + xt)
            return (h, h)
        }
        #expect(last.shape == [4, 8] && all.shape == [6, 4, 8])
        try expectNear(last, all[5], 0)
        var h = Tensor.zeros([4, 8])
        for index in 0..<6 { h = tanh(h.matmul(w) + x[index]) }
        try expectNear(last, h)
    }

    /// One entry alone counts: what follows it has no gradient.
    @Test(arguments: [0, 3, 5], [false, true]) func oneEntry(_ place: Int, _ reversed: Bool) throws {
        let x = normal([6, 4, 8], 1)
        func next(_ h: Tensor, _ xt: Tensor, _ w: Tensor) -> Tensor { tanh(h.matmul(w) + xt) }
        let point = [normal([4, 8], 3), normal([8, 8], 2)]
        let (_, loop) = valueAndGradient(at: point) { p in
            let (_, all) = scan(over: x, from: p[0], reversed: reversed) { h, xt in
                let h = next(h, xt, p[1])
                return (h, h)
            }
            return (all[place] * all[place]).sum()
        }
        let (_, expected) = valueAndGradient(at: point) { p in
            let order = reversed ? Array((place..<6).reversed()) : Array(0...place)
            let h = order.reduce(p[0]) { next($0, x[$1], p[1]) }
            return (h * h).sum()
        }
        for (a, b) in zip(loop, expected) { try expectNear(a, b) }
    }

    /// What is computed again is what was computed, whatever the length of the parts.
    @Test(arguments: [1, 2, 3, 7, 9], [false, true]) func aLoopThatSavesMemory(_ length: Int, _ reversed: Bool) throws {
        let (sequences, start) = (
            [normal([length, 3, 5], 1), Tensor((0..<length).map { Int32($0 % 3) })],
            [normal([3, 5], 2), normal([3], 3)]
        )
        func results(_ savesMemory: Bool) throws -> [Tensor] {
            let result = valueAndGradient(at: [sequences[0], start[0], start[1], normal([5, 5], 4), normal([5], 5)]) {
                p in
                let (last, all) = scan(
                    over: [p[0], sequences[1]], from: [p[1], p[2]], reversed: reversed, savesMemory: savesMemory,
                    body: body(p[3], p[4]))
                let values = (last + all).enumerated().map { ($1 * Float($0 + 1) + $1 * $1).sum() }
                return values.dropFirst().reduce(values[0], +)
            }
            return [result.0] + result.1
        }
        for (a, b) in try zip(results(true), results(false)) { try expectNear(a, b) }
    }

    /// The program has as many steps and as much memory besides the results, however long the sequence is.
    @Test func aLoopIsTracedOnce() throws {
        func traces(_ length: Int) throws -> Int {
            var count = 0
            let x = normal([length, 2, 4], 1)
            let gradients = valueAndGradient(at: [normal([4, 4], 2)]) { p in
                scan(over: x, from: Tensor.zeros([2, 4])) { h, xt in
                    count += 1
                    let h = tanh(h.matmul(p[0]) + xt)
                    return (h, h)
                }.all.sum()
            }
            _ = try gradients.1[0].evaluated()
            return count
        }
        #expect(try traces(3) == 1 && traces(2000) == 1)
    }

    /// A loop inside of a loop.
    @Test func loopsMayBeNested() throws {
        let x = normal([4, 3, 2], 1)
        let (last, _) = scan(over: x, from: Tensor.zeros([2])) { total, row in
            let (inner, _) = scan(over: row, from: Tensor.zeros([2])) { sum, entry in (sum * 0.5 + entry, entry) }
            return (total + inner, inner)
        }
        var expected = Tensor.zeros([2])
        for index in 0..<4 {
            var inner = Tensor.zeros([2])
            for place in 0..<3 { inner = inner * 0.5 + x[index][place] }
            expected = expected + inner
        }
        try expectNear(last, expected)
    }

    @Test func whatDoesNotFit() throws {
        let x = normal([4, 3], 1)
        func message(_ tensor: Tensor) -> String {
            do { _ = try tensor.evaluated() } catch { return "\(error)" }
            return "nothing"
        }
        let lengths = scan(over: [x, normal([5, 3], 2)], from: Tensor.zeros([3])) { c, e in (c + e[0] + e[1], c) }.last
        #expect(message(lengths).contains("expected sequences [T, ...] of one length but received [4, 3], [5, 3]"))
        let grows = scan(over: x, from: Tensor.zeros([3])) { c, e in (Tensor.concatenated([c, e]), c) }.last
        #expect(
            message(grows).contains(
                "what is carried keeps its type: it begins as float32[3] and goes on as float32[6]"),
            "\(message(grows))")
        let types = scan(over: x, from: Tensor.zeros([3])) { c, e in (c + e, e.cast(to: .int32)) }.last
        #expect(message(types).contains("what is carried and what is yielded have one element type"))
        let scalar = scan(over: Tensor(1 as Float), from: Tensor.zeros([3])) { c, e in (c + e, c) }.last
        #expect(message(scalar).contains("expected sequences [T, ...] of one length but received []"))
    }

    /// An index that is out of range is an error of the program, as outside of a loop.
    @Test func refusalsOfTheBody() throws {
        let table = normal([4, 3], 1)
        func sums(_ indices: [Int32]) throws -> [Float] {
            try scan(over: Tensor(indices), from: Tensor.zeros([3])) { sum, index in
                (sum + table.gathered(index.expandingShape(at: 0)).reshaped(to: [3]), sum)
            }.last.evaluated().scalars
        }
        #expect(try sums([0, 3]).count == 3)
        #expect(throws: (any Error).self) { try sums([0, 4]) }
    }

    @Test func secondDerivativesAreRefused() throws {
        let x = normal([4, 3], 1)
        func second() throws -> [Float] {
            let (_, gradient) = valueAndGradient(at: normal([3], 2)) { w in
                let (_, inner) = valueAndGradient(at: w) { w in
                    scan(over: x, from: Tensor.zeros([3])) { c, e in (tanh(c * w + e), c) }.last.sum()
                }
                return inner.sum()
            }
            return try gradient.evaluated().scalars
        }
        #expect(throws: (any Error).self) { try second() }
    }
}
