/// The lowest and the highest value, which files write as `[low, high]`.
///
/// ```swift
/// let domain = IntegerDomain(16...256, step: 16)
/// print(domain.range.low, domain.range.high)   // 16 256
/// ```
public struct Bounds<Number: Codable & Hashable & Comparable & Sendable>: Sendable, Hashable, Codable,
    CustomStringConvertible
{
    /// The lowest value; domains refuse one above `high`.
    public var low: Number
    /// The highest value.
    public var high: Number

    /// The ends of a range.
    public init(_ range: ClosedRange<Number>) {
        low = range.lowerBound
        high = range.upperBound
    }

    public var description: String { "\(low)...\(high)" }

    public init(from decoder: any Decoder) throws {
        guard var container = try? decoder.unkeyedContainer() else {
            throw decoder.corrupted("expected two numbers, [low, high]")
        }
        var numbers: [Number] = []
        while !container.isAtEnd {
            guard numbers.count < 2 else {
                throw decoder.corrupted("expected two numbers, [low, high], but received more")
            }
            numbers.append(try container.decode(Number.self))
        }
        guard numbers.count == 2 else {
            throw decoder.corrupted("expected two numbers, [low, high], but received \(numbers.count)")
        }
        (low, high) = (numbers[0], numbers[1])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(low)
        try container.encode(high)
    }
}
