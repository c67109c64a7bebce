import ApusData
import ApusExperiments

/// Whether there is anything to learn.
extension DataExamination {
    /// Whether neither the network nor its samples' neighbours tell labels better than a guess.
    func withoutSignal() throws -> Finding? {
        guard training.isClassification && patient.task.hasOneAnswer || patient.task == .answers(1),
            training.count >= 200, !readsTokens, let sample = try balanced(training),
            let told = Neighbours(sample.samples, sample.labels), told.accuracy < told.chance + 2.5 * told.error,
            isGuess(told.chance)
        else { return nil }
        // Rows that slipped against their labels are told by the label of another row.
        for offset in [1, -1] {
            let labels = sample.places.map { label(training, $0, offset) ?? -1 }
            guard let slipped = Neighbours(sample.samples, labels),
                slipped.accuracy > max(slipped.chance + 5 * slipped.error, told.accuracy + 0.15)
            else { continue }
            return finding(
                .labelCorrupted, at: [dataPlace],
                "the five nearest samples tell the label of a sample in \((told.accuracy * 100).short) % of the cases, and that of the sample \(offset > 0 ? "behind" : "before") it in \((slipped.accuracy * 100).short) %: labels have slipped by one row",
                evidence: ["neighbours": told.accuracy, "slipped": slipped.accuracy, "chance": told.chance],
                proof: proof([seed], [told.accuracy], [slipped.accuracy]))
        }
        let (accuracy, chance, fitted) = (told.accuracy, told.chance, control.training.value)
        return finding(
            .noLearnableSignal, at: [dataPlace],
            "the five nearest samples tell the label of a sample in \((accuracy * 100).short) % of the cases, always the same answer in \((chance * 100).short) %; the network reaches \((control.score.value * 100).short) % there and \((fitted * 100).short) % on what it was trained on: what can be learned here is learned by heart",
            evidence: ["neighbours": accuracy, "chance": chance, "network": control.score.value, "training": fitted],
            proof: proof([seed], [chance], [accuracy]))
    }

    /// How often the five nearest of every other sample tell the label of those between.
    private struct Neighbours {
        let accuracy: Double
        /// What who always gives the most frequent label reaches, and its standard error.
        let chance, error: Double

        init?(_ samples: Dataset, _ truths: [Int]) {
            guard let rows = SampleRows.of(samples, limit: samples.count) else { return nil }
            let scaled = SampleRows.scaled([rows])[0]
            let even = stride(from: 0, to: scaled.count, by: 2), odd = stride(from: 1, to: scaled.count, by: 2)
            let known = NearestNeighbors(even.map { scaled[$0] }, even.map { truths[$0] }, k: 5)
            let told = odd.map { truths[$0] }
            accuracy = known.accuracy(odd.map { scaled[$0] }, told)
            var counts: [Int: Int] = [:]
            for truth in told { counts[truth, default: 0] += 1 }
            chance = Double(counts.values.max() ?? 0) / Double(told.count)
            error = (chance * (1 - chance) / Double(told.count)).squareRoot()
        }
    }

    /// The label of a sample, or of the one that many rows behind it in the source; `nil` beyond its ends.
    private func label(_ data: Dataset, _ index: Int, _ offset: Int = 0) -> Int? {
        guard let number = data.target(at: index, offset: offset)?.scalars(as: Double.self).first else { return nil }
        return data.isClassification ? Int(number) : number > 0.5 ? 1 : 0
    }

    /// Some samples, of which no label is much rarer than others; `nil` where a label has hardly any.
    private func balanced(_ data: Dataset) throws -> (samples: Dataset, labels: [Int], places: [Int])? {
        let limit = 1500
        var places = SampleRows.places(data, limit)
        var groups: [Int: [Int]] = [:]
        for place in data.count > 20_000 ? places : Array(0..<data.count) {
            groups[label(data, place) ?? 0, default: []].append(place)
        }
        guard let least = groups.values.map(\.count).min(), groups.count > 1 else { return nil }
        if 3 * least * groups.count < groups.values.reduce(0, { $0 + $1.count }) {
            guard least >= 20 else { return nil }
            let each = min(least, limit / groups.count)
            places = groups.values.flatMap { group in Trials.places(group.count, each).map { group[$0] } }.sorted()
        }
        return (try data.subset(places), places.map { label(data, $0) ?? 0 }, places)
    }

    /// Whether inputs are numbers of words, whose distances say nothing.
    private var readsTokens: Bool { patient.tree.layers.contains { $0.kind == "embedding" } }

    /// Whether the network's answers on held-out samples are no better than a guess.
    private func isGuess(_ chanceOfOthers: Double) -> Bool {
        let quality = patient.quality(control.score), chance = min(chanceOfOthers, patient.chance(control.score))
        let error = (chance * (1 - chance) / Double(max(1, control.score.samples.count))).squareRoot()
        return quality < chance + 2.5 * error
    }
}
