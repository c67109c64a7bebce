import ApusExperiments

/// Metrics against what the network yields.
extension Case {
    /// A metric that takes outputs for what they are not: what it says is wrong, whatever the network learned.
    var metricFinding: Finding? {
        // Where the output itself does not fit, its repair says what metrics take.
        guard patient.task.hasOneAnswer, outputTreatments().isEmpty, let metrics = tree["metrics"]?.items else {
            return nil
        }
        let areProbabilities = Case.reach(outputActivation).map { $0 == (0, 1) } ?? false
        var places: [String] = []
        let changed = metrics.enumerated().map { index, metric -> SettingValue in
            guard metric.kind == "binaryAccuracy" else { return metric }
            var arguments: [String: SettingValue] = [:]
            if case .object(let given)? = metric.arguments { arguments = given }
            guard (arguments["fromProbabilities"] == .flag(true)) != areProbabilities else { return metric }
            places.append("metrics.\(index)")
            arguments["fromProbabilities"] = areProbabilities ? .flag(true) : nil
            return arguments.isEmpty ? .text("binaryAccuracy") : .object(["binaryAccuracy": .object(arguments)])
        }
        guard !places.isEmpty else { return nil }
        let observation =
            areProbabilities
            ? "binaryAccuracy takes logits, but outputs are probabilities, whose sigmoid lies between 0.5 and 0.732, whatever the answer is"
            : "binaryAccuracy takes probabilities, but outputs are logits, which it compares with the threshold as they are"
        return Finding(
            label: .metricWrong, places: places, confidence: 0.99, level: 0, observation: observation, evidence: [:],
            experiment: nil, repair: Finding.Repair(settings: Edit("metrics", .list(changed)).settings))
    }
}
