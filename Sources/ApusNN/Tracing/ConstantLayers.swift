import ApusTensor

/// The first layers of a `Sequential`, those that yield the same for a sample in every step of a training.
package struct ConstantLayers {
    /// Where they may end, the last place first; at each there is a variable before it.
    package let places: [LayerPlace]
    /// Why they do not reach further: `nil` if the whole model is constant.
    package let end: End?
    /// Whether there are layers with frozen variables behind a layer that draws random numbers, or adds a penalty.
    package let isCutShort: Bool

    /// The first layer that yields something else from step to step.
    package struct End {
        /// Its path.
        package let path: String
        /// The layer as it is configured.
        package let label: String
        /// What is the matter with it.
        package let reason: Reason
    }

    /// Why a layer does not yield the same in every step.
    package enum Reason: Equatable {
        /// The variable of this path changes.
        case changes(String)
        /// It draws random numbers.
        case draws
        /// It adds a penalty to the loss that depends on the samples.
        case penalizes
    }

    /// Finds them by tracing.
    ///
    /// - Parameters:
    ///   - inputs: What the model receives.
    ///   - isFrozen: Which variables keep their values from the first step to the last, by path.
    package init(of model: Sequential, inputs: Signature, isFrozen: @escaping (String) -> Bool) {
        let calls = model.calls
        let places = calls.map(\.place) + [model.end]
        func traced(_ count: Int) -> TracedModel {
            model.traced(before: places[count], inputs, isFrozen)
        }
        let constant = Self.largest(calls.count) { Self.reason(traced($0), isFrozen) == nil }
        let frozen = Self.largest(calls.count) { traced($0).descriptions.allSatisfy { isFrozen($0.path) } }
        let bare = Self.largest(constant) { traced($0).descriptions.isEmpty }
        self.places = (bare..<constant).reversed().map { places[$0 + 1] }
        isCutShort = traced(frozen).descriptions.count > traced(constant).descriptions.count
        if constant < calls.count, let reason = Self.reason(traced(constant + 1), isFrozen) {
            end = End(path: calls[constant].path, label: calls[constant].layer.label, reason: reason)
        } else {
            end = nil
        }
    }

    private static func reason(_ trace: TracedModel, _ isFrozen: (String) -> Bool) -> Reason? {
        if let (path, _) = trace.descriptions.first(where: { !isFrozen($0.path) }) { return .changes(path) }
        if trace.differences.contains(where: { $0.what == .draws }) { return .draws }
        return trace.losses.isEmpty ? nil : .penalizes
    }

    /// The largest number up to a limit for which something holds that holds for all smaller ones, and for 0.
    private static func largest(_ limit: Int, _ holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, limit)
        while low < high {
            let middle = (low + high + 1) / 2
            if holds(middle) { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

extension Sequential {
    /// One pass in training through the layers before a place.
    package func traced(
        before place: LayerPlace, _ inputs: Signature, _ isFrozen: @escaping (String) -> Bool
    ) -> TracedModel {
        SequentialPart(of: self, before: place).placeholderTrace(inputs, batch: 1, mode: .training, isFrozen)
    }
}
