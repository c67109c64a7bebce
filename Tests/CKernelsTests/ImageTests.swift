import ApusTestKit
import CKernels
import CKernelsTestSupport
import Testing

/// Changes of images against their definitions, on every instruction set.
@Suite(.serialized) struct ImageTests {
    // MARK: Sampling

    /// A shape, and places of every kind: nearly those of the image, turned and enlarged, or anywhere.
    private struct Case {
        var draws: SeededGenerator
        let (height, width, channels): (Int, Int, Int)
        let places: apus_places

        init(seed: Int) {
            draws = SeededGenerator(seed: UInt64(seed))
            func fixed(_ value: Double) -> Int64 { Int64((value * 0x1p32).rounded()) }
            (height, width) = (1 + draws.below(40), 1 + draws.below(40))
            channels = [1, 1, 1, 2, 3][draws.below(5)]
            let (turn, shift) = [(0.0, 1.0), (0.35, 4), (1.5, 40), (500, 3000)][draws.below(4)]
            // Whole pixels too, where rounding must not reach the next one.
            if draws.below(5) == 0 {
                places = apus_places(
                    x: Int64(draws.below(9)) << 32, y: Int64(draws.below(9)) << 32, dx: 1 << 32, dy: 0, down_x: 0,
                    down_y: 1 << 32)
            } else {
                places = apus_places(
                    x: fixed(1 + draws.real(shift)), y: fixed(1 + draws.real(shift)),
                    dx: fixed(1 + draws.real(turn)), dy: fixed(draws.real(turn)),
                    down_x: fixed(draws.real(turn)), down_y: fixed(1 + draws.real(turn)))
            }
        }

        /// Where a pixel comes from, with 16 binary digits; the frame's pixels where nothing of the image is seen are (0, 0).
        func place(row: Int, column: Int, halfDigit: Int) -> (x: Int, y: Int) {
            let block = min(width, 16)
            // The last block overwrites what it shares with the one before.
            let first = column < width - block ? column / 16 * 16 : width - block
            func coordinate(_ start: Int64, _ across: Int64, _ down: Int64, _ side: Int) -> Int {
                let base = Int(start) + first * Int(across) + row * Int(down)
                let place = (base + 32768) >> 16 + ((column - first) * Int(across) + 32768) >> 16 + halfDigit
                return min(max(place, 0), (side + 1) << 16)
            }
            return (
                coordinate(places.x, places.dx, places.down_x, width),
                coordinate(places.y, places.dy, places.down_y, height)
            )
        }

        func pixel<T: ExpressibleByIntegerLiteral>(_ image: [T], _ row: Int, _ column: Int, _ channel: Int) -> T {
            (1...height).contains(row) && (1...width).contains(column)
                ? image[((row - 1) * width + column - 1) * channels + channel] : 0
        }

        func sampled<T: ExpressibleByIntegerLiteral>(
            _ image: [T], halfDigit: Int, between: (_ neighbours: [T], _ x: Int, _ y: Int) -> T
        ) -> [T] {
            (0..<height).flatMap { row in
                (0..<width).flatMap { column in
                    let (x, y) = place(row: row, column: column, halfDigit: halfDigit)
                    return (0..<channels).map { channel in
                        let neighbours = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
                            pixel(image, y >> 16 + $0.0, x >> 16 + $0.1, channel)
                        }
                        return between(neighbours, x, y)
                    }
                }
            }
        }

