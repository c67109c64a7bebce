/// A value that is made of tensors in a fixed order, such as a tensor, an array of them, or the variables of a model.
///
/// What functions that are compiled or differentiated take and return. JAX calls such values pytrees. A type of your own conforms by
/// saying what its tensors are and how it is made of others:
///
/// ```swift
/// struct Line: TensorTree {
///     var slope, offset: Tensor
///     struct Structure: Hashable, Sendable {}
///     var structure: Structure { Structure() }
///     var leaves: [Tensor] { [slope, offset] }
///     init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
///         slope = leaves.removeFirst()
///         offset = leaves.removeFirst()
///     }
/// }
/// ```
public protocol TensorTree: Sendable {
    /// What is left of the value without its tensors: two values with equal structures have as many tensors.
    associatedtype Structure: Hashable & Sendable

    /// The value without its tensors.
    var structure: Structure { get }

    /// The tensors in their order.
    var leaves: [Tensor] { get }

    /// A value of a structure, whose tensors are the first of `leaves`; it removes those that it takes.
    init(structure: Structure, leaves: inout ArraySlice<Tensor>)
}

extension TensorTree {
    /// The value with other tensors in place of its own.
    ///
    /// - Parameter leaves: As many tensors as it has.
    func with(_ leaves: [Tensor]) -> Self {
        var rest = leaves[...]
        return Self(structure: structure, leaves: &rest)
    }
}

extension Tensor: TensorTree {
    /// The structure of a single tensor.
    public struct Structure: Hashable, Sendable {}

    public var structure: Structure { Structure() }
    public var leaves: [Tensor] { [self] }
    public init(structure: Structure, leaves: inout ArraySlice<Tensor>) { self = leaves.removeFirst() }
}

extension Array: TensorTree where Element: TensorTree {
    public var structure: [Element.Structure] { map(\.structure) }
    public var leaves: [Tensor] { flatMap(\.leaves) }

    public init(structure: [Element.Structure], leaves: inout ArraySlice<Tensor>) {
        self = []
        for element in structure { append(Element(structure: element, leaves: &leaves)) }
    }
}

extension Optional: TensorTree where Wrapped: TensorTree {
    public var structure: Wrapped.Structure? { map(\.structure) }
    public var leaves: [Tensor] { map(\.leaves) ?? [] }

    public init(structure: Wrapped.Structure?, leaves: inout ArraySlice<Tensor>) {
        self = nil
        if let structure { self = Wrapped(structure: structure, leaves: &leaves) }
    }
}

/// Values by name, in the alphabetical order of the names.
extension Dictionary: TensorTree where Key == String, Value: TensorTree {
    public var structure: [String: Value.Structure] { mapValues(\.structure) }
    public var leaves: [Tensor] { keys.sorted().flatMap { self[$0]!.leaves } }

    public init(structure: [String: Value.Structure], leaves: inout ArraySlice<Tensor>) {
        self = [:]
        for name in structure.keys.sorted() { self[name] = Value(structure: structure[name]!, leaves: &leaves) }
    }
}
