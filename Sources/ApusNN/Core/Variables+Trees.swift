public import ApusTensor

// Variables as values of functions: gradients, updates and compiled functions take and return them.

extension Variables {
    /// The variables that a function picks.
    public func filter(_ isIncluded: (_ path: String, _ description: VariableDescription) -> Bool) -> Variables {
        var result = Variables()
        for path in paths {
            let variable = variable(path)!
            if isIncluded(path, variable.description) { result.set(path, variable) }
        }
        return result
    }

    /// The same variables with other values, of the same shapes: `weights.mapValues { _, w in w * 0.5 }`.
    public func mapValues(_ transform: (_ path: String, _ value: Tensor) throws -> Tensor) rethrows -> Variables {
        var result = Variables()
        for path in paths {
            let old = variable(path)!
            result.set(path, Variable(value: try transform(path, old.value), description: old.description))
        }
        return result
    }

    /// The variables with the values of others in place of those with the same paths; others are added.
    public func merging(_ others: Variables) -> Variables {
        var result = self
        result.merge(others)
        return result
    }

    /// Takes over the values of others, such as the states after a pass; variables that are new are added.
    public mutating func merge(_ others: Variables) {
        for path in others.paths { set(path, others.variable(path)!) }
    }

    /// The variables that training adjusts.
    public var trainable: Variables { filter { $1.isTrainable } }
}

extension Variables: TensorTree {
    /// Paths and descriptions.
    public struct Structure: Hashable, Sendable {
        fileprivate let paths: [String]
        fileprivate let descriptions: [VariableDescription]

        public func hash(into hasher: inout Hasher) { hasher.combine(paths) }
    }

    public var structure: Structure {
        Structure(paths: paths, descriptions: paths.map { variable($0)!.description })
    }

    public var leaves: [Tensor] { paths.map { self[$0]! } }

    public init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
        self.init()
        for (path, description) in zip(structure.paths, structure.descriptions) {
            set(path, Variable(value: leaves.removeFirst(), description: description))
        }
    }
}

// MARK: Gradients

/// The value of a function of a model's variables, and its gradients with respect to those that training adjusts.
///
/// ```swift
/// let net = Sequential { Dense(8, activation: .tanh); Dense(1) }
/// let weights = try net.initialized(input: [4], seed: 7)
/// let (x, y) = (Tensor.ones([16, 4]), Tensor.zeros([16, 1]))
/// let (loss, gradients) = valueAndGradient(at: weights) { meanSquaredError(net(x, $0), y) }
/// print(loss.item(), gradients.paths)
/// ```
///
/// - Returns: The value, and the gradients under the paths of the variables.
public func valueAndGradient(
    at variables: Variables, of function: (Variables) throws -> Tensor
) rethrows -> (Tensor, Variables) {
    try valueAndGradient(at: variables, where: { $1.isTrainable }, of: function)
}

/// The value of a function of a model's variables, and its gradients with respect to those that a predicate picks:
/// `where: { path, _ in path.hasPrefix("head/") }`.
public func valueAndGradient(
    at variables: Variables, where isIncluded: (_ path: String, _ description: VariableDescription) -> Bool,
    of function: (Variables) throws -> Tensor
) rethrows -> (Tensor, Variables) {
    let (value, gradients, _) = try valueAndGradient(at: variables, where: isIncluded) { (try function($0), ()) }
    return (value, gradients)
}

/// The value of a function of a model's variables, its gradients, and what else the function yields, such as the states after a pass.
public func valueAndGradient<Auxiliary>(
    at variables: Variables, of function: (Variables) throws -> (Tensor, Auxiliary)
) rethrows -> (Tensor, Variables, Auxiliary) {
    try valueAndGradient(at: variables, where: { $1.isTrainable }, of: function)
}

/// The value of a function of a model's variables, its gradients with respect to those that a predicate picks, and what else the
/// function yields.
public func valueAndGradient<Auxiliary>(
    at variables: Variables, where isIncluded: (_ path: String, _ description: VariableDescription) -> Bool,
    of function: (Variables) throws -> (Tensor, Auxiliary)
) rethrows -> (Tensor, Variables, Auxiliary) {
    let picked = variables.filter(isIncluded)
    // As an array, so that the general function is meant.
    let (value, gradients, auxiliary) = try valueAndGradient(at: picked.leaves) { leaves in
        var leaves = leaves[...]
        return try function(variables.merging(Variables(structure: picked.structure, leaves: &leaves)))
    }
    var leaves = gradients[...]
    return (value, Variables(structure: picked.structure, leaves: &leaves), auxiliary)
}

/// The gradients of a function of a model's variables with respect to those that training adjusts.
public func gradient(at variables: Variables, of function: (Variables) throws -> Tensor) rethrows -> Variables {
    try valueAndGradient(at: variables, of: function).1
}

/// The product of the second derivatives of a function of a model's variables with a direction, with respect to those that training adjusts.
///
/// - Parameters:
///   - variables: The point.
///   - direction: Values for the paths of the variables that training adjusts; others do not count.
///   - function: The function; it yields one number.
/// - Returns: The products under the paths of the variables.
public func hessianVectorProduct(
    at variables: Variables, along direction: Variables, of function: (Variables) throws -> Tensor
) rethrows -> Variables {
    let picked = variables.trainable
    let products = try hessianVectorProduct(at: picked.leaves, along: picked.paths.compactMap { direction[$0] }) {
        var leaves = $0[...]
        return try function(variables.merging(Variables(structure: picked.structure, leaves: &leaves)))
    }
    var leaves = products[...]
    return Variables(structure: picked.structure, leaves: &leaves)
}
