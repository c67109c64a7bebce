/// A cell of a row of a table: `["price": 1.25, "color": "red", "age": nil]`.
///
/// ```swift
/// let row: [String: TableValue] = ["rooms": 4, "town": "Aachen", "built": nil]
/// print(try TrainedModel("houses.apus").predict(row: row).numbers)
/// ```
public enum TableValue: Sendable, Hashable {
    /// A number.
    case number(Double)
    /// A word, or a number, date or time as the table of the training had it: `"red"`, `"1,25 €"`.
    case text(String)
    /// The value is not known.
    case missing
}

extension TableValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByNilLiteral
{
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(nilLiteral: ()) { self = .missing }
}
