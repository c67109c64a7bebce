public import ApusConfiguration
public import ApusData
public import ApusNN
public import ApusOptimizers
public import ApusTraining

/// The kinds of things that files know by name, to which a program adds its own.
///
/// A struct is registered as a type, and has arguments in files where it is `Configurable`; a function is registered as a value, and is
/// known by its name.
///
/// ```swift
/// struct Square: Layer, Codable {
///     func output(for x: Tensor, in context: Context) -> Tensor { x * x }
/// }
/// ApusCommand.main { kinds in
///     kinds.layers.register(Square.self)
///     kinds.metrics.register(Metric.mean("bias") { output, target in output - target })
/// }
/// ```
public struct Kinds {
    /// Layers.
    public var layers = Layers()
    /// Models of several inputs or outputs, which are in files of trained models.
    public var models = Models()
    /// Losses.
    public var losses = Losses()
    /// Metrics.
    public var metrics = Metrics()
    /// Optimizers.
    public var optimizers = Optimizers()
    /// Callbacks.
    public var callbacks = Callbacks()
    /// Sources of data.
    public var sources = Sources()

    /// What could not be registered.
    var problems: [RegistrationError] {
        [
            layers.problems, models.problems, losses.problems, metrics.problems, optimizers.problems,
            callbacks.problems, sources.problems,
        ].flatMap { $0 }
    }

    /// Layers that files know.
    public struct Layers {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of layers.
        public mutating func register(_ type: any (Layer & Codable).Type) {
            problems.note { () throws(RegistrationError) in try LayerKinds.register(type) }
        }
    }

    /// Models that files know.
    public struct Models {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of models.
        public mutating func register(_ type: any (Model & Codable).Type) {
            problems.note { () throws(RegistrationError) in try ModelKinds.register(type) }
        }
    }

    /// Losses that files know.
    public struct Losses {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of losses.
        public mutating func register(_ type: any LossRule.Type) {
            problems.note { () throws(RegistrationError) in try LossKinds.register(type) }
        }

        /// Adds a loss by its name.
        public mutating func register(_ loss: Loss) {
            problems.note { () throws(RegistrationError) in try LossKinds.register(loss) }
        }
    }

    /// Metrics that files know.
    public struct Metrics {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of metrics.
        public mutating func register(_ type: any MetricRule.Type) {
            problems.note { () throws(RegistrationError) in try MetricKinds.register(type) }
        }

        /// Adds a metric by its name.
        public mutating func register(_ metric: Metric) {
            problems.note { () throws(RegistrationError) in try MetricKinds.register(metric) }
        }
    }

    /// Optimizers that files know.
    public struct Optimizers {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of optimizers.
        public mutating func register(_ type: any OptimizerRule.Type) {
            problems.note { () throws(RegistrationError) in try OptimizerKinds.register(type) }
        }
    }

    /// Callbacks that files know.
    public struct Callbacks {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of callbacks.
        public mutating func register(_ type: any (CallbackRule & Configurable).Type) {
            problems.note { () throws(RegistrationError) in try CallbackKinds.register(type) }
        }
    }

    /// Sources of data that files know.
    public struct Sources {
        fileprivate var problems: [RegistrationError] = []

        /// Adds a type of data sources.
        public mutating func register(_ type: any (SampleReader & Configurable).Type) {
            problems.note { () throws(RegistrationError) in try SampleSourceKinds.register(type) }
        }
    }
}

extension [RegistrationError] {
    fileprivate mutating func note(_ registration: () throws(RegistrationError) -> Void) {
        do { try registration() } catch { append(error) }
    }
}
