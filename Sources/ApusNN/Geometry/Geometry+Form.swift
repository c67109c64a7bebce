public import ApusConfiguration

extension Size2D: FileRepresentable {
    public static var form: Form { .either([.integer, .list(.integer)]) }
}

extension Edges2D: FileRepresentable {
    public static var form: Form {
        .either([.type(Size2D.self), .mapping(edges(["top", "left", "bottom", "right"]))])
    }
}

extension Edges1D: FileRepresentable {
    public static var form: Form { .either([.integer, .mapping(edges(["left", "right"]))]) }
}

extension Padding: FileRepresentable {
    public static var form: Form { .either([.words(["valid", "same", "causal"]), .type(Edges2D.self)]) }
}

private func edges(_ names: [String]) -> [Form.Constant] { names.map { Form.Constant($0, .integer, defaultJSON: "0") } }
