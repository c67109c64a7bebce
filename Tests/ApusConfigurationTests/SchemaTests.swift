import ApusConfiguration
import ApusTestKit
import Testing

/// Values with a schema: read, written and printed by the list of their arguments.
@Suite struct SchemaTests {
    // MARK: Reading

    @Test func whatIsLeftOutIsAtItsDefault() {
        #expect(reading("3", as: Mill.self).value == Mill(stones: 3))
        #expect(reading(#"{"stones": 3}"#, as: Mill.self).value == Mill(stones: 3))
        #expect(
            reading(
                #"{"fan": false, "names": ["a"], "grain": {"mix": {"high": 9}}, "stones": 4, "speed": 2}"#,
                as: Mill.self
            ).value == Mill(stones: 4, speed: 2, grain: .mix(low: 1, high: 9), names: ["a"], fan: false))
        #expect(reading("{}", as: Sluice.self).value == Sluice())
        #expect(reading("2", as: Sluice.self).value == Sluice(height: 2))
        #expect(reading(#"{"side": "right"}"#, as: Sluice.self).value == Sluice(side: .right))
        #expect(reading(#"{"volume": 5}"#, as: Barrel.self).value == Barrel(volume: 5))
        #expect(reading(#""wine""#, as: Label.self).value == Label(text: "wine"))
    }

    @Test(arguments: [
        ("{}", "the key stones is missing"),
        (#"{"stone": 3}"#, "there is no key stone (did you mean stones?)"),
        (#"{"stones": 3, "colour": 1}"#, "there is no key colour (known are stones, speed, grain, names, fan)"),
        // The first in order of the alphabet, whatever the order of a file.
        (#"{"price": 1, "colour": 1}"#, "there is no key colour (known are stones, speed, grain, names, fan)"),
        (#"{"stones": 3, "grain": "whaet"}"#, "there is no grain whaet (did you mean wheat?) at grain"),
        (#"{"stones": 3, "grain": {"wheat": {"part": 1}}}"#, "there is no key part (known are share) at grain.wheat"),
    ]) func whatIsWrong(_ text: String, _ problem: String) { #expect(reading(text, as: Mill.self).problem == problem) }

    @Test func onlyALeadingArgumentStandsAlone() {
        #expect(
            reading("3", as: Barrel.self).problem
                == "expected arguments by name (volume, lid) but received a single value")
        #expect(reading(#"{"text": "wine"}"#, as: Label.self).value == nil)
        #expect(reading("true", as: Mill.self).value == nil)
    }

    @Test func otherNamesAreTheCallers() throws {
        struct Reader: Decodable {
            let barrel: Barrel
            init(from decoder: any Decoder) throws {
                barrel = try Barrel.schema.value(from: Fields(decoder), besides: ["shelf"])
            }
        }
        #expect(reading(#"{"volume": 2, "shelf": 1}"#, as: Reader.self).value?.barrel == Barrel(volume: 2))
        #expect(
            reading(#"{"volume": 2, "shelfs": 1}"#, as: Reader.self).problem
                == "there is no key shelfs (did you mean shelf?)")
    }

    // MARK: Writing

    /// What is at its default stays out; a leading argument stands alone if there is nothing else.
    @Test func texts() throws {
        #expect(try FileJSON.text(Mill(stones: 0)) == "0")
        #expect(try FileJSON.text(Mill(stones: 3, fan: true)) == #"{"fan":true,"stones":3}"#)
        #expect(try FileJSON.text(Mill(stones: 3, grain: .wheat())) == #"{"grain":"wheat","stones":3}"#)
        #expect(try FileJSON.text(Sluice()) == "{}")
        #expect(try FileJSON.text(Sluice(height: 2)) == "2")
        #expect(try FileJSON.text(Sluice(side: .right)) == #"{"side":"right"}"#)
        #expect(try FileJSON.text(Barrel(volume: 5)) == #"{"volume":5}"#)
        #expect(try FileJSON.text(Label(text: "wine")) == #""wine""#)
    }

    @Test func whatIsWrittenIsRead() throws {
        for mill in [
            Mill(stones: 1), Mill(stones: 2, speed: 0.1 + 0.2, grain: .sacks(count: 4), names: ["x", ""], fan: false),
        ] {
            let text = try FileJSON.text(mill)
            #expect(reading(text, as: Mill.self).value == mill, "\(text)")
        }
    }

    /// Files of a run hold everything; only what is absent stays out.
    @Test func everythingCanBeWritten() throws {
        struct Whole: Encodable {
            let mill: Mill
            func encode(to encoder: any Encoder) throws { try Mill.schema.writeAll(mill, to: encoder) }
        }
        #expect(
            try FileJSON.text(Whole(mill: Mill(stones: 3)))
                == #"{"grain":"rye","names":[],"speed":0.5,"stones":3}"#)
        #expect(try FileJSON.text(Whole(mill: Mill(stones: 3, fan: false))).contains(#""fan":false"#))
    }

    // MARK: Printing

    @Test func sourceOfSwift() {
        #expect("\(Mill(stones: 3))" == "Mill(3)")
        #expect(
            "\(Mill(stones: 3, speed: 2, grain: .mix(low: 1, high: 4), names: ["a"], fan: true))"
                == #"Mill(3, speed: 2.0, grain: .mix(low: 1, high: 4), names: ["a"], fan: true)"#)
        #expect("\(Sluice(height: 2, side: .right))" == "Sluice(height: 2.0, side: .right)")
        #expect("\(Sluice())" == "Sluice()")
        #expect("\(Label(text: "wine"))" == #"Label("wine")"#)
    }

    @Test func defaults() {
        #expect(Mill.schema.names == ["stones", "speed", "grain", "names", "fan"])
        #expect(Mill.defaults.map { "\($0.name) \($0.text)" } == ["speed 0.5", "grain .rye", "names []", "fan nil"])
        #expect(Sluice().isDefault && !Sluice(height: 2).isDefault)
        #expect(!Mill(stones: 0).isDefault)
    }

    /// `RMSNorm` is `rmsNorm`, `SGD` is `sgd`.
    @Test func kinds() {
        struct RMSWheel {}
        struct SGD {}
        struct Conv2D {}
        #expect(Mill.kind == "mill")
        #expect([RMSWheel.self, SGD.self, Conv2D.self].map { Names.kind(of: $0) } == ["rmsWheel", "sgd", "conv2D"])
    }
}
