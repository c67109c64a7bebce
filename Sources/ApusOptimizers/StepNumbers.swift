public import ApusNN
import Foundation

/// The numbers that every step is given, in an order: for each set of variables that have them in common the learning rate and the
/// rule's scales, then the momenta of averages.
package struct StepNumbers: Sendable {
    /// What variables of one set have in common.
    private struct Common: Hashable, Comparable {
        let group: Int
        let phase: Int
        let factor: Double

        static func < (a: Common, b: Common) -> Bool { (a.group, a.phase, -a.factor) < (b.group, b.phase, -b.factor) }
    }

    private let optimizer: Optimizer
    private let sets: [Common]
    /// The set of each variable.
    private let places: [String: Int]
    /// The phases of variables whose average is kept.
    private let averaged: [Int]

    /// - Parameter paths: The variables that a step changes.
    package init(_ plan: OptimizerPlan, of paths: [String]) {
        let optimizer = plan.optimizer
        let commons = paths.map {
            Common(
                group: optimizer.groupIndex($0), phase: plan.firstPhase($0) ?? 0, factor: plan.rateFactor($0))
        }
        let sets = Set(commons).sorted()
        self.optimizer = optimizer
        self.sets = sets
        places = Dictionary(zip(paths, commons.map { sets.firstIndex(of: $0)! })) { first, _ in first }
        averaged = optimizer.average == nil ? [] : Set(sets.map(\.phase)).sorted()
    }

    /// How many there are.
    package var count: Int { sets.count * width + averaged.count }

    private var width: Int { 1 + optimizer.scaleCount }

    /// The place of a variable's learning rate; the scales follow.
    func rate(_ path: String) -> Int { places[path]! * width }

    /// The place of the momentum of a variable's average.
    func average(_ path: String) -> Int {
        sets.count * width + averaged.firstIndex(of: sets[places[path]!].phase)!
    }

    /// Calls a function with each of these scalars for a step.
    ///
    /// - Parameters:
    ///   - step: The steps done so far.
    ///   - starts: Those done when each phase began.
    ///   - learningRate: That of the step, by the schedule.
    package func forEach(step: Int, starts: [Int], learningRate: Double, _ body: (Int, Double) -> Void) {
        let updates = step / optimizer.accumulation
        forEach(
            update: { Double(updates - (starts.indices.contains($0) ? starts[$0] : 0) / optimizer.accumulation + 1) },
            learningRate: learningRate, body)
    }

    /// Calls a function with each of these scalars for an update.
    ///
    /// - Parameter update: The number of the update of variables that train since a phase, from 1.
    func forEach<Number: StepNumber>(
        update: (Int) -> Number, learningRate: Number, _ body: (Int, Number) -> Void
    ) {
        var index = 0
        func give(_ number: Number) {
            body(index, number)
            index += 1
        }
        for set in sets {
            var rate = optimizer.rate(group: set.group, learningRate)
            if set.factor != 1 { rate = rate * Number(set.factor) }
            give(rate)
            let scales = optimizer.rule.scales(rate: rate, step: update(set.phase))
            for position in 0..<optimizer.scaleCount { give(scales[position]) }
        }
        guard let average = optimizer.average else { return }
        // The first update's average is the variable itself, as in Keras.
        for phase in averaged { give(update(phase).ifGreater(than: 1, Number(average), else: 0)) }
    }
}

extension Optimizer {
    var scaleCount: Int { type(of: rule).scaleCount }

    /// The learning rate of a group.
    func rate<Number: StepNumber>(group: Int, _ learningRate: Number) -> Number {
        guard group < groups.count, let own = groups[group].learningRate else { return learningRate }
        return self.learningRate == 0 ? Number(own) : Number(own) * (learningRate / Number(self.learningRate))
    }

    /// The factor on the rate of a layer that stands so many before the last.
    func rateFactor(distance: Int) -> Double { layerDecay.map { pow($0.factor, Double(distance)) } ?? 1 }

    /// The learning rate with which each variable trains before the schedule's factor: that of its group or of the optimizer, times what
    /// `layerDecay` makes of it.
    ///
    /// - Parameter variables: Those of the model. States, and what a group freezes for good, have no rate.
    public func learningRates(for variables: Variables) -> [(path: String, learningRate: Double)] {
        let plan = OptimizerPlan(self, variables)
        return plan.variables.filter { $0.isTrainable && plan.firstPhase($0.path) != nil }.map {
            ($0.path, rate(group: groupIndex($0.path), learningRate) * plan.rateFactor($0.path))
        }
    }
}
