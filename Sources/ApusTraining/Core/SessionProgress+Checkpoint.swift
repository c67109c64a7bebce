extension SessionProgress {
    /// The names under which a checkpoint holds the callbacks; equal names are told apart by numbers.
    private var names: [String] {
        var counts: [String: Int] = [:]
        return callbacks.map { callback in
            let name = callback.rule.name
            counts[name, default: 0] += 1
            return counts[name] == 1 ? name : "\(name)-\(counts[name]!)"
        }
    }

    /// Everything that the session needs to resume from a state.
    func checkpoint(_ state: TrainingState) throws -> TrainingCheckpoint {
        var checkpoint = TrainingCheckpoint(state)
        checkpoint.history = history
        checkpoint.learningRate = learningRate
        checkpoint.learningRateFactor = learningRateFactor
        // An interruption is no part of the training.
        checkpoint.stopReason = stopReason == .interrupted ? nil : stopReason
        checkpoint.hasStopped = hasStopped && stopReason != .interrupted
        checkpoint.isAnnounced = !(hasStopped && stopReason == .interrupted)
        checkpoint.firstEpoch = firstEpoch
        checkpoint.conditions = session.conditions
        if isMidEpoch {
            checkpoint.sum = sum.saved
            checkpoint.epochSeconds = secondsInEpoch
        }
        for (name, callback) in zip(names, callbacks) {
            if let state = try callback.rule.savedState() { checkpoint.callbacks.append((name, state)) }
        }
        return checkpoint
    }

    /// What is other now than when a checkpoint was written, so that the last bits of results may be others; `nil` if nothing is.
    func changedConditions(since checkpoint: TrainingCheckpoint) -> String? {
        let changes = checkpoint.conditions.sorted { $0.key < $1.key }.compactMap { name, before -> String? in
            guard let now = session.conditions[name], now != before else { return nil }
            return "\(name) \(before), now \(now)"
        }
        let data = changes.first { $0.hasPrefix("data ") }.map {
            "the training so far saw other data (\($0)); it continues with these"
        }
        let others = changes.filter { !$0.hasPrefix("data ") }
        guard !others.isEmpty else { return data }
        let bits =
            "the training so far ran with \(others.joined(separator: "; ")): the last bits of its results may differ "
            + "from those of a training that was not interrupted"
        return data.map { "\($0). Also \(bits)" } ?? bits
    }

    /// Takes over the progress of a checkpoint.
    mutating func restore(_ checkpoint: TrainingCheckpoint) throws {
        history = checkpoint.history
        learningRateFactor = checkpoint.learningRateFactor
        learningRate = checkpoint.learningRate
        stopReason = checkpoint.stopReason
        hasStopped = checkpoint.hasStopped
        epochSeconds = checkpoint.epochSeconds
        isMidEpoch = checkpoint.sum != nil
        if let saved = checkpoint.sum {
            sum = try MeasurementSum(session.objective, saved)
        }
        for (index, name) in names.enumerated() {
            guard let saved = checkpoint.callbacks.first(where: { $0.name == name }) else { continue }
            try callbacks[index].rule.restore(saved.state)
        }
    }
}
