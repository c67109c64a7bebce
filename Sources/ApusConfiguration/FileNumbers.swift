package import Foundation

/// JSON as every file and every output has it: numbers exactly, those that are not finite as the texts `"nan"`, `"inf"` and `"-inf"`.
package enum FileJSON {
    /// An encoder with sorted keys and dates in ISO 8601.
    ///
    /// - Parameter isPretty: Whether the text is on several lines.
    package static func encoder(isPretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: FileNumber.infinity, negativeInfinity: "-\(FileNumber.infinity)", nan: FileNumber.nan)
        return encoder
    }

    /// The decoder of what `encoder` writes.
    package static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: FileNumber.infinity, negativeInfinity: "-\(FileNumber.infinity)", nan: FileNumber.nan)
        return decoder
    }

    /// A value as JSON.
    package static func text(_ value: some Encodable, isPretty: Bool = false) throws -> String {
        String(decoding: try encoder(isPretty: isPretty).encode(value), as: UTF8.self)
    }

    /// The value of a text of JSON.
    package static func value<Value: Decodable>(_ text: String) throws -> Value {
        try decoder().decode(Value.self, from: Data(text.utf8))
    }
}

/// Numbers as texts in tables and lines: the shortest that is read as the same number; `nan`, `inf` and `-inf`.
package enum FileNumber {
    static let nan = "nan"
    static let infinity = "inf"

    /// The text of a number; NaN has neither sign nor payload.
    package static func text(_ value: Double) -> String { value.isNaN ? nan : "\(value)" }

    /// The text of a number; NaN has neither sign nor payload.
    package static func text(_ value: Float) -> String { value.isNaN ? nan : "\(value)" }
}
