/// Values by name as files hold them: in the order of the alphabet, so that what is written is the same every time.
package struct SortedNames<Value: Encodable>: Encodable {
    private let values: [String: Value]

    package init(_ values: [String: Value]) { self.values = values }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            try container.encode(SortedNames<Never>.sorted(value), forKey: NameKey(name))
        }
    }
}

extension SortedNames where Value == Never {
    /// A value, with names in order if it is values by name.
    package static func sorted(_ value: some Encodable) -> AnyEncodable {
        AnyEncodable((value as? any NamedValues)?.sorted ?? value)
    }
}

/// Any value that can be written.
package struct AnyEncodable: Encodable {
    private let value: any Encodable
    fileprivate init(_ value: any Encodable) { self.value = value }
    package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

private protocol NamedValues {
    var sorted: any Encodable { get }
}

extension Dictionary: NamedValues where Key == String, Value: Encodable {
    fileprivate var sorted: any Encodable { SortedNames(self) }
}

extension Optional: NamedValues where Wrapped: NamedValues & Encodable {
    fileprivate var sorted: any Encodable { map { $0.sorted } ?? self }
}
