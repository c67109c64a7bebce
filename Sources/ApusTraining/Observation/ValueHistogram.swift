/// The distribution of the numbers of a tensor.
///
/// Range, mean, deviation and intervals are those of the finite numbers; the others are counted apart.
///
/// ```swift
/// let histogram = ValueHistogram([0, 0, 1, 3], bins: 3)
/// print(histogram.bins, histogram.zeroFraction, histogram.mean)   // [2, 1, 1] 0.5 1.0
/// ```
public struct ValueHistogram: Sendable, Hashable, Codable {
    /// All numbers, finite or not.
    public var count: Int
    /// NaN and ±∞.
    public var nonFiniteCount: Int
    /// Numbers that are exactly 0.
    public var zeroCount: Int
    /// The least and the largest finite number; 0 if there is none.
    public var minimum: Float
    /// The largest finite number; 0 if there is none.
    public var maximum: Float
    /// 0 if there is no finite number.
    public var mean: Double
    /// √(Σ(x − mean)² / n), of the numbers themselves, not of what they are drawn from.
    public var standardDeviation: Double
    /// How many finite numbers are in each interval; all are equally wide, from `minimum` to `maximum`. If all numbers are the
    /// same, they are in the first.
    public var bins: [Int]

    /// All numbers but NaN and ±∞.
    public var finiteCount: Int { count - nonFiniteCount }
    /// The part of the numbers that is exactly 0: inactive units, pruned weights.
    public var zeroFraction: Double { count == 0 ? 0 : Double(zeroCount) / Double(count) }

    /// The ends of the intervals, one more than there are intervals.
    public var edges: [Double] {
        let (low, high) = (Double(minimum), Double(maximum))
        return (0...bins.count).map { index in
            index == bins.count ? high : low + (high - low) * Double(index) / Double(bins.count)
        }
    }

    /// Counts numbers.
    ///
    /// - Parameters:
    ///   - values: The numbers that are counted.
    ///   - bins: The number of intervals.
    public init(_ values: [Float], bins: Int = 64) {
        self = values.withUnsafeBufferPointer { ValueHistogram($0, bins: bins) }
    }

    init(_ values: UnsafeBufferPointer<Float>, bins binCount: Int) {
        precondition(binCount > 0)
        let survey = Survey(values)
        guard survey.nonFiniteCount == 0 else {
            self = ValueHistogram(values.filter(\.isFinite), bins: binCount)
            count = values.count
            nonFiniteCount = survey.nonFiniteCount
            return
        }
        count = values.count
        nonFiniteCount = 0
        zeroCount = survey.zeroCount
        minimum = survey.minimum
        maximum = survey.maximum
        mean = survey.mean
        standardDeviation = survey.standardDeviation
        bins = Self.counts(values, binCount, low: minimum, high: maximum)
    }

    /// How many numbers lie in each interval.
    private static func counts(
        _ values: UnsafeBufferPointer<Float>, _ bins: Int, low: Float, high: Float
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: bins)
        let width = Double(high) - Double(low)
        guard width > 0 else {
            counts[0] = values.count
            return counts
        }
        // In float64 where the width or its inverse is beyond float32.
        let scale = Float(Double(bins) / width)
        guard scale.isNormal, Float(width).isFinite else {
            for value in values {
                let position = (Double(value) - Double(low)) / width * Double(bins)
                counts[Swift.min(Int(position), bins - 1)] += 1
            }
            return counts
        }
        // Neighbours are often alike, so each of eight has counts of its own: no increment waits for the one before.
        let lanes = 8
        let last = Float(bins - 1)
        var parts = [UInt32](repeating: 0, count: lanes * bins)
        parts.withUnsafeMutableBufferPointer { parts in
            func add(_ index: Int, _ lane: Int) {
                let position = Swift.min((values[index] - low) * scale, last)
                parts[lane &* bins &+ Int(Int32(position))] &+= 1
            }
            let whole = values.count / lanes * lanes
            var index = 0
            while index < whole {
                for lane in 0..<lanes { add(index &+ lane, lane) }
                index &+= lanes
            }
            for index in whole..<values.count { add(index, 0) }
        }
        for index in parts.indices { counts[index % bins] += Int(parts[index]) }
        return counts
    }
}

/// What one pass over numbers finds.
private struct Survey {
    var nonFiniteCount = 0
    var zeroCount = 0
    var minimum: Float = 0
    var maximum: Float = 0
    var mean = 0.0
    var standardDeviation = 0.0

    init(_ values: UnsafeBufferPointer<Float>) {
        guard let first = values.first else { return }
        // Numbers in the order of integers: these loops run in vector registers.
        var (low, high) = (Int32.max, Int32.min)
        var (zeros, others): (Int32, Int32) = (0, 0)
        // Moments around the first number: nothing cancels where the mean is far from 0.
        let shift = first.isFinite ? Double(first) : 0
        var sums = (SIMD8<Double>.zero, SIMD8<Double>.zero)
        let raw = UnsafeRawBufferPointer(values)
        let block = 4096
        for start in stride(from: 0, to: values.count, by: block) {
            let end = Swift.min(start + block, values.count)
            raw.withMemoryRebound(to: Int32.self) { bits in
                for index in start..<end {
                    let magnitude = bits[index] & 0x7FFF_FFFF
                    let rank = bits[index] ^ (bits[index] >> 31 & 0x7FFF_FFFF)
                    low = Swift.min(low, rank)
                    high = Swift.max(high, rank)
                    zeros &+= magnitude == 0 ? 1 : 0
                    others &+= magnitude >= 0x7F80_0000 ? 1 : 0
                }
            }
            zeroCount += Int(zeros)
            nonFiniteCount += Int(others)
            (zeros, others) = (0, 0)
            var index = start
            while index + 8 <= end {
                let x = SIMD8<Double>(raw.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)) - shift
                sums.0 += x
                sums.1 += x * x
                index += 8
            }
            while index < end {
                let x = Double(values[index]) - shift
                sums.0[0] += x
                sums.1[0] += x * x
                index += 1
            }
        }
        func number(_ rank: Int32) -> Float { Float(bitPattern: UInt32(bitPattern: rank ^ (rank >> 31 & 0x7FFF_FFFF))) }
        (minimum, maximum) = (number(low), number(high))
        let offset = sums.0.sum() / Double(values.count)
        mean = shift + offset
        standardDeviation = Swift.max(0, sums.1.sum() / Double(values.count) - offset * offset).squareRoot()
    }
}
