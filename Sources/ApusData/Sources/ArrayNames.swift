public import ApusConfiguration

/// The array of the only input or target, `x`, or one for each by name, `{left: a, right: b}`.
///
/// ```swift
/// let source = NPZSource("pairs.npz", inputs: ["left": "a", "right": "b"], targets: "y")
/// print(source.inputs)   // ["left": "a", "right": "b"]
/// ```
public struct ArrayNames: Sendable, Hashable {
    /// Arrays by the names of inputs or targets, in the order of the alphabet; that of a single one has no name.
    public let arrays: [String: String]

    /// An array for each input or target.
    public init(_ arrays: [String: String]) { self.arrays = arrays }

    /// Inputs or targets with their arrays, in order.
    var sorted: [(name: String, array: String)] {
        arrays.sorted { $0.key < $1.key }.map { (name: $0.key, array: $0.value) }
    }
}

extension ArrayNames: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    public init(stringLiteral array: String) { self.init(["": array]) }
    public init(dictionaryLiteral arrays: (String, String)...) { self.init(Dictionary(arrays) { $1 }) }
}

extension ArrayNames: Codable, FileRepresentable, CustomStringConvertible {
    public static var form: Form { .either([.text, .named(.text)]) }

    public init(from decoder: any Decoder) throws {
        let single = try? decoder.singleValueContainer().decode(String.self)
        self.init(try single.map { ["": $0] } ?? [String: String](from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        if let single = arrays[""], arrays.count == 1 {
            try single.encode(to: encoder)
        } else {
            try SortedNames(arrays).encode(to: encoder)
        }
    }

    public var description: String {
        if let single = arrays[""], arrays.count == 1 { return single.quoted }
        return "[" + sorted.map { "\($0.name.quoted): \($0.array.quoted)" }.joined(separator: ", ") + "]"
    }
}
