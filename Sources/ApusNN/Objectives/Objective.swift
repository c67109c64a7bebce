package import ApusTensor

/// What training minimizes, and what is measured besides: a loss and metrics for each output that counts.
///
/// The losses of all terms, and the penalties of weights and layers, add up to one number.
///
/// ```swift
/// let objective = Objective(
///     losses: ["price": .huber(), "kind": .softmaxCrossEntropy.weighted(0.3)],
///     metrics: ["kind": [.accuracy]])
/// print(objective.terms.count)  // 2: the losses are added
/// ```
public struct Objective: Sendable, Hashable {
    /// What is expected of one output.
    public struct Term: Sendable, Hashable {
        /// The name of the output; empty for a model of one output.
        public var output: String
        /// What it is compared with.
        public var target: Target
        /// The distance between both; `loss.weighted(0.3)` makes it matter less than others.
        public var loss: Loss
        /// What is measured besides.
        public var metrics: [Metric]

        /// A term: without a target, the output is compared with the target of its name, or with the only one of plain data.
        public init(output: String, target: Target? = nil, loss: Loss, metrics: [Metric] = []) {
            self.output = output
            self.target = target ?? .named(output)
            self.loss = loss
            self.metrics = metrics
        }
    }

    /// What an output is compared with.
    public struct Target: Sendable, Hashable {
        /// The name among the targets of the data, or among the inputs; empty where there is one.
        public let name: String
        /// Whether it is an input, as the model receives it.
        public let isInput: Bool

        /// A target of the data.
        public static func named(_ name: String) -> Target { Target(name: name, isInput: false) }
        /// An input, which an autoencoder yields again.
        public static func input(_ name: String) -> Target { Target(name: name, isInput: true) }
        /// The one input, which an autoencoder yields again.
        public static let input = Target(name: "", isInput: true)

        /// The name among those that there are: without one the first, and of data of one target, which has no name, that one.
        package func name(among names: [String]) -> String {
            if name.isEmpty { return names.first ?? "" }
            return !isInput && names == [""] ? "" : name
        }

        /// The tensor among the inputs or targets of a batch.
        package func tensor(inputs: Values, targets: Values) -> Tensor {
            let source = isInput ? inputs : targets
            return name.isEmpty ? source.only : source[name(among: source.names)]
        }
    }

    /// The terms, in the order in which they are shown.
    public var terms: [Term]

    /// An objective of several terms.
    public init(_ terms: [Term]) { self.terms = terms }

    /// The objective of a model of one output.
    public init(loss: Loss, target: Target = .named(""), metrics: [Metric] = []) {
        terms = [Term(output: "", target: target, loss: loss, metrics: metrics)]
    }

    /// A loss for each output that counts: `Objective(losses: ["class": .softmaxCrossEntropy, "box": .huber().weighted(0.5)])`.
    ///
    /// - Parameters:
    ///   - losses: The loss of each output, by its name.
    ///   - targets: What outputs are compared with that have another name than their target.
    ///   - metrics: What is measured of an output besides its loss.
    public init(
        losses: KeyValuePairs<String, Loss>, targets: [String: Target] = [:], metrics: [String: [Metric]] = [:]
    ) {
        self.init(losses.map { ($0, $1) }, targets: targets, metrics: metrics)
    }

    /// The objective of a file: outputs are in the order of the alphabet.
    package init(losses: [String: Loss], targets: [String: Target], metrics: OutputMetrics) {
        self.init(
            losses.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, targets: targets,
            metrics: metrics.byOutput(losses))
    }

    private init(_ losses: [(String, Loss)], targets: [String: Target], metrics: [String: [Metric]]) {
        terms = losses.map { Term(output: $0, target: targets[$0], loss: $1, metrics: metrics[$0] ?? []) }
        let strangers = Set(targets.keys).union(metrics.keys).subtracting(terms.map(\.output))
        // Without a loss nothing is minimized, and so nothing is trained: it is reported when training begins.
        outputsWithoutLoss = strangers.sorted()
    }

    private var outputsWithoutLoss: [String] = []

    /// The loss of the only term, or of the first.
    public var loss: Loss { terms.first?.loss ?? .meanSquaredError }
    /// The metrics of all terms.
    public var metrics: [Metric] { terms.flatMap(\.metrics) }
    /// How the losses of batches become that of an epoch.
    package var reduction: Loss.Reduction { loss.reduction }

    /// The losses alone.
    package var withoutMetrics: Objective {
        var copy = self
        for index in terms.indices { copy.terms[index].metrics = [] }
        return copy
    }

    // MARK: Names

    /// A number that is measured besides the loss.
    package struct Measured: Sendable {
        /// What it is called: `accuracy`; of several outputs `class.accuracy`, `class.loss`.
        package let name: String
        package let rule: any MetricRule
    }

    /// Everything that is measured besides the loss, in order.
    package var measured: [Measured] {
        terms.flatMap { term in
            let metrics = term.metrics.map { Measured(name: name(of: $0.name, term), rule: $0.rule) }
            guard terms.count > 1 else { return metrics }
            return [Measured(name: name(of: "loss", term), rule: PartialLoss(isMean: reduction != .sum))] + metrics
        }
    }

    private func name(of measure: String, _ term: Term) -> String {
        terms.count > 1 ? "\(term.output).\(measure)" : measure
    }

    /// What is wrong with the terms themselves; `nil` if nothing is.
    package var problem: String? {
        if terms.isEmpty { return "there is no loss, so there is nothing to minimize" }
        if let name = outputsWithoutLoss.first {
            return
                "the output \(name.quoted) has metrics or a target but no loss; give it one, weighted(0) if it is only measured"
        }
        var names: Set<String> = []
        for term in terms where !names.insert(term.output).inserted {
            return "the output \(term.output.quoted) has two losses; add them up in one"
        }
        if terms.contains(where: { $0.loss.reduction == .none }) {
            return "training minimizes one number, but the loss has the reduction none; use mean or sum"
        }
        if terms.contains(where: { $0.loss.reduction != reduction }) {
            return "the losses of a training have one reduction, but these have mean and sum; weigh them instead"
        }
        for term in terms { if let problem = term.metrics.nameProblem { return problem } }
        return nil
    }
}

extension MeasuredNames {
    /// The names of what an objective measures.
    package init(_ objective: Objective, isValidated: Bool?) {
        self.init(objective.measured.map { ($0.name, $0.rule.isNumber) }, isValidated: isValidated)
    }
}
