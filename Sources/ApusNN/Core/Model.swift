public import ApusConfiguration
public import ApusTensor

/// A value that describes a computation of named tensors from named tensors; it holds no weights.
///
/// What is trained, measured and used is a model. Most models are layers, which take and yield one tensor. One with several inputs or
/// outputs implements `outputs(for:in:)`:
///
/// ```swift
/// struct TwoTowers: Model {
///     let tower = Sequential { Dense(64, activation: .relu); Dense(16) }
///     func outputs(for inputs: Values, in context: Context) -> Values {
///         let shared = context.shared("tower")
///         let (a, b) = (tower(inputs["left"], in: shared), tower(inputs["right"], in: shared))
///         return ["distance": square(a - b).sum(axes: [1]), "class": Dense(10)(a, in: context["head"])]
///     }
/// }
/// ```
public protocol Model: Sendable, Hashable {
    /// The outputs for the inputs of a batch, each [N, ...]; what does not fit makes tensors that carry the error.
    ///
    /// Models are called with `model(inputs, in: context)`, which names the model in error messages and notes the call.
    func outputs(for inputs: Values, in context: Context) -> Values

    /// The name of the type in files and paths: `conv2D`, `dense`.
    static var kind: String { get }
}

extension Model {
    /// Calls the model for the inputs of a batch.
    ///
    /// Errors name the model. One whose inputs are broken already is not run.
    public func callAsFunction(_ inputs: Values, in context: Context) -> Values { context.call(self, inputs) }

    /// The type's name in lower camel case: `Conv2D` → `conv2D`, `RMSNorm` → `rmsNorm`.
    public static var kind: String { Names.kind(of: Self.self) }

    /// The model's type as experiments and paths spell it.
    public var kind: String { Self.kind }
}

extension Model where Self: Configurable {
    // Both protocols know the name.
    /// The name of the model's type in files and paths.
    public static var kind: String { Names.kind(of: Self.self) }
}

extension Model {
    /// The model in messages and tables.
    package var label: String { (self as? any Container)?.label ?? "\(self)" }
}
