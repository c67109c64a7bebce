public import ApusConfiguration

extension AnyLayer: FileRepresentable {
    /// A kind, an activation's name, or a merge with its branches, and a name beside it; or layers one after the other.
    public static var form: Form {
        let layers = LayerKinds.registry.form()
        let activations = Activation.kindsForm.kinds.filter { layers.kind($0.name) == nil }
        let merges = Parallel.Merge.allCases.map {
            Form.Kind($0.rawValue, content: .list(.type(Sequential.self)), isBare: false)
        }
        let beside = [
            Form.Constant(name.stringValue, .text, help: "The name of the layer's variables"),
            Form.Constant(shared.stringValue, .text, help: "The name of variables that several layers have in common"),
        ]
        return .either([
            .kinds(Form.Kinds(layers.what, layers.kinds + activations + merges, beside: beside)),
            .list(.type(AnyLayer.self)),
        ])
    }
}

extension Sequential: FileRepresentable {
    public static var form: Form { .list(.type(AnyLayer.self)) }
}
