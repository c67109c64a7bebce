package import ApusConfiguration
public import ApusFormats

extension SubwordTokenizer {
    /// Writes the tokenizer as a `tokenizer.json`, whole or not at all.
    public func write(to path: String) throws(FormatError) { try AtomicFile.write(json.description + "\n", to: path) }

    /// The content of a `tokenizer.json`.
    package var json: JSONText {
        guard case .object(let members) = file else { return file.json }
        return .object(
            members.map { member in
                guard member.name == "model", case .object(let parts) = member.value else {
                    return (member.name, member.value.json)
                }
                return (member.name, .object(parts.map { ($0.name, tokens($0.name) ?? $0.value.json) }))
            })
    }

    /// The vocabulary or the merges of the model.
    private func tokens(_ name: String) -> JSONText? {
        func text(_ number: some BinaryInteger) -> String {
            model.tokens.text(of: Int(number)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        switch (name, model) {
        case ("vocab", _): return .object(model.tokens.used.map { (text($0), .raw("\($0)")) })
        case ("merges", .bytePairs(let model)):
            return .list(model.merges.pairs.map { .list([.text(text($0.left)), .text(text($0.right))]) })
        default: return nil
        }
    }
}

extension JSONValue {
    /// A file without the tokens of its model, which the model holds.
    var withoutTokens: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(
            members.map { member in
                guard member.name == "model", case .object(let parts) = member.value else { return member }
                return (
                    member.name,
                    .object(parts.map { $0.name == "vocab" || $0.name == "merges" ? ($0.name, .null) : $0 })
                )
            })
    }
}
