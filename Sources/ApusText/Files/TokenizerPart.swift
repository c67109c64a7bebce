import ApusConfiguration
import ApusFormats

/// A part of a `tokenizer.json`: its value, and where it stands, for messages.
struct TokenizerPart {
    let value: JSONValue
    /// `pre_tokenizer.pretokenizers[1]`; the file itself if empty.
    private let name: String
    let path: String

    init(value: JSONValue, name: String = "", path: String) {
        self.value = value
        self.name = name
        self.path = path
    }

    /// Where it stands, in words.
    var place: String { name.isEmpty ? "the file" : name }

    /// The members of an object, of which only these are known.
    ///
    /// - Throws: if it is none, a name comes twice, or one is unknown.
    func checkMembers(_ known: [String]) throws(FormatError) {
        guard case .object(let members) = value else { throw mismatch("an object") }
        var seen = ByteTable(minimumCapacity: members.count)
        for member in members {
            guard seen.insert(member.name.utf8).isNew else {
                throw malformed("\(place) has \(member.name.quoted) twice", remedy: "Remove one of the two.")
            }
            guard known.contains(where: { $0.utf8.elementsEqual(member.name.utf8) }) else {
                throw unsupported("\(place) has \(member.name.quoted)", expected: "only \(known.shown())")
            }
        }
    }

    /// A member that is there and not null.
    func optional(_ name: StaticString) -> TokenizerPart? {
        guard let member = value[name] else { return nil }
        if case .null = member { return nil }
        return TokenizerPart(value: member, name: self.name.isEmpty ? "\(name)" : "\(self.name).\(name)", path: path)
    }

    func required(_ name: StaticString) throws(FormatError) -> TokenizerPart {
        guard let member = optional(name) else {
            throw malformed("\(place) has no \"\(name)\"", remedy: "Save the tokenizer again.")
        }
        return member
    }

    var text: String {
        get throws(FormatError) {
            guard case .text(let text) = value else { throw mismatch("a text") }
            return text
        }
    }

    var flag: Bool {
        get throws(FormatError) {
            guard case .flag(let flag) = value else { throw mismatch("true or false") }
            return flag
        }
    }

    /// A whole number in 0..<2³¹.
    var count: Int {
        get throws(FormatError) {
            guard case .number(let text) = value, let number = Int32(text), number >= 0 else {
                throw mismatch("a whole number of 0 or more and less than 2147483648")
            }
            return Int(number)
        }
    }

    var elements: [TokenizerPart] {
        get throws(FormatError) {
            guard case .list(let elements) = value else { throw mismatch("a list") }
            return elements.enumerated().map { TokenizerPart(value: $1, name: "\(place)[\($0)]", path: path) }
        }
    }

    func flag(_ name: StaticString, default value: Bool) throws(FormatError) -> Bool {
        try optional(name)?.flag ?? value
    }

    /// The parts of a sequence, one after the other, or the part itself where it is none.
    func sequence(_ member: StaticString) throws(FormatError) -> [TokenizerPart] {
        guard try type == "Sequence" else { return [self] }
        try checkMembers(["type", "\(member)"])
        var parts: [TokenizerPart] = []
        for part in try required(member).elements { parts += try part.sequence(member) }
        return parts
    }

    /// A pattern: `{"Regex": "\\s+"}`, or a text that stands for itself, `{"String": " "}`.
    func pattern() throws(FormatError) -> (pattern: Pattern, text: String?) {
        try checkMembers(["Regex", "String"])
        let text = try optional("String")?.text
        do throws(PatternError) {
            if let text { return (try Pattern(literal: text), text) }
        } catch {
            throw malformed("\(place) is no pattern: \(error.problem)", remedy: "Use another tokenizer.")
        }
        let source = try required("Regex").text
        do throws(PatternError) {
            return (try Pattern(source), nil)
        } catch {
            throw unsupported("\(place) is the pattern \(source.quoted): \(error.problem)", expected: "another pattern")
        }
    }

    /// What is of a kind that is not read here.
    func unknown(_ known: [String]) throws(FormatError) -> FormatError {
        unsupported("\(place) is \(try type.quoted)", expected: "one of \(known.shown())")
    }

    /// The name of a part's kind: its "type".
    var type: String {
        get throws(FormatError) {
            guard case .object = value else { throw mismatch("an object") }
            return try required("type").text
        }
    }

    func mismatch(_ expected: String) -> FormatError {
        FormatError(
            .malformed, path: path, "\(place) is not as expected", expected: expected, received: value.kind,
            remedy: "Save the tokenizer again.")
    }

    func malformed(_ problem: String, expected: String? = nil, received: String? = nil, remedy: String) -> FormatError {
        FormatError(.malformed, path: path, problem, expected: expected, received: received, remedy: remedy)
    }

    /// What is correct, but not read here.
    func unsupported(_ problem: String, expected: String) -> FormatError {
        FormatError(
            .unsupported, path: path, "\(problem), which is not read here", expected: expected,
            remedy: "Use a tokenizer without it, or make the numbers of the texts with another program.")
    }
}
