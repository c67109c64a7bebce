import ApusConfiguration
package import Foundation
package import GRDB

extension Row {
    /// The value of a column.
    ///
    /// - Throws: `DecodingError` if a damaged file holds something else there.
    package func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value: Value = try optional(column) else { throw Self.error(column, "expected a value") }
        return value
    }

    /// The value of a column, or `nil` if there is none.
    package func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
        guard hasColumn(column) else { throw Self.error(column, "the column is missing") }
        let stored: DatabaseValue = self[column]
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else {
            throw Self.error(column, "expected \(Value.self) but found \(stored)")
        }
        return value
    }

    package func date(_ column: String) throws -> Date? {
        guard let seconds: Double = try optional(column) else { return nil }
        return Date(timeIntervalSince1970: seconds)
    }

    package func json<Value: Decodable>(_ column: String) throws -> Value {
        let text: String = try value(column)
        return try FileJSON.value(text)
    }

    private static func error(_ column: String, _ text: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: "column \(column): \(text)"))
    }
}
