import ApusConfiguration

/// A value of JSON, with the members of objects in their order, and numbers as they are written.
///
/// Names are kept as a list and compared by their bytes: vocabularies hold names that Swift's `String` takes for equal.
indirect enum JSONValue: Sendable {
    case null
    case flag(Bool)
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([(name: String, value: JSONValue)])

    /// A member of an object; `nil` if there is none.
    subscript(name: StaticString) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { member in
            name.withUTF8Buffer { member.name.utf8.elementsEqual($0) }
        }?.value
    }

    /// What it is, in words.
    var kind: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .number(let number): number.shown(40)
        case .text(let text): text.quoted
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// As it is written.
    var json: JSONText {
        switch self {
        case .null: .raw("null")
        case .flag(let flag): .flag(flag)
        case .number(let number): .raw(number)
        case .text(let text): .text(text)
        case .list(let elements): .list(elements.map(\.json))
        case .object(let members): .object(members.map { ($0.name, $0.value.json) })
        }
    }
}
