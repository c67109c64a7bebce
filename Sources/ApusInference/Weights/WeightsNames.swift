package import ApusFormats
package import ApusGraph
package import ApusNN
package import ApusTensor

/// By whose names the arrays of a file are called, and so which variable each is and how its elements lie.
package struct WeightsNames {
    /// Whose names they are.
    package enum Style: String, Sendable, Hashable {
        /// Paths of variables.
        case apus
        /// Names of PyTorch's state dictionaries.
        case pyTorch
        /// Names of Keras.
        case keras
        /// Names that are not known: the arrays have the order and the shapes of PyTorch's.
        case order
    }

    package let style: Style
    /// The variables by the keys that names lead to.
    private let forms: [String: PyTorchForm]
    /// The names in order, where order counts.
    private let positions: [String: Int]
    private let variables: Variables
    /// Keras's forms of the variables, by the names of their arrays and by their paths.
    private let keras: (byName: [String: KerasForm], byPath: [String: KerasForm])

    /// - Parameters:
    ///   - names: The arrays of the file, without what an optimizer keeps.
    ///   - keras: The form of a file that Keras wrote.
    ///   - shape: The shape of an array.
    ///   - renamed: What a path of the file is called in the model.
    package init(
        _ names: [String], of variables: Variables, keras form: KerasFile.Form? = nil, shape: (String) throws -> Shape,
        renamed: (String) -> String
    ) rethrows {
        self.variables = variables
        if let form {
            (style, forms, positions) = (.keras, [:], [:])
            let matching = try KerasMatching(names, isOrdered: form != .weights, shape: shape, of: variables).forms
            keras = (matching, Dictionary(matching.values.map { ($0.path, $0) }) { first, _ in first })
            return
        }
        keras = ([:], [:])
        let paths = Set(variables.paths)
        let all = variables.pyTorchForms
        let forms = Dictionary(all.map { (WeightsNames.path($0.name), $0) }) { first, _ in first }
        self.forms = forms
        let counted = names.filter { !WeightsNames.isCounter($0) }
        let own = counted.count { paths.contains(renamed($0)) }
        let known = counted.map { WeightsNames.form($0, in: forms, renamed) }
        let others = known.count { $0 != nil }
        // Where names are not known, order counts if nothing contradicts it.
        if own == 0, others < counted.count, counted.count == all.count,
            zip(known, all).allSatisfy({ $0 == nil || $0 == $1 })
        {
            let fitting = try zip(counted, all).map { $1.fits(try shape($0)) }
            // A head for other classes does not fit.
            if fitting.contains(true), fitting.dropLast(2).allSatisfy({ $0 }) {
                style = .order
                positions = Dictionary(uniqueKeysWithValues: counted.enumerated().map { ($1, $0) })
                return
            }
        }
        style = own >= others ? .apus : .pyTorch
        positions = [:]
    }

    /// What an array's name is as a path: `layer1.0.conv1.weight` is `layer1/0/conv1/weight`.
    private static func path(_ name: String) -> String { name.replacing(".", with: "/") }

    /// What the array of a name is in PyTorch.
    private static func form(
        _ name: String, in forms: [String: PyTorchForm], _ renamed: (String) -> String
    ) -> PyTorchForm? {
        forms[renamed(path(name))] ?? TimmNames.convNeXt(name).flatMap { forms[renamed(path($0))] }
    }

    /// Whether an array counts batches, which nothing here needs.
    package static func isCounter(_ name: String) -> Bool {
        name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked")
    }

    /// The path of the variable that an array is, or what it would be called if the model had it.
    package func target(of name: String, renamed: (String) -> String) -> String {
        switch style {
        case .apus: renamed(name)
        case .pyTorch: WeightsNames.form(name, in: forms, renamed)?.path ?? name
        case .keras: keras.byName[name]?.path ?? renamed(name)
        case .order: positions[name].map { variables.paths[$0] } ?? name
        }
    }

    /// Whether an array of a shape can be a variable, and what shape it should have.
    package func expected(_ path: String, for shape: Shape) -> (fits: Bool, shape: Shape) {
        let description = variables.variable(path)!.description
        switch style {
        case .apus: return (shape == description.shape, description.shape)
        case .keras:
            guard let form = keras.byPath[path] else { return (shape == description.shape, description.shape) }
            return (form.fits(shape), form.shape)
        case .pyTorch, .order:
            let form = PyTorchForm(path, description)
            return (form.fits(shape), form.shape)
        }
    }

    /// The variable's value from an array.
    package func value(_ path: String, _ array: Tensor) -> Tensor {
        switch style {
        case .apus: array
        case .keras: keras.byPath[path]?.value(array) ?? array
        case .pyTorch, .order: PyTorchForm(path, variables.variable(path)!.description).value(array)
        }
    }
}
