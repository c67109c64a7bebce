import ApusConfiguration
package import ApusNN

/// What an optimizer does with the variables of a model: with which epoch each begins to train, and how far its layer is from the last.
package struct OptimizerPlan: Sendable {
    package struct Variable: Sendable, Hashable {
        package let path: String
        package let isTrainable: Bool
    }

    /// Epochs in which the same variables train.
    package struct Phase: Sendable, Hashable {
        /// The epoch with which it begins, from 1.
        package let epoch: Int
        /// What is no longer frozen, as patterns of paths.
        package let patterns: [String]
    }

    package let optimizer: Optimizer
    package let variables: [Variable]
    /// In their order; the first begins with epoch 1.
    package let phases: [Phase]
    /// The phase with which each variable begins to train; absent is what stays frozen.
    private let firstPhases: [String: Int]
    private let layers: LayerOrder?

    package init(_ optimizer: Optimizer, _ variables: Variables) {
        self.init(
            optimizer,
            variables.paths.map { Variable(path: $0, isTrainable: variables.variable($0)!.description.isTrainable) })
    }

    private init(_ optimizer: Optimizer, _ variables: [Variable]) {
        self.optimizer = optimizer
        self.variables = variables
        let (paths, trainable) = (variables.map(\.path), Set(variables.lazy.filter(\.isTrainable).map(\.path)))
        layers = optimizer.layerDecay.map { LayerOrder(paths, levels: $0.levels, counts: trainable.contains) }
        var epochs: [String: Int] = [:]
        var patterns: [Int: [String]] = [:]
        switch optimizer.unfreezing {
        case .gradually(let every, let levels):
            let layers = LayerOrder(paths, levels: levels) { trainable.contains($0) && !optimizer.freezes($0) }
            func epoch(_ distance: Int) -> Int { 1 + distance * min(max(1, every), Unfreezing.lastEpoch) }
            for path in paths where !optimizer.freezes(path) { epochs[path] = epoch(layers.distance(path)) }
            for (distance, name) in layers.names.reversed().enumerated() {
                // What the model itself asks for has no name in front.
                patterns[epoch(distance)] = name.isEmpty ? paths.filter { !$0.contains("/") } : ["\(name)/*"]
            }
        case .patterns(let steps):
            for path in paths {
                if let step = steps.first(where: { $0.matches(path) }) {
                    epochs[path] = max(1, step.epoch)
                } else if !optimizer.freezes(path) {
                    epochs[path] = 1
                }
            }
            for step in steps { patterns[max(1, step.epoch), default: []].append(step.pattern) }
        case nil:
            for path in paths where !optimizer.freezes(path) { epochs[path] = 1 }
        }
        let starts = Set(epochs.values).union([1]).sorted()
        let places = Dictionary(uniqueKeysWithValues: starts.enumerated().map { ($1, $0) })
        firstPhases = epochs.mapValues { places[$0]! }
        phases = starts.map { Phase(epoch: $0, patterns: $0 == 1 ? [] : patterns[$0] ?? []) }
    }

    /// The same for another optimizer.
    package func with(_ optimizer: Optimizer) -> OptimizerPlan { OptimizerPlan(optimizer, variables) }

    /// The phase of an epoch.
    package func phase(epoch: Int) -> Int { phases.lastIndex { $0.epoch <= epoch } ?? 0 }

    /// The phase with which a variable begins to train; `nil` if it stays frozen.
    package func firstPhase(_ path: String) -> Int? { firstPhases[path] }

    /// The variables that train in a phase.
    package func trained(in phase: Int) -> [String] {
        variables.filter { $0.isTrainable && !freezes($0.path, phase: phase) }.map(\.path)
    }

    /// Whether a variable keeps its value in a phase.
    package func freezes(_ path: String, phase: Int) -> Bool { firstPhases[path].map { $0 > phase } ?? true }

    /// The factor on the rate of a variable's group.
    func rateFactor(_ path: String) -> Double { optimizer.rateFactor(distance: layers?.distance(path) ?? 0) }

    /// Whether the same variables train in the same epochs.
    package func trainsAsMuch(as other: OptimizerPlan) -> Bool {
        firstPhases == other.firstPhases && phases.map(\.epoch) == other.phases.map(\.epoch)
    }

    // MARK: Checks

    /// Finds patterns that match no variable, for they would change nothing, and what can't be unfrozen.
    ///
    /// - Throws: `OptimizerError` that names the pattern, and a variable that may be meant.
    package func check() throws(OptimizerError) {
        let paths = variables.map(\.path)
        for group in optimizer.groups where !paths.contains(where: group.matches) {
            throw OptimizerError(
                "no variable matches the pattern \(group.pattern.shown) of the optimizer's groups, or of what is frozen (\(Names.hint(group.pattern, paths)))"
            )
        }
        switch optimizer.unfreezing {
        case .patterns(let steps): try check(steps, paths)
        case .gradually where phases.count < 2:
            throw OptimizerError(
                "the optimizer unfreezes layers gradually, but there are not two with weights that no group freezes; leave unfreezing out, "
                    + "or give it more levels, which tell layers inside of layers apart")
        case .gradually, nil: break
        }
    }

    private func check(_ steps: [UnfreezingStep], _ paths: [String]) throws(OptimizerError) {
        var left = Set(paths)
        for step in steps {
            let matching = paths.filter(step.matches)
            guard !matching.isEmpty else {
                throw OptimizerError(
                    "no variable matches the pattern \(step.pattern.shown), which the optimizer unfreezes in epoch \(step.epoch) (\(Names.hint(step.pattern, paths)))"
                )
            }
            guard matching.contains(where: left.contains) else {
                throw OptimizerError(
                    "nothing is left to unfreeze for the pattern \(step.pattern.shown) in epoch \(step.epoch): patterns before it match the "
                        + "same variables; leave it out, or put it before them")
            }
            left.subtract(matching)
        }
    }

    /// What is unfrozen only after an epoch, in words; `nil` if nothing is.
    package func remark(lastEpoch: Int) -> String? {
        let late = phases.filter { $0.epoch > lastEpoch }
        guard let first = late.first else { return nil }
        return
            "training ends after epoch \(lastEpoch), but the optimizer unfreezes \(late.flatMap(\.patterns).shown(3)) "
            + "in epoch \(first.epoch)\(late.count > 1 ? " and later" : ""); give more epochs, or unfreeze earlier"
    }
}

extension OptimizerPlan: Hashable {
    // All else follows.
    package static func == (a: OptimizerPlan, b: OptimizerPlan) -> Bool {
        a.optimizer == b.optimizer && a.variables == b.variables
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(optimizer)
        hasher.combine(variables)
    }
}
