import ApusConfiguration
import ApusExperiments
import ApusNN
import ApusOptimizers

/// An experiment as a tree of settings, which says where each of them stands.
struct ExperimentTree: Sendable {
    let root: SettingValue

    init(_ experiment: Experiment) throws { root = try experiment.settingTree }

    subscript(path: String) -> SettingValue? { root[path.split(separator: ".").map(String.init)] }

    /// A layer of the model, and where it stands.
    struct Layer: Sendable, Hashable {
        /// `model.2`, `model.3.residual.body.0`.
        let place: String
        let kind: String
        let arguments: SettingValue?

        /// The path of one of its arguments: `model.2.dense.activation`.
        func path(_ argument: String) -> String { "\(place).\(kind).\(argument)" }

        /// An argument; of an argument that is written without its name, that one.
        func argument(_ name: String) -> SettingValue? {
            switch arguments {
            case .object(let entries): entries[name]
            case .some(let value) where name == leadingArgument: value
            default: nil
            }
        }

        /// The argument that may be written without its name.
        private var leadingArgument: String? { ExperimentTree.leadingArguments[kind] }

        /// Whether it is a linear map with one kernel.
        var isLinear: Bool { Layer.linear.contains(kind) }

        /// The kinds of layers with one kernel.
        static let linear: Set<String> = [
            "dense", "conv1D", "conv2D", "conv1DTranspose", "conv2DTranspose", "depthwiseConv1D", "depthwiseConv2D",
            "sparseConv2D",
        ]

        /// The activation that it applies by itself.
        var activation: String? { argument("activation")?.kind }

        /// The kernel's initializer; `nil` for that of the kind.
        var initializer: SettingValue? { argument("kernelInitializer") }
    }

    /// The layers in the order in which they are applied, those inside others included; empty for a network of the zoo.
    var layers: [Layer] { root["model"].map { ExperimentTree.layers($0, "model") } ?? [] }

    /// The layers of the outer list.
    var outerLayers: [Layer] { layers.filter { $0.place.split(separator: ".").count == 2 } }

    /// Whether the model is a list of layers.
    var isList: Bool { root["model"]?.items != nil }

    private static func layers(_ value: SettingValue, _ place: String) -> [Layer] {
        guard case .list(let items) = value else { return [] }
        return items.enumerated().flatMap { index, item -> [Layer] in
            let place = "\(place).\(index)"
            guard let (kind, arguments) = kindAndArguments(item) else { return [] }
            var layers = [Layer(place: place, kind: kind, arguments: arguments)]
            if case .object(let entries) = arguments {
                for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
                    layers += ExperimentTree.layers(value, "\(place).\(kind).\(name)")
                }
            } else if let arguments, case .list = arguments {
                layers += ExperimentTree.layers(arguments, "\(place).\(kind)")
            }
            return layers
        }
    }

    /// A layer may have keys beside its kind, such as its name.
    private static func kindAndArguments(_ item: SettingValue) -> (String, SettingValue?)? {
        switch item {
        case .text(let kind): return (kind, nil)
        case .object(let entries):
            let kinds = entries.filter { !besideLayers.contains($0.key) }
            guard kinds.count == 1, let (kind, arguments) = kinds.first else { return nil }
            return (kind, arguments)
        default: return nil
        }
    }

    /// The optimizer's kind, such as `adam`.
    var optimizer: String? {
        guard let optimizer = root["optimizer"] else { return nil }
        if let kind = optimizer.string { return kind }
        guard case .object(let entries) = optimizer else { return nil }
        return entries.keys.first { !ExperimentTree.besideOptimizer.contains($0) }
    }

    /// The path of an argument of the optimizer's rule: `optimizer.adam.learningRate`.
    func optimizerPath(_ argument: String) -> String? { optimizer.map { "optimizer.\($0).\(argument)" } }

    /// The arguments of layers that may stand without their names, by kind.
    private static let leadingArguments: [String: String] = {
        let kinds = (AnyLayer.form.kinds?.kinds ?? []).compactMap { kind in
            kind.content?.constants?.first(where: \.isLeading).map { (kind.name, $0.name) }
        }
        return Dictionary(kinds) { first, _ in first }
    }()
    private static let besideLayers = Set(AnyLayer.form.kinds?.beside.map(\.name) ?? [])
    /// What may stand beside an optimizer's rule.
    private static let besideOptimizer = Set(Optimizer.form.kinds?.beside.map(\.name) ?? [])
}
