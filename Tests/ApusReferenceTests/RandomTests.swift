import ApusBackend
import ApusGraph
import ApusReference
import Testing

@Suite struct RandomTests {
    private func draw(
        _ distribution: RandomDistribution, _ type: ElementType, _ count: Int, seed: Double = 0, step: Double = 0,
        stream: UInt64 = 0
    ) throws -> [Double] {
        let key = Node(.input("key", TensorType([2], .int64)))
        let node = Node(.random(distribution, stream: stream, TensorType([count], type)), [key])
        return try ReferenceBackend().run(
            [node], inputs: [key: ReferenceValue(shape: [2], elementType: .int64, values: [seed, step])])[0].values
    }

    /// From the known answers of the paper's implementation: words of counter 0 under key 0.
    @Test func mappingOfWords() throws {
        let words: [UInt32] = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        let uniform = RandomDistribution.uniform(low: 0, high: 1)
        #expect(try draw(uniform, .float32, 4) == words.map { Double($0 >> 8) * 0x1p-24 })
        #expect(
            try draw(uniform, .float64, 2)
                == [0xe169_c58d_6627_e8d5, 0x9b00_dbd8_bc57_ac4c as UInt64].map { Double($0 >> 11) * 0x1p-53 })
        #expect(
            try draw(.uniform(low: 10, high: 20), .int32, 4) == words.map { 10 + Double((UInt64($0) * 10) >> 32) })
        #expect(
            try draw(.bernoulli(probability: 0.7), .bool, 4) == words.map { Double($0) < 0.7 * 0x1p32 ? 1 : 0 })
    }

    @Test func keyStepAndStreamMatter() throws {
        let uniform = RandomDistribution.uniform(low: 0, high: 1)
        let draws = [
            try draw(uniform, .float32, 5), try draw(uniform, .float32, 5, seed: 1),
            try draw(uniform, .float32, 5, step: 1),
            try draw(uniform, .float32, 5, stream: 1), try draw(uniform, .float32, 5, seed: 0x1p40),
            try draw(uniform, .float32, 5, stream: 1 << 40),
        ]
        #expect(Set(draws).count == draws.count)
        #expect(try draw(uniform, .float32, 5) == draws[0])
    }

    @Test(arguments: [ElementType.float32, .float64])
    func moments(type: ElementType) throws {
        let count = 20_000
        func moments(_ distribution: RandomDistribution) throws -> (mean: Double, variance: Double, values: [Double]) {
            let values = try draw(distribution, type, count, seed: 7)
            let mean = values.reduce(0, +) / Double(count)
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count), values)
        }
        // Five standard errors.
        let uniform = try moments(.uniform(low: -1, high: 3))
        #expect(abs(uniform.mean - 1) < 5 * 1.155 / 141)
        #expect(abs(uniform.variance - 16.0 / 12) < 5 * 1.2 / 141)
        #expect(uniform.values.allSatisfy { (-1..<3).contains($0) })
        let normal = try moments(.normal(mean: 2, standardDeviation: 3))
        #expect(abs(normal.mean - 2) < 5 * 3.0 / 141)
        #expect(abs(normal.variance - 9) < 5 * 9 * 1.42 / 141)
        let within = normal.values.count { abs($0 - 2) < 3 }
        #expect(abs(Double(within) / Double(count) - 0.6827) < 5 * 0.466 / 141)
        let truncated = try moments(.truncatedNormal(mean: 2, standardDeviation: 3))
        #expect(abs(truncated.mean - 2) < 5 * 2.64 / 141)
        // Cut at two deviations, the variance is 0.7737 σ².
        #expect(abs(truncated.variance - 0.7737 * 9) < 5 * 9.0 / 141)
        #expect(truncated.values.allSatisfy { abs($0 - 2) <= 6 })
    }
}
