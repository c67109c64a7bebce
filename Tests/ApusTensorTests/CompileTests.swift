import ApusBackend
import ApusGraph
import Synchronization
import Testing

import ApusTensor

@Suite struct CompileTests {
    private final class Counter: Sendable {
        let count = Mutex(0)
        func increment() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }

    @Test func aFunctionIsTracedOncePerType() throws {
        let calls = Counter()
        let offset = Tensor([10.0])
        let function = compile { (x: Tensor) in
            calls.increment()
            return (x * 2 + offset, x)
        }
        for index in 0..<5 { #expect(try function(Tensor([Double(index)])).0.scalars == [Float(2 * index + 10)]) }
        #expect(calls.value == 1)
        #expect(try function(Tensor([1.0, 2])).0.scalars == [12, 14])
        #expect(calls.value == 2)
        let (first, second) = try function(Tensor([3], type: .int32))
        #expect(calls.value == 3)
        #expect(first.elementType == .float32 && second.elementType == .int32)
        #expect(second.scalars(as: Int.self) == [3])
    }

    private struct Line: TensorTree {
        var slope, offset: Tensor
        var name = ""

        var structure: String { name }
        var leaves: [Tensor] { [slope, offset] }

        init(_ slope: Tensor, _ offset: Tensor, name: String) {
            (self.slope, self.offset, self.name) = (slope, offset, name)
        }

        init(structure: String, leaves: inout ArraySlice<Tensor>) {
            self.init(leaves.removeFirst(), leaves.removeFirst(), name: structure)
        }
    }

    /// Trees of every kind go in and come out as they are, in their order.
    @Test func treesKeepTheirStructure() throws {
        let function = compile {
            (line: Line, list: [Tensor], maybe: Tensor?, named: [String: Tensor], values: Values, key: RandomKey) in
            (
                Line(line.slope + 1, line.offset + 2, name: line.name + "!"), list.map { $0 * 10 }, maybe.map { -$0 },
                named.mapValues { $0 + 100 }, values.mapValues { $0 * $0 }, key
            )
        }
        let values: Values = ["b": Tensor([3.0]), "a": Tensor([4.0])]
        let (line, list, maybe, named, squares, key) = try function(
            Line(Tensor([1.0]), Tensor([2.0]), name: "l"), [Tensor([5.0]), Tensor([6.0])], nil,
            ["y": Tensor([7.0]), "x": Tensor([8.0])], values, RandomKey(seed: 5))
        #expect(line.name == "l!" && line.slope.scalars == [2] && line.offset.scalars == [4])
        #expect(list.map(\.scalars) == [[50], [60]])
        #expect(maybe == nil)
        #expect(named.mapValues(\.scalars) == ["y": [107], "x": [108]])
        #expect(squares.names == ["b", "a"] && squares["b"].scalars == [9] && squares["a"].scalars == [16])
        #expect(Tensor.normal([3], key: key).scalars == Tensor.normal([3], key: RandomKey(seed: 5)).scalars)
        let apart = compile { (named: [String: Tensor]) in (named["x"] ?? 0) - (named["y"] ?? 0) }
        #expect(try apart(["y": Tensor([7.0]), "x": Tensor([8.0])]).scalars == [1])
        let absent: Tensor? = nil
        let next = compile { (x: Tensor?) in x.map { $0 + 1 } }
        #expect(try next(Tensor([1.0]))?.scalars == [2])
        #expect(try next(absent) == nil)
    }

    /// A structure is part of what a function is compiled for.
    @Test func otherStructuresAreTracedAnew() throws {
        let function = compile { (lists: [[Tensor]]) in lists.map { $0.reduce(Tensor([0.0]), +) } }
        let (a, b, c) = (Tensor([1.0]), Tensor([2.0]), Tensor([4.0]))
        #expect(try function([[a, b], [c]]).map(\.scalars) == [[3], [4]])
        #expect(try function([[a], [b, c]]).map(\.scalars) == [[1], [6]])
        #expect(try function([[a, b, c]]).map(\.scalars) == [[7]])
    }

    @Test func valuesAndGradientsCanBeCompiled() throws {
        let calls = Counter()
        let step = compile { (w: [Tensor], x: Tensor, y: Tensor) in
            calls.increment()
            return valueAndGradient(at: w) { meanSquaredError(x.matmul($0[0]) + $0[1], y) }
        }
        let key = RandomKey(seed: 1)
        let x = Tensor.normal([32, 3], key: key)
        let y = x.matmul(Tensor([[1.0], [-2], [0.5]])) + 3
        var w = [Tensor.zeros([3, 1]), Tensor.zeros([1])]
        var last = Float.infinity
        for _ in 0..<200 {
            let (loss, gradients) = try step(w, x, y)
            w = zip(w, gradients).map { $0 - $1 * 0.1 }
            last = loss.item()
        }
        #expect(calls.value == 1)
        #expect(last < 1e-6)
        #expect(zip(w[0].scalars, [1, -2, 0.5]).allSatisfy { abs($0 - $1) < 1e-2 })
    }

    @Test func theAuxiliaryOfAGradientIsWhatTheFunctionYields() throws {
        let x = Tensor([1.0, 2])
        let (value, gradients, squares) = valueAndGradient(at: x) { x in
            let squares = x * x
            return (squares.sum(), ["squares": squares])
        }
        #expect(value.item() == 5)
        #expect(gradients.scalars == [2, 4])
        #expect(squares["squares"]?.scalars == [1, 4])
        let (problem, other, _) = valueAndGradient(at: x) { ($0, 0) }
        #expect(problem.problems.map(\.message) == other.problems.map(\.message))
        #expect(
            problem.problems.map(\.message)
                == ["expected a function that yields one number but it yields shape [2]; take its sum() or mean()"])
    }

