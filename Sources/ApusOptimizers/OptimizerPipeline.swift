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
    private let places: StepNumbers
    private let numbers: [Tensor]

    /// - Parameters:
    ///   - places: Which numbers there are.
    ///   - numbers: Their values in a step, in the order of `places`.
    package init(_ optimizer: Optimizer, _ places: StepNumbers, numbers: [Tensor]) {
        self.optimizer = optimizer
        self.places = places
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
            let place = places.rate(variable.path)
            let rate = numbers[place]
            if let decay = optimizer.decay(group: group), decay > 0 { value = value - value * (rate * decay) }
            let scales = Array(numbers[(place + 1)...].prefix(optimizer.scaleCount))
            var (changed, results) = optimizer.rule.update(
                value, gradient: gradients[index], slots: Array(old.prefix(ruleSlots)), scales: scales)
            if let factor = optimizer.proximalL1(group: group), factor > 0 {
                let threshold = rate * factor
                changed = relu(changed - threshold) - relu(-changed - threshold)
            }
            if let constraint = variable.constraint { changed = constraint(changed) }
            if optimizer.accumulation > 1 { results.append(Tensor.zeros(value.shape)) }
            if optimizer.average != nil {
                // The slot begins with the start weights. The first update replaces them; if it is skipped, the average
                // continues from them.
                let momentum = numbers[places.average(variable.path)]
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

    /// Whether a variable's group freezes it.
    func freezes(_ path: String) -> Bool {
        let index = groupIndex(path)
        return index < groups.count && groups[index].isFrozen
    }

    func proximalL1(group: Int) -> Double? {
        (group < groups.count ? groups[group].proximalL1 : nil) ?? proximalL1
    }

    func decay(group: Int) -> Double? {
        (group < groups.count ? groups[group].weightDecay : nil) ?? weightDecay ?? rule.weightDecay
    }
}
