import ApusConfiguration
import ApusTestKit
import Testing

/// What is suggested for names that do not exist, and types by name.
@Suite struct NamesTests {
    @Test(arguments: [
        ("rel", "did you mean relu?"), ("RELU6", "did you mean relu?"), ("raly", "did you mean relu?"),
        ("eulr", "did you mean elu?"),
        // Three mistakes in a short name are too many, four in a long one are not.
        ("rally", "known are relu, elu, softmaxCrossEntropy"), ("", "known are relu, elu, softmaxCrossEntropy"),
        ("sofmaxCrosEntrop", "did you mean softmaxCrossEntropy?"),
        ("softCrossEntropy", "did you mean softmaxCrossEntropy?"),
        ("softmaxEntropy", "known are relu, elu, softmaxCrossEntropy"),
    ]) func suggestions(_ name: String, _ hint: String) {
        #expect(Names.hint(name, ["relu", "elu", "softmaxCrossEntropy"]) == hint)
    }

    @Test func ofSeveralTheFirst() { #expect(Names.hint("bat", ["cat", "rat", "bar"]) == "did you mean cat?") }

    @Test func longListsAreCut() {
        let names = (0..<101).map { "name\($0)xxxxxxxxxx" }
        #expect(Names.hint("zzz", names).hasSuffix("name99xxxxxxxxxx, …"))
        #expect(Names.hint("zzz", Array(names.prefix(100))).hasSuffix("name99xxxxxxxxxx"))
    }

    @Test func longNamesGetNoSuggestion() {
        #expect(Names.hint(String(repeating: "x", count: 1_000_000), ["relu"]) == "known are relu")
        let name = String(repeating: "x", count: 200)
        #expect(Names.hint(name, [name + "y"]).hasPrefix("did you mean x"))
        #expect(Names.hint(name + "x", [name]).hasPrefix("known are x"))
    }

    // MARK: Registries

    private struct Plain: Codable, Equatable {
        var weight: Int
    }

    private struct Empty: Codable {}

    private func registry() -> Registry<any Sendable> {
        Registry("tool", [Mill.self, Sluice.self], others: ["plain": Plain.self, "empty": Empty.self])
    }

    @Test func membersByKind() throws {
        let registry = registry()
        #expect(registry.kinds == ["empty", "mill", "plain", "sluice"])
        #expect(registry.configurable.map { $0.kind } == ["mill", "sluice"])
        #expect(registry.contains("MILL") && !registry.contains("barrel"))
        #expect(registry.knows(Mill.self, as: "mill") && !registry.knows(Sluice.self, as: "mill"))
        #expect(try registry.member("sluice", from: nil, at: []) as? Sluice == Sluice())
        #expect(try registry.member("Sluice", from: nil, at: []) as? Sluice == Sluice())
        #expect(try registry.member("empty", from: nil, at: []) is Empty)
    }

    @Test func membersOfFiles() {
        struct Reader: Decodable {
            let member: any Sendable
            init(from decoder: any Decoder) throws {
                let registry = Registry<any Sendable>("tool", [Mill.self, Sluice.self], others: ["plain": Plain.self])
                member = try registry.member(from: decoder, besides: ["price"]).member
            }
        }
        func read(_ text: String) -> (value: Reader?, problem: String) { reading(text, as: Reader.self) }
        #expect(read(#"{"mill": 3}"#).value?.member as? Mill == Mill(stones: 3))
        #expect(read(#"{"mill": {"stones": 3, "price": 1}}"#).value?.member as? Mill == Mill(stones: 3))
        #expect(read(#""sluice""#).value?.member as? Sluice == Sluice())
        #expect(read(#"{"plain": {"weight": 2}}"#).value?.member as? Plain == Plain(weight: 2))
        #expect(read(#""mill""#).problem == "the key stones is missing")
        #expect(read(#""plain""#).problem == "the key weight is missing")
        #expect(read(#""mil""#).problem == "there is no tool mil (did you mean mill?)")
        #expect(read(#"{"mill": 3, "sluice": 1}"#).problem == "expected one tool but received mill, sluice")
    }

    @Test func registering() throws {
        let registry = registry()
        try registry.register("barrel", Barrel.self)
        try registry.register("barrel", Barrel.self)
        #expect(registry.knows(Barrel.self, as: "barrel"))
        for name in ["mill", "MILL"] {
            #expect(
                message { try registry.register(name, Barrel.self) }
                    == "there is a tool \(name) already; rename the type, or give it another name in files: static var kind"
            )
        }
        #expect(registry.knows(Mill.self, as: "mill"))
    }
}
