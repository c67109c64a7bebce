/// Writes a layer as its initializer is called, leaving out what is at its default.
struct Configuration {
    private let name: String
    private var arguments: [String]

    init(_ name: String, _ arguments: String...) {
        self.name = name
        self.arguments = arguments
    }

    func adding<Value: Equatable>(_ label: String, _ value: Value, unless standard: Value) -> Configuration {
        guard value != standard else { return self }
        var copy = self
        copy.arguments.append("\(label): \(Configuration.text(value))")
        return copy
    }

    var text: String { "\(name)(\(arguments.joined(separator: ", ")))" }

    private static func text(_ value: Any) -> String {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional { return mirror.children.first.map { text($0.value) } ?? "nil" }
        if mirror.displayStyle == .enum { return ".\(value)" }
        return "\(value)"
    }
}
