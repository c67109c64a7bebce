import ApusConfiguration

/// A leading argument that must be given, and arguments of every sort with defaults.
struct Mill: Configurable {
    var stones: Int
    var speed = 0.5
    var grain = Grain.rye
    var names: [String] = []
    var fan: Bool?

    static let schema = Schema(
        Mill(stones: 0), .leading("stones", \.stones, help: "How many stones turn"), .optional("speed", \.speed),
        .optional("grain", \.grain), .optional("names", \.names), .optional("fan", \.fan))
}

/// A leading argument with a default, which Swift names.
struct Sluice: Configurable {
    var height = 1.5
    var side = Side.left

    static let schema = Schema(
        Sluice(), .leading("height", \.height, hasDefault: true, isLabelled: true), .optional("side", \.side))
}

/// Nothing can stand alone in place of its arguments.
struct Barrel: Configurable {
    var volume: Int
    var lid = true

    static let schema = Schema(Barrel(volume: 0), .required("volume", \.volume), .optional("lid", \.lid))
}

/// Nothing but its only argument.
struct Label: Configurable {
    var text: String

    static let schema = Schema(Label(text: ""), .whole("text", \.text))
}

enum Grain: ConfigurableCases {
    case rye
    case wheat(share: Double = 0.25)
    case mix(low: Int = 1, high: Int = 3)
    case seeded(Int = 7)
    case sacks(count: Int)

    static let what = "grain"
    static let synonyms = ["roggen": "rye"]
    static let cases: [Case<Grain>] = [
        Case(.rye), Case(.wheat()) { .wheat(share: try $0.next()) },
        Case(.mix()) { .mix(low: try $0.next(), high: try $0.next()) }, Case(.seeded()) { .seeded(try $0.next()) },
        Case(.sacks(count: 0), isRequired: true) { .sacks(count: try $0.next()) },
    ]
}

enum Side: String, NamedChoice {
    case left, right

    static let what = "side"
}

enum Tilt: CheckedCases {
    case none
    case tilt(degrees: Double = 10)

    static let what = "tilt"
    static let cases: [Case<Tilt>] = [Case(.none), Case(.tilt()) { .tilt(degrees: try $0.next()) }]

    var problem: String? {
        guard case .tilt(let degrees) = self, !(0...90).contains(degrees) else { return nil }
        return "tilt needs degrees of 0…90, received \(degrees)"
    }
}

/// What a text of JSON says that stands for a value; without one, what is wrong and where.
func reading<Value: Decodable>(_ text: String, as type: Value.Type) -> (value: Value?, problem: String) {
    do {
        return (try FileJSON.value(text) as Value, "")
    } catch DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
        DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context)
    {
        let place = context.codingPath.map(\.stringValue).joined(separator: ".")
        return (nil, context.debugDescription + (place.isEmpty ? "" : " at \(place)"))
    } catch {
        return (nil, "\(error)")
    }
}