    /// Where a compiled function is called in a trace, it is part of it: gradients flow through.
    @Test func compiledFunctionsCanBeNested() throws {
        let square = compile { (x: Tensor) in x * x }
        let outer = compile { (x: Tensor) in try square(x) + 1 }
        #expect(try outer(Tensor([3.0])).scalars == [10])
        #expect(try gradient(at: Tensor([3.0])) { try square($0).sum() }.scalars == [6])
        let slope = compile { (x: Tensor) in try gradient(at: x) { try square($0).sum() } }
        #expect(try slope(Tensor([4.0])).scalars == [8])
    }

    /// A key that is an argument gives new numbers with each seed, though the function is traced once.
    @Test func keysOfCompiledFunctionsAreArguments() throws {
        let calls = Counter()
        let draw = compile { (key: RandomKey) in
            calls.increment()
            var keys = key
            return [
                Tensor.normal([4], key: key), .normal([4], key: keys.next()), .normal([4], key: keys.next()),
                .normal([4], key: key.child("name")), .normal([4], key: key.child(7)),
            ]
        }
        let first = try draw(RandomKey(seed: 1)).map(\.scalars)
        let again = try draw(RandomKey(seed: 1)).map(\.scalars)
        let other = try draw(RandomKey(seed: 2)).map(\.scalars)
        #expect(calls.value == 1)
        #expect(first == again)
        #expect(Set(first + other).count == 10)
        #expect(first[0] == Tensor.normal([4], key: RandomKey(seed: 1)).scalars)
        // A child that comes as an argument, and one that is made inside.
        let normal = compile { (key: RandomKey) in Tensor.normal([4], key: key) }
        #expect(
            try normal(RandomKey(seed: 1).child(7)).scalars
                == Tensor.normal([4], key: RandomKey(seed: 1).child(7)).scalars)
    }

    // MARK: What is wrong

    @Test func compiledFunctionsThrowWhatIsWrong() throws {
        let mismatched = compile { (a: Tensor, b: Tensor) in a + b }
        #expect(throws: GraphError.self) { try mismatched(Tensor.ones([2]), Tensor.ones([3])) }
        let reading = compile { (x: Tensor) in x * Double(try x.sum().evaluated().item()) }
        let error = #expect(throws: GraphError.self) { try reading(Tensor.ones([2])) }
        #expect(
            error?.description
                == "argument 0: a value inside a function that is being compiled can't be read; return it from the function instead"
        )
    }

    /// A tensor that left its trace is an error, wherever it is used.
    @Test func tensorsOfAnotherTraceAreErrors() throws {
        let escaped = Mutex<Tensor?>(nil)
        let function = compile { (x: Tensor) in
            escaped.withLock { $0 = x * 2 }
            return x + 1
        }
        #expect(try function(Tensor([1.0])).scalars == [2])
        let stranger = try #require(escaped.withLock { $0 })
        let other = compile { (y: Tensor) in y + stranger }
        let used = #expect(throws: GraphError.self) { try other(Tensor([1.0])) }
        #expect(
            used?.description
                == "argument 0: this float32[1] belongs to another function or model that is being traced and has no value outside of it; "
                + "return it from there, or give it to this function as an argument")
        #expect(throws: GraphError.self) { try (stranger + 1).evaluated() }
    }

    @Test func keysWithoutASeedStopWhereOneIsNeeded() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let permutation = compile { (key: RandomKey) in Tensor(key.permutation(3)) }
            _ = try permutation(RandomKey(seed: 1))
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(
            text.contains(
                "a stream of random words needs the seed of its key, which a function that is being traced does not know"
            ))
    }

    @Test func valuesSayWhatIsMissing() {
        let values: Values = ["left": Tensor([1.0]), "right": Tensor([2.0])]
        #expect(values["lft"].problems.map(\.message) == [#"there is no value "lft"; there are "left", "right""#])
        #expect(values.only.problems.map(\.message) == [#"expected one tensor but there are "left", "right""#])
        #expect(Values(Tensor([3.0])).only.scalars == [3])
        #expect((["a": Tensor([3.0])] as Values).only.scalars == [3])
        #expect(Values().only.problems.map(\.message) == ["expected one tensor but there are none"])
        let twice: Values = ["a": Tensor([1.0]), "a": Tensor([2.0])]
        #expect(twice["a"].problems.map(\.message) == [#"two values are called "a"; give each a name of its own"#])
        #expect("\(values)" == "Values(left: float32[1], right: float32[1])")
    }

    @Test func compiledFunctionsTakeExpressionsAndRunFromManyTasks() async throws {
        let function = compile { (x: Tensor) in sigmoid(x).sum() }
        let expected = try function(Tensor.arange(0, 100) * 0.01).item()
        try await withThrowingTaskGroup(of: Float.self) { group in
            for _ in 0..<16 { group.addTask { try function(Tensor.arange(0, 100) * 0.01).item() } }
            for try await sum in group { #expect(abs(sum - expected) < 1e-4) }
        }
    }
}
