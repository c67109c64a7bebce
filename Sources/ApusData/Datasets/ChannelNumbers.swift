public import ApusConfiguration

/// One number for all channels, or one for each: `0.5` or `[0.49, 0.48, 0.45]` in files and in Swift.
///
/// ```swift
/// let gray: ChannelNumbers = 0.5
/// let scaling = Scaling.constants(mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
/// ```
public struct ChannelNumbers: Sendable, Hashable, CustomStringConvertible {
    /// One number, or as many as there are channels.
    public var numbers: [Double]

    /// A number for each channel.
    ///
    /// - Parameter numbers: The numbers in the order of the channels; a single one holds for all.
    public init(_ numbers: [Double]) { self.numbers = numbers }

    public var description: String { numbers.count == 1 ? "\(numbers[0])" : "\(numbers)" }

    /// The number of a channel.
    subscript(channel: Int) -> Double { numbers.count == 1 ? numbers[0] : numbers[channel] }
}

extension ChannelNumbers: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public init(floatLiteral value: Double) { numbers = [value] }
    public init(integerLiteral value: Int) { numbers = [Double(value)] }
    public init(arrayLiteral elements: Double...) { numbers = elements }
}

extension ChannelNumbers: FileRepresentable {
    public static var form: Form { .either([.number, .list(.number)]) }
}

extension ChannelNumbers: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            numbers = [number]
        } else {
            numbers = try container.decode([Double].self)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if numbers.count == 1 { try container.encode(numbers[0]) } else { try container.encode(numbers) }
    }
}
