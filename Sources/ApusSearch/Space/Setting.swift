/// One value of an experiment's file: a truth value, a number or a text.
///
/// ```swift
/// let settings: [Setting] = [true, 64, 0.003, "relu"]
/// print(settings.compactMap(\.number))   // the numbers among them
/// ```
public enum Setting: Sendable, Hashable {
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A number.
    case real(Double)
    /// A text.
    case text(String)

    /// The value as a number, unless it is a truth value or a text.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .bool, .text: nil
        }
    }

    /// Whether both are the same to a file, which does not tell 1 from 1.0.
    func isSame(as other: Setting) -> Bool {
        if let number, let otherNumber = other.number { number == otherNumber } else { self == other }
    }
}

extension Setting: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .real(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension Setting: CustomStringConvertible {
    /// As a file writes it.
    public var description: String {
        switch self {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let value): value
        }
    }
}

extension Setting: Codable {
    public init(from decoder: any Decoder) throws {
        func corrupted(_ text: String) -> DecodingError {
            .dataCorrupted(DecodingError.Context(codingPath: decoder.codingPath, debugDescription: text))
        }
        guard let container = try? decoder.singleValueContainer(), !container.decodeNil() else {
            throw corrupted("expected a number, a text, true or false")
        }
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            guard value.isFinite else { throw corrupted("expected a finite number but received \(value)") }
            self = .real(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            throw corrupted("expected a number, a text, true or false")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .real(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }
}
