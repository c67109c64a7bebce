import ApusGraph
import ApusTensor
import Testing

@Suite struct DrawingTests {
    private let key = RandomKey(seed: 5)

    // MARK: Integers

    @Test func integers() throws {
        for type in [ElementType.int32, .int64, .uint8] {
            let draws = Tensor.integers([6000], in: 3..<9, key: key, type: type)
            #expect(draws.elementType == type)
            let counts = Dictionary(draws.scalars(as: Int.self).map { ($0, 1) }, uniquingKeysWith: +)
            // 1000 each; five standard deviations are 144.
            #expect(counts.keys.sorted() == Array(3..<9) && counts.values.allSatisfy { abs($0 - 1000) < 144 })
        }
        #expect(Tensor.integers([4], in: -2 ..< -1, key: key).scalars == [-2, -2, -2, -2])
        let draws = Tensor.integers([10], in: 0..<100, key: key)
        #expect(draws.scalars == Tensor.integers([10], in: 0..<100, key: key).scalars)
        #expect(draws.scalars != Tensor.integers([10], in: 0..<100, key: key.child(1)).scalars)
        #expect(Set(Tensor.integers([3000], in: 0..<256, key: key, type: .uint8).scalars).count == 256)
    }

    @Test func problemsOfIntegers() {
        #expect(
            Tensor.integers([2], in: 0..<2, key: key, type: .float32).problem
                == "integers: expected the type int32, int64 or uint8 but received float32")
        #expect(
            Tensor.integers([2], in: 0..<2, key: key, type: .bool).problem
                == "integers: expected the type int32, int64 or uint8 but received bool")
        #expect(Tensor.integers([2], in: 3..<3, key: key).problem == "integers: there is no integer in the range 3..<3")
        #expect(
            Tensor.integers([2], in: -1..<3, key: key, type: .uint8).problem
                == "integers: the range -1..<3 does not fit uint8")
        #expect(
            Tensor.integers([2], in: 0..<(1 << 60), key: key, type: .int64).problem
                == "integers: the range 0..<1152921504606846976 does not fit int64")
    }

    // MARK: Classes

    @Test func classes() throws {
        let logits = log(Tensor([0.5, 0.3, 0.2]))
        let draws = Tensor.categorical(logits.expandingShape(at: 0).broadcast(to: [10_000, 3]), key: key)
        #expect(draws.shape == [10_000] && draws.elementType == .int64)
        let counts = Dictionary(draws.scalars(as: Int.self).map { ($0, 1) }, uniquingKeysWith: +)
        // Five standard deviations are at most 250.
        #expect(abs(counts[0]! - 5000) < 250 && abs(counts[1]! - 3000) < 230 && abs(counts[2]! - 2000) < 200)
        let sure = Tensor([[-Double.infinity, 0, -.infinity], [9, -.infinity, -.infinity]])
        #expect(Tensor.categorical(sure, key: key).scalars == [1, 0])
        #expect(Tensor.categorical(logits.cast(to: .bfloat16), key: key).shape == [])
    }

    @Test func problemsOfClasses() {
        #expect(
            Tensor.categorical(Tensor([1, 2]), key: key).problem
                == "categorical: expected logits [..., classes] of a floating-point type but received int64[2]")
        #expect(Tensor.categorical(Tensor(1.0), key: key).problem.hasSuffix("but received float32[]"))
    }

    // MARK: Masks

    @Test func masksOfSequences() throws {
        let lengths = Tensor([2, 0, 5])
        try expectElements([1, 1, 0, 0, 0, 0, 1, 1, 1], at: [lengths]) { Tensor.sequenceMask($0[0], length: 3) }
        #expect(Tensor.sequenceMask(lengths, length: 3).elementType == .bool)
        #expect(Tensor.sequenceMask(Tensor([UInt8(1)]), length: 2).scalars == [1, 0])
        #expect(
            Tensor.sequenceMask(Tensor([1.0]), length: 3).problem
                == "sequenceMask: expected lengths [N] as integers and a length that is not negative but received "
                + "float32[1] and 3")
        #expect(Tensor.sequenceMask(lengths, length: -1).problem.hasSuffix("received int64[3] and -1"))
    }
}
