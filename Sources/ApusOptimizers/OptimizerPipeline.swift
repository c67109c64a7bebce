package import ApusNN
package import ApusTensor

/// What happens to the variables in a step, around the optimizer's rule.
package struct OptimizerPipeline {
    /// A variable that the optimizer changes.
    package struct Variable {
        package let path: String
        let value: Tensor
        let constraint: Constraint?

        package init(path: String, value: Tensor, constraint: Constraint?) {
            self.path = path
            self.value = value
            self.constraint = constraint
        }
    }

    package typealias Change = (variable: Tensor, slots: [Tensor])

    private let optimizer: Optimizer
    /// As `Optimizer.numberNames` lists them.
    private let numbers: [Tensor]

    package init(_ optimizer: Optimizer, numbers: [Tensor]) {
        self.optimizer = optimizer
        self.numbers = numbers
    }

    /// A step that only adds its gradients to those before.
    package func gathered(_ variables: [Variable], gradients: [Tensor], slots: [[Tensor]]) -> [Change] {
        let first = optimizer.rule.slots.count
        return variables.indices.map { index in
            var results = slots[index]
            results[first] = results[first] + gradients[index]
            return (variables[index].value, results)
        }
    }

    /// A step that changes the variables.
    package func updated(_ variables: [Variable], gradients: [Tensor], slots: [[Tensor]]) -> [Change] {
        let ruleSlots = optimizer.rule.slots.count
        var gradients = gradients
        if optimizer.accumulation > 1 {
            let count = Double(optimizer.accumulation)
            gradients = gradients.indices.map { (slots[$0][ruleSlots] + gradients[$0]) / count }
        }
        let isFinite = optimizer.skipsNonFinite ? allFinite(gradients) : nil
        if let clipping = optimizer.clipping { gradients = clipping(gradients) }
        return variables.indices.map { index in
            let (variable, old) = (variables[index], slots[index])
            let group = optimizer.groupIndex(variable.path)
            var value = variable.value
            let rate = numbers[optimizer.scaleStart(group: group)]
            if let decay = optimizer.decay(group: group), decay > 0 { value = value - value * (rate * decay) }
            let scales = Array(numbers[(optimizer.scaleStart(group: group) + 1)...].prefix(optimizer.scaleCount))
            var (changed, results) = optimizer.rule.update(
                value, gradient: gradients[index], slots: Array(old.prefix(ruleSlots)), scales: scales)
            if let constraint = variable.constraint { changed = constraint(changed) }
            if optimizer.accumulation > 1 { results.append(Tensor.zeros(value.shape)) }
            if optimizer.average != nil {
                // The slot begins with the start weights. The first update replaces them; if it is skipped, the average
                // continues from them.
                let momentum = numbers[numbers.count - 1]
                results.append(old[old.count - 1] * momentum + changed * (1 - momentum))
            }
            guard let isFinite else { return (changed, results) }
            // A skipped step forgets the gradients that were gathered for it: one of them is not finite.
            let kept = results.indices.map { index in
                optimizer.accumulation > 1 && index == ruleSlots
                    ? results[index] : select(isFinite, results[index], old[index])
            }
            return (select(isFinite, changed, variable.value), kept)
        }
    }

    private func allFinite(_ gradients: [Tensor]) -> Tensor {
        let each = gradients.map { isFinite($0).all() }
        return each.dropFirst().reduce(each.first ?? Tensor(true)) { $0 .& $1 }
    }
}

extension Optimizer {
    package static let averageSlot = OptimizerSlot("average")

    /// Everything that is kept for each variable: the rule's slots, gathered gradients, the average.
    package var allSlots: [OptimizerSlot] {
        rule.slots + (accumulation > 1 ? [OptimizerSlot("gathered")] : [])
            + (average != nil ? [Optimizer.averageSlot] : [])
    }

    /// The names of the optimizer's slots.
    public var slots: [String] { allSlots.map(\.name) }

    // MARK: Groups

    /// The place of a variable's group; after the last, the optimizer's own settings.
    func groupIndex(_ path: String) -> Int { groups.firstIndex { $0.matches(path) } ?? groups.count }

    package func freezes(_ path: String) -> Bool {
        let index = groupIndex(path)
        return index < groups.count && groups[index].isFrozen
    }

    func decay(group: Int) -> Double? {
        (group < groups.count ? groups[group].weightDecay : nil) ?? weightDecay ?? rule.weightDecay
    }

    // MARK: Numbers of a step

    var scaleCount: Int { type(of: rule).scaleCount }

    /// Where the numbers of a group begin: the learning rate, then the rule's scales.
    func scaleStart(group: Int) -> Int { group * (1 + scaleCount) }

    /// The scalars that every step is given: for each group its learning rate and the rule's scales, then the momentum of the average.
    package var numberNames: [String] {
        (0...groups.count).flatMap { group in
            ["learning rate \(group)"] + (0..<scaleCount).map { "scale \(group).\($0)" }
        } + (average != nil ? ["average"] : [])
    }

    /// Calls a function with each of these scalars for a step.
    ///
    /// - Parameters:
    ///   - step: The steps done so far.
    ///   - learningRate: That of the step, by the schedule.
    package func forEachNumber(step: Int, learningRate: Double, _ body: (Int, Double) -> Void) {
        forEachNumber(update: Double(step / accumulation + 1), learningRate: learningRate, body)
    }

    /// Calls a function with each of these scalars for an update.
    ///
    /// - Parameter update: The number of the update, from 1.
    func forEachNumber<Number: StepNumber>(update: Number, learningRate: Number, _ body: (Int, Number) -> Void) {
        var index = 0
        func give(_ number: Number) {
            body(index, number)
            index += 1
        }
        for group in 0...groups.count {
            var rate = learningRate
            if group < groups.count, let own = groups[group].learningRate {
                rate = self.learningRate == 0 ? Number(own) : Number(own) * (learningRate / Number(self.learningRate))
            }
            give(rate)
            let scales = rule.scales(rate: rate, step: update)
            for position in 0..<scaleCount { give(scales[position]) }
        }
        // The first update's average is the variable itself, as in Keras.
        if let average { give(update.ifGreater(than: 1, Number(average), else: 0)) }
    }
}
