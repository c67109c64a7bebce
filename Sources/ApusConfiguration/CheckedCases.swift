/// Cases whose arguments have limits: those out of range are errors where the file gives them.
package protocol CheckedCases: ConfigurableCases {
    /// What is wrong with the arguments: `rotation needs degrees of 0…180, received 200`; `nil` if they fit.
    var problem: String? { get }
}

extension CheckedCases {
    public init(from decoder: any Decoder) throws {
        let named = try NamedFields(decoder, Self.what)
        try self.init(named.name, named.fields, at: decoder.codingPath)
        guard let problem else { return }
        throw DecodingError.dataCorrupted(
            DecodingError.Context(codingPath: decoder.codingPath, debugDescription: problem))
    }
}

/// A choice of names that files write.
package protocol NamedChoice: RawRepresentable<String>, CaseIterable, Sendable, Hashable, Codable {
    /// What is chosen, for messages: `direction`.
    static var what: String { get }
}

extension NamedChoice {
    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let choice = Self(rawValue: name) else {
            throw Names.unknown(Self.what, name, Self.allCases.map(\.rawValue), decoder.codingPath)
        }
        self = choice
    }
}
