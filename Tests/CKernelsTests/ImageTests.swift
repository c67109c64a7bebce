import CKernels
import Testing

/// Sampling of gray images against its definition, pixel by pixel.
@Suite(.serialized) struct ImageTests {
    @Test(arguments: [1, 5, 15, 16, 17, 28, 33, 64])
    func rowsAreThoseOfTheDefinition(count: Int) {
        var state: UInt64 = 7
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let (height, stride) = (40, 48)
        let image = (0..<height * stride).map { _ in UInt8(random(256)) }
        for _ in 0..<50 {
            let one = 1 << 32
            let (x, y) = (random(4 * one), random(4 * one))
            // Places stay inside: at most half a pixel from one to the next, in either direction.
            let (dx, dy) = (random(one / 2), random(one / 2))
            let distances = ((0..<count).map { $0 * dx }, (0..<count).map { $0 * dy })
            let expected = (0..<count).map { index -> UInt8 in
                let (px, py) = ((x + distances.0[index]) >> 21, (y + distances.1[index]) >> 21)
                let (right, down) = (px & 2047, py & 2047)
                let corner = (py >> 11) * stride + (px >> 11)
                func pixel(_ offset: Int) -> Int { Int(image[corner + offset]) }
                let above = pixel(0) * 2048 + right * (pixel(1) - pixel(0))
                let below = pixel(stride) * 2048 + right * (pixel(stride + 1) - pixel(stride))
                return UInt8((above * 2048 + down * (below - above) + 1 << 21) >> 22)
            }
            kernelLock.withLock {
                defer { apus_set_isa(APUS_ISA_AVX512) }
                for isa in [APUS_ISA_AVX512, APUS_ISA_AVX2, APUS_ISA_BASELINE] {
                    apus_set_isa(isa)
                    var row = [UInt8](repeating: 0, count: count)
                    apus_sample_row_u8(&row, image, Int32(stride), x, y, distances.0, distances.1, count)
                    #expect(row == expected)
                }
            }
        }
    }
}
