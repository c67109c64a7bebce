import Foundation

/// A value of an experiment as files write it.
package indirect enum SettingValue: Hashable, Sendable {
    case none
    case flag(Bool)
    case whole(Int)
    case number(Double)
    case text(String)
    case list([SettingValue])
    case object([String: SettingValue])
    /// A value as it is written in YAML.
    case written(String)

    /// The value at a path; `nil` if there is none.
    package subscript(path: [String]) -> SettingValue? {
        guard let first = path.first else { return self }
        let rest = Array(path.dropFirst())
        switch self {
        case .object(let entries): return entries[first]?[rest]
        case .list(let items):
            guard let index = Int(first), items.indices.contains(index) else { return nil }
            return items[index][rest]
        default: return nil
        }
    }

    package subscript(key: String) -> SettingValue? { self[[key]] }

    /// The number, if it is one.
    package var double: Double? {
        switch self {
        case .whole(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    package var int: Int? { if case .whole(let value) = self { value } else { nil } }

    package var string: String? { if case .text(let value) = self { value } else { nil } }

    package var items: [SettingValue]? { if case .list(let items) = self { items } else { nil } }

    /// What is written by its name alone, or by its name with arguments: `relu`, `{leakyReLU: 0.1}`.
    package var kind: String? {
        switch self {
        case .text(let name): name
        case .object(let entries): entries.count == 1 ? entries.keys.first : nil
        default: nil
        }
    }

    /// What is written in braces behind the name of a kind; `nil` for a name alone.
    package var arguments: SettingValue? {
        if case .object(let entries) = self, entries.count == 1 { entries.values.first } else { nil }
    }
}

extension SettingValue: Codable {
    package init(from decoder: any Decoder) throws {
        if let object = try? [String: SettingValue](from: decoder) {
            self = .object(object)
        } else if let list = try? [SettingValue](from: decoder) {
            self = .list(list)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .none
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                self = .whole(number)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .none: try container.encodeNil()
        case .flag(let value): try container.encode(value)
        case .whole(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value), .written(let value): try container.encode(value)
        case .list(let items): try container.encode(items)
        case .object(let entries): try container.encode(entries)
        }
    }
}

extension SettingValue: CustomStringConvertible {
    /// In one line of YAML, as `--set` takes it: `{adam: {learningRate: 0.001}}`.
    package var description: String {
        switch self {
        case .none: "null"
        case .written(let text): text
        case .flag(let value): "\(value)"
        case .whole(let value): "\(value)"
        case .number(let value): value == value.rounded() && abs(value) < 1e6 ? "\(Int(value))" : "\(value)"
        case .text(let value):
            value.allSatisfy { $0.isLetter || $0.isNumber || "._-/".contains($0) } && Double(value) == nil
                && !["true", "false", "null", ""].contains(value)
                ? value : "\"\(value.replacingOccurrences(of: "\"", with: "\\\""))\""
        case .list(let items): "[\(items.map(\.description).joined(separator: ", "))]"
        case .object(let entries):
            "{\(entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
        }
    }
}

extension SettingValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .whole(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
    package init(arrayLiteral elements: SettingValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, SettingValue)...) {
        self = .object(Dictionary(elements) { $1 })
    }
}
