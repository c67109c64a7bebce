import ApusData
import ApusGraph
import ApusTensor
import Testing

@Suite struct NormalizationTests {
    @Test(arguments: [
        (Preprocessing.identity, [0, 51, 255] as [Float]), (.unitRange, [0, 0.2, 1]),
        (.standardizing(mean: 51, standardDeviation: 2), [-25.5, 0, 102]),
    ])
    func scalesBytes(preprocessing: Preprocessing, expected: [Float]) throws {
        let result = try preprocessing(Tensor([0, 51, 255] as [UInt8])).evaluated()
        #expect(result.elementType == .float32)
        #expect(isClose(result.scalars, expected, 1e-5))
    }
}
