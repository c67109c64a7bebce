import ApusConfiguration
import Testing

/// Enumerations that files write by name.
@Suite struct CasesTests {
    @Test(arguments: [
        (#""rye""#, Grain.rye), (#""RYE""#, .rye), (#""roggen""#, .rye), (#"{"rye": {}}"#, .rye),
        (#""wheat""#, .wheat(share: 0.25)), (#"{"wheat": 0.5}"#, .wheat(share: 0.5)),
        (#"{"Wheat": {"share": 0.5}}"#, .wheat(share: 0.5)), (#"{"mix": {"high": 9}}"#, .mix(low: 1, high: 9)),
        (#"{"mix": 2}"#, .mix(low: 2, high: 3)), (#"{"mix": {}}"#, .mix(low: 1, high: 3)),
        (#"{"seeded": 1}"#, .seeded(1)), (#"{"seeded": {"value": 1}}"#, .seeded(1)),
        (#"{"sacks": 4}"#, .sacks(count: 4)),
    ]) func whatIsRead(_ text: String, _ grain: Grain) { #expect(reading(text, as: Grain.self).value == grain) }

    @Test(arguments: [
        (#""barley""#, "there is no grain barley (known are rye, wheat, mix, seeded, sacks)"),
        (#""weat""#, "there is no grain weat (did you mean wheat?)"),
        (#""sacks""#, "the key count is missing"), (#"{"sacks": {}}"#, "the key count is missing at sacks"),
        (#"{"rye": 3}"#, "expected nothing but received a single value at rye"),
        (#"{"mix": {"lo": 3}}"#, "there is no key lo (did you mean low?) at mix"),
        (#"{"wheat": 1, "rye": {}}"#, "expected one grain but received rye, wheat"), ("{}", "expected one grain"),
        ("[1]", "expected one grain"),
    ]) func whatIsWrong(_ text: String, _ problem: String) { #expect(reading(text, as: Grain.self).problem == problem) }

    @Test(arguments: [
        (Grain.rye, #""rye""#), (.wheat(), #""wheat""#), (.wheat(share: 0.5), #"{"wheat":0.5}"#), (.mix(), #""mix""#),
        (.mix(low: 1, high: 4), #"{"mix":{"high":4,"low":1}}"#), (.seeded(2), #"{"seeded":2}"#),
        // No default, though it is the example.
        (.sacks(count: 0), #"{"sacks":0}"#),
    ]) func whatIsWritten(_ grain: Grain, _ text: String) throws {
        #expect(try FileJSON.text(grain) == text)
        #expect(reading(text, as: Grain.self).value == grain)
    }

    @Test func optionsStandBesideArguments() throws {
        struct Sack: Encodable {
            let grain: Grain
            func encode(to encoder: any Encoder) throws {
                try grain.encode(to: encoder) { try $0.encode(2, forKey: NameKey("price")) }
            }
        }
        #expect(try FileJSON.text(Sack(grain: .rye)) == #"{"rye":{"price":2}}"#)
        #expect(try FileJSON.text(Sack(grain: .wheat(share: 1))) == #"{"wheat":{"price":2,"share":1}}"#)
    }

    @Test func casesByName() {
        #expect(Grain.names == ["rye", "wheat", "mix", "seeded", "sacks"])
        #expect(Grain.named("MIX") == .mix(low: 1, high: 3))
        #expect(Grain.named("roggen") == .rye)
        #expect(Grain.named("barley") == nil)
        #expect(Grain.defaults[2].constants.map { "\($0.name) \($0.text)" } == ["low 1", "high 3"])
    }

    // MARK: Limits and choices

    @Test(arguments: [("0", 0.0), ("90", 90)]) func limitsAreAllowed(_ text: String, _ degrees: Double) {
        #expect(reading(#"{"tilt": \#(text)}"#, as: Tilt.self).value == .tilt(degrees: degrees))
    }

    @Test(arguments: ["-0.001", "90.5", "1e300"]) func whatIsOutOfRangeIsRefused(_ text: String) {
        let read = reading(#"{"tilt": {"degrees": \#(text)}}"#, as: Tilt.self)
        #expect(read.problem == "tilt needs degrees of 0…90, received \(Double(text)!)")
        #expect(read.value == nil)
    }

    @Test func choices() {
        #expect(reading(#""right""#, as: Side.self).value == .right)
        #expect(reading(#""rihgt""#, as: Side.self).problem == "there is no side rihgt (did you mean right?)")
        #expect(reading(#""Right""#, as: Side.self).value == nil)
        #expect(
            reading(#"{"side": "up"}"#, as: Sluice.self).problem
                == "there is no side up (known are left, right) at side")
    }
}
