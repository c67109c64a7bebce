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
    /// Of variables of PyTorch's names the arrays that hold them, by paths.
    private let parts: [String: (form: PyTorchForm, parts: [PyTorchPart])]
    /// What names of PyTorch, as paths, lead to.
    private let targets: [String: String]
    /// The targets of arrays by their names, where order counts.
    private let positions: [String: String]
    private let variables: Variables
    /// The names of the file as paths of the model, where they may be PyTorch's.
    private let keys: Set<String>
    /// Keras's forms of the variables, by the names of their arrays; by their paths with these names.
    private let keras: (byName: [String: [KerasForm]], byPath: [String: (form: KerasForm, name: String)])

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
            (style, parts, targets, positions, keys) = (.keras, [:], [:], [:], [])
            // The order of layers is in files of before alone.
            let matching = try KerasMatching(names, isOrdered: form == .legacy, shape: shape, of: variables).forms
            let byPath = matching.flatMap { name, forms in forms.map { ($0.path, (form: $0, name: name)) } }
            keras = (matching, Dictionary(byPath) { first, _ in first })
            return
        }
        keras = ([:], [:])
        let paths = Set(variables.paths)
        let counted = names.filter { !WeightsNames.isCounter($0) }
        let keys = Set(counted.flatMap { WeightsNames.keys($0, renamed) })
        self.keys = keys
        let forms = variables.pyTorchForms
        let chosen = forms.map { form in
            let isByPath = keys.contains(form.byPath.key) && !form.parts.contains { keys.contains($0.key) }
            return (form: form, parts: isByPath ? [form.byPath] : form.parts)
        }
        let targets = Dictionary(
            chosen.flatMap { chosen in
                chosen.parts.map { ($0.key, WeightsNames.target($0, chosen.form.path, chosen.parts)) }
            }
        ) { first, _ in first }
        let own = counted.count { paths.contains(renamed($0)) }
        let known = counted.map { name in WeightsNames.keys(name, renamed).lazy.compactMap { targets[$0] }.first }
        let others = known.count { $0 != nil }
        // Where names are not known, order counts if nothing contradicts it.
        let all = variables.pyTorchArrays.map { array in
            let (form, part) = array.holds[0]
            return (form: form, part: array.part, target: WeightsNames.target(form.parts[part], form.path, form.parts))
        }
        if own == 0, others < counted.count, counted.count == all.count,
            zip(known, all).allSatisfy({ $0 == nil || $0 == $1.target })
        {
            let fitting = try zip(counted, all).map { $1.form.fits(try shape($0), $1.part) }
            // A head for other classes does not fit.
            if fitting.contains(true), fitting.dropLast(2).allSatisfy({ $0 }) {
                style = .order
                self.targets = [:]
                parts = Dictionary(forms.map { ($0.path, ($0, $0.parts)) }) { first, _ in first }
                positions = Dictionary(zip(counted, all).map { ($0, $1.target) }) { first, _ in first }
                return
            }
        }
        style = own >= others ? .apus : .pyTorch
        self.targets = targets
        parts = Dictionary(chosen.map { ($0.form.path, $0) }) { first, _ in first }
        positions = [:]
    }

    /// What stands for an array: the variable that it is, or its own name as a path where it is a part of one or holds several.
    private static func target(_ part: PyTorchPart, _ path: String, _ parts: [PyTorchPart]) -> String {
        parts.count == 1 && part.rows == nil ? path : part.key
    }

    /// What the array of a name may be called in PyTorch, as paths.
    private static func keys(_ name: String, _ renamed: (String) -> String) -> [String] {
        [renamed(path(name))] + (TimmNames.convNeXt(name).map { [renamed(path($0))] } ?? [])
    }

    /// What an array's name is as a path: `layer1.0.conv1.weight` is `layer1/0/conv1/weight`.
    private static func path(_ name: String) -> String { name.replacing(".", with: "/") }

    /// Whether an array counts batches, which nothing here needs.
    package static func isCounter(_ name: String) -> Bool {
        name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked")
    }

    /// The path of the variable that an array is; where it is one of several or holds several, what stands for it in
    /// `targets(of:)`; or what it would be called if the model had it.
    package func target(of name: String, renamed: (String) -> String) -> String {
        switch style {
        case .apus: renamed(name)
        case .pyTorch: WeightsNames.keys(name, renamed).lazy.compactMap { targets[$0] }.first ?? name
        case .keras: keras.byName[name].map { $0[0].row == nil ? $0[0].path : name } ?? renamed(name)
        case .order: positions[name] ?? name
        }
    }

    /// The targets of the arrays that a variable is made of.
    package func targets(of path: String) -> [String] {
        if let (form, name) = keras.byPath[path], form.row != nil { return [name] }
        guard style == .pyTorch || style == .order, let (form, parts) = parts[path] else { return [path] }
        return parts.map { WeightsNames.target($0, form.path, parts) }
    }

    /// Whether an array of a shape can be what a variable is made of, and what shape it should have.
    ///
    /// - Parameter number: Which of the arrays of `targets(of:)` it is.
    package func expected(_ path: String, _ number: Int = 0, for shape: Shape) -> (fits: Bool, shape: Shape) {
        let description = variables.variable(path)!.description
        switch style {
        case .apus: return (shape == description.shape, description.shape)
        case .keras:
            guard let form = keras.byPath[path]?.form else { return (shape == description.shape, description.shape) }
            return (form.fits(shape), form.shape)
        case .pyTorch, .order:
            let (form, parts) = parts[path]!
            return (form.fits(shape, parts[number]), parts[number].shape)
        }
    }

    /// The variable's value from the arrays of `targets(of:)`.
    package func value(_ path: String, _ arrays: [Tensor]) -> Tensor {
        switch style {
        case .apus: return arrays[0]
        case .keras: return keras.byPath[path]?.form.value(arrays[0]) ?? arrays[0]
        case .pyTorch, .order:
            let (form, parts) = parts[path]!
            return form.value(arrays, in: parts)
        }
    }

    /// Why the arrays of the file are not what the layer of a variable computes with, and what to do.
    package func problem(of path: String) -> PyTorchProblem? {
        guard let problem = parts[path]?.form.problem else { return nil }
        return style == .order && problem.isOfAllFiles || problem.keys.contains(where: keys.contains) ? problem : nil
    }
}