        var frameCount: Int {
            (height + Int(APUS_FRAME_ROWS)) * (width + Int(APUS_FRAME_COLUMNS)) * channels + Int(APUS_FRAME_SLACK)
        }
    }

    @Test(arguments: 0..<400) func bytesAreSampledAsDefined(seed: Int) {
        var item = Case(seed: seed)
        let image = (0..<item.height * item.width * item.channels).map { _ in UInt8(item.draws.below(256)) }
        let expected = item.sampled(image, halfDigit: 16) { neighbours, x, y in
            let (right, down, n) = (x >> 5 & 2047, y >> 5 & 2047, neighbours.map(Int.init))
            let (upper, lower) = (n[0] * 2048 + right * (n[1] - n[0]), n[2] * 2048 + right * (n[3] - n[2]))
            return UInt8((upper * 2048 + down * (lower - upper) + 1 << 21) >> 22)
        }
        var places = item.places
        onEveryInstructionSet {
            var frame = [UInt8](repeating: 0, count: item.frameCount)
            // What was sampled before leaves nothing behind.
            for source in [image.map { ~$0 }, image] {
                var result = [UInt8](repeating: 7, count: image.count)
                apus_sample_u8(
                    &result, source, &frame, Int32(item.height), Int32(item.width), Int32(item.channels), &places)
                if source == image { #expect(result == expected) }
            }
        }
    }

    @Test(arguments: 0..<400) func numbersAreSampledAsDefined(seed: Int) {
        var item = Case(seed: seed)
        let image = (0..<item.height * item.width * item.channels).map { _ in Float(item.draws.real(3)) }
        let expected = item.sampled(image, halfDigit: 0) { n, x, y in
            let (right, down) = (Float(x & 65535) / 65536, Float(y & 65535) / 65536)
            let (upper, lower) = (n[0] + right * (n[1] - n[0]), n[2] + right * (n[3] - n[2]))
            return upper + down * (lower - upper)
        }
        var places = item.places
        onEveryInstructionSet {
            var frame = [Float](repeating: 0, count: item.frameCount)
            var result = [Float](repeating: 7, count: image.count)
            apus_sample_f32(
                &result, image, &frame, Int32(item.height), Int32(item.width), Int32(item.channels), &places)
            #expect(result == expected)
        }
    }

    // MARK: Copying

    @Test(arguments: Array(0...70) + [100, 128, 1000]) func rowsAreCopiedAndNothingElse(size: Int) {
        let (rows, stride, other) = (3, size + 5, size + 2)
        let source = (0..<rows * other).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
        var target = [UInt8](repeating: 0, count: rows * stride)
        let expected = target.indices.map {
            $0 % stride < size ? source[$0 / stride * other + $0 % stride] : 0
        }
        apus_copy_rows(&target, source, size, rows, stride, other)
        #expect(target == expected)
    }

    // MARK: Values

    private static let counts = [1, 3, 16, 31, 64, 100, 784, 2500]

    /// Bytes, others, and numbers around 0.
    private func pixels(_ count: Int) -> (bytes: [UInt8], others: [UInt8], numbers: [Float], moreNumbers: [Float]) {
        var draws = SeededGenerator(seed: UInt64(count))
        return (
            (0..<count).map { _ in UInt8(draws.below(256)) }, (0..<count).map { _ in UInt8(draws.below(256)) },
            (0..<count).map { _ in Float(draws.real(2)) }, (0..<count).map { _ in Float(draws.real(2)) }
        )
    }

    private func nearest(_ number: Float) -> UInt8 { UInt8(min(max(number, 0), 255).rounded(.toNearestOrEven)) }

    @Test(arguments: counts) func valuesAreChangedAsDefined(count: Int) {
        let (bytes, others, numbers, moreNumbers) = pixels(count)
        onEveryInstructionSet {
            var (changed, changedNumbers) = ([UInt8](repeating: 0, count: count), [Float](repeating: 0, count: count))
            for (factor, offset) in [(1, 30.5), (1.7, -60), (0.5, 0.25), (-1, 300)] as [(Float, Float)] {
                apus_pixels_scale_u8(&changed, bytes, factor, offset, count)
                #expect(changed == bytes.map { nearest(factor * Float($0) + offset) })
                apus_pixels_scale_f32(&changedNumbers, numbers, factor, offset, count)
                #expect(changedNumbers == numbers.map { factor * $0 + offset })
            }
            for share in [0, 0.3, 0.5, 1] as [Float] {
                apus_pixels_blend_u8(&changed, bytes, others, share, count)
                #expect(
                    changed == zip(bytes, others).map { nearest(Float($1) + share * (Float($0) - Float($1))) })
                apus_pixels_blend_f32(&changedNumbers, numbers, moreNumbers, share, count)
                #expect(changedNumbers == zip(numbers, moreNumbers).map { $1 + share * ($0 - $1) })
            }
        }
    }

    @Test(arguments: [(1, 1), (784, 1), (5, 2), (100, 3)]) func contrastIsThatOfEachChannel(pixels: Int, channels: Int)
    {
        let (bytes, _, numbers, _) = self.pixels(pixels * channels)
        func expected(_ values: [Float], _ factor: Float) -> [Float] {
            let offsets = (0..<channels).map { channel -> Float in
                let sum = stride(from: channel, to: values.count, by: channels).reduce(0.0) { $0 + Double(values[$1]) }
                let mean = Float(sum / Double(pixels))
                return mean - factor * mean
            }
            return values.indices.map { factor * values[$0] + offsets[$0 % channels] }
        }
        onEveryInstructionSet {
            var changed = [UInt8](repeating: 0, count: bytes.count)
            var changedNumbers = [Float](repeating: 0, count: bytes.count)
            for factor in [0.4, 1, 2.5] as [Float] {
                apus_pixels_contrast_u8(&changed, bytes, factor, pixels, channels)
                #expect(changed == expected(bytes.map(Float.init), factor).map(nearest))
                apus_pixels_contrast_f32(&changedNumbers, numbers, factor, pixels, channels)
                #expect(changedNumbers == expected(numbers, factor))
            }
        }
    }

    @Test(arguments: counts) func noiseIsThatOfItsKey(count: Int) {
        let (bytes, _, numbers, _) = pixels(count)
        onEveryInstructionSet {
            var noise: [Float] = []
            for piece in 0...count / 1024 {
                var key: [UInt64] = [99, UInt64(piece)]
                var normals = [Float](repeating: 0, count: 1024)
                var parameters = apus_random_parameters()
                parameters.distribution = Int32(APUS_RANDOM_NORMAL.rawValue)
                parameters.type = Int32(APUS_FLOAT32.rawValue)
                parameters.count = 1024
                parameters.second = 12
                _ = key.withUnsafeMutableBytes { key in
                    normals.withUnsafeMutableBytes { normals in
                        [key.baseAddress, normals.baseAddress].withUnsafeBufferPointer {
                            apus_random($0.baseAddress!, &parameters)
                        }
                    }
                }
                noise += normals
            }
            var changed = [UInt8](repeating: 0, count: count)
            apus_pixels_noise_u8(&changed, bytes, 99, 12, count)
            #expect(changed == zip(bytes, noise).map { nearest(Float($0) + $1) })
            var changedNumbers = [Float](repeating: 0, count: count)
            apus_pixels_noise_f32(&changedNumbers, numbers, 99, 12, count)
            #expect(changedNumbers == zip(numbers, noise).map(+))
        }
    }
}
