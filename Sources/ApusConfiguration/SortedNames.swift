/// A value as files hold it: values by name come in the order of the alphabet, so that what is written is the same every time.
package struct SortedNames: Encodable {
    private let value: any Encodable

    package init(_ value: some Encodable) { self.value = value }

    package func encode(to encoder: any Encoder) throws {
        guard let named = (value as? any NamedValues)?.byName else { return try value.encode(to: encoder) }
        var container = encoder.container(keyedBy: NameKey.self)
        for (name, value) in named.sorted(by: { $0.key < $1.key }) {
            try container.encode(SortedNames(value), forKey: NameKey(name))
        }
    }
}

/// Values by name, or none.
private protocol NamedValues {
    var byName: [String: any Encodable]? { get }
}

extension Dictionary: NamedValues where Key == String, Value: Encodable {
    fileprivate var byName: [String: any Encodable]? { mapValues { $0 } }
}

extension Optional: NamedValues where Wrapped: NamedValues {
    fileprivate var byName: [String: any Encodable]? { self?.byName }
}
