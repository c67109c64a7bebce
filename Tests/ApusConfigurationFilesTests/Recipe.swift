import ApusConfiguration

/// A value with every sort of field, to be read from files.
struct Recipe: Configurable {
    var name: String
    var minutes = 30
    var oven = Oven()
    var heat = Heat.low
    var steps: [String] = []
    var share = 0.5

    static let schema = Schema(
        Recipe(name: ""), .required("name", \.name, help: "What it is called"),
        .optional("minutes", \.minutes, help: "How long it takes"), .optional("oven", \.oven),
        .optional("heat", \.heat, help: "How hot it gets"), .optional("steps", \.steps),
        .optional("share", \.share))

    func encode(to encoder: any Encoder) throws { try Self.schema.writeAll(self, to: encoder) }
}

struct Oven: Configurable {
    var shelf = 1
    var fan: Bool?

    static let schema = Schema(Oven(), .leading("shelf", \.shelf, hasDefault: true), .optional("fan", \.fan))
}

enum Heat: ConfigurableCases {
    case low
    case high(degrees: Double = 250)

    static let what = "heat"
    static let cases: [Case<Heat>] = [Case(.low), Case(.high()) { .high(degrees: try $0.next()) }]
}
