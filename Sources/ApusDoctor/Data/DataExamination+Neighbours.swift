import ApusData
import ApusExperiments

/// What lies too near or too far: copies on both sides of a split, and a training part whose inputs are damaged.
extension DataExamination {
    /// Distances that are looked at, times the columns of each.
    private static let greatestEffort = 5e8

    // MARK: Copies

    /// Held-out samples that have almost the same sample in the training part, by which the network knows them.
    func nearDuplicates() throws -> Finding? {
        guard patient.tree["data.validation.groups"] == nil, training.count >= 50, heldOut.count >= 30,
            training.sampleShape.count >= 2, isComparable, let (known, share) = copies(training, heldOut), share > 0.25
        else { return nil }
        // Where most of the training part would be left out, a quarter of the held-out samples judges.
        let step = 2 * known.count > training.count ? 4 : 1
        func judged(_ heldOut: Dataset) throws -> Dataset {
            try heldOut.subset(Array(stride(from: 0, to: heldOut.count, by: step)))
        }
        var (seeds, others, without): ([UInt64], [Double], [Double]) = ([], [], [])
        for number in 1...UInt64(16) where !trials.isOver {
            if seeds.count >= 4, proof(seeds, without, others).lowerBound > 0 { break }
            let seed = seed &+ 1000 &* number
            // As many samples are left out in both arms: here those that held-out samples are copies of, there any.
            var leftOut = 0
            without.append(
                try trials(experiment, seed: seed) { training, heldOut in
                    let chosen = try judged(heldOut)
                    let copies = self.copies(training, chosen)?.places ?? []
                    leftOut = copies.count
                    return (try training.subset((0..<training.count).filter { !copies.contains($0) }), chosen)
                }.score.value)
            others.append(
                try trials(experiment, seed: seed) { training, heldOut in
                    let kept = Trials.places(training.count, training.count - leftOut)
                    return (try training.subset(kept), try judged(heldOut))
                }.score.value)
            seeds.append(seed)
        }
        let proof = proof(seeds, without, others)
        guard proof.lowerBound > 0, proof.gain > 0.025 else { return nil }
        return finding(
            .splitLeakage, at: [dataPlace, "data.validation"],
            "\((share * 100).short) % of the held-out samples have almost the same sample in the training part; without those, the network reaches \((proof.gain * 100).short) points less than without as many others",
            evidence: ["copies": share, "gain": proof.gain], proof: proof)
    }

    private var isComparable: Bool {
        training.isInMemory && heldOut.isInMemory && training.inputNames.count == 1
            && Double(training.count) * Double(heldOut.count) * Double(training.sampleShape.count)
                <= DataExamination.greatestEffort
    }

    /// The training samples that are much nearer to a held-out one than its next neighbours, and the share of such held-out samples.
    private func copies(_ training: Dataset, _ heldOut: Dataset) -> (places: Set<Int>, share: Double)? {
        guard let rows = SampleRows.of(training, limit: training.count),
            let held = SampleRows.of(heldOut, limit: heldOut.count), !held.isEmpty
        else { return nil }
        let scaled = SampleRows.scaled([rows, held])
        var (places, count) = (Set<Int>(), 0)
        for row in scaled[1] {
            let nearest = NearestNeighbors.nearest(row, in: scaled[0], count: 6)
            // A tenth of the distance, whose squares these are. Rows with many copies are a matter of the data.
            guard nearest.count == 6, nearest[5].distance > 0 else { continue }
            let near = nearest.prefix { $0.distance < 0.01 * nearest[5].distance }
            guard !near.isEmpty else { continue }
            count += 1
            places.formUnion(near.map(\.place))
        }
        return (places, Double(count) / Double(held.count))
    }

    // MARK: Damage

    /// Training inputs that are damaged where those of the test part are not.
    func damagedInputs() throws -> Finding? {
        guard let test = patient.data.test, !patient.task.isNumbers, control.failure == nil, test.count >= 100,
            training.count >= 100, test.isInMemory, let shift = inputShift(test), shift.z < -6, shift.ratio < 0.9
        else { return nil }
        // Whole samples of the test part take the place of training samples; others of it judge.
        let half = min(test.count / 2, training.count / 2)
        let given = try test.subset(Array(0..<half))
        let judged = try test.subset(Array(half..<test.count))
        var (seeds, usual, replaced): ([UInt64], [Double], [Double]) = ([], [], [])
        for number in 1...UInt64(4) where !trials.isOver {
            let seed = seed &+ 1000 &* number
            usual.append(try trials(experiment, seed: seed) { training, _ in (training, judged) }.score.value)
            replaced.append(
                try trials(experiment, seed: seed) { training, _ in
                    let count = min(given.count, training.count / 2)
                    var given = given
                    given.preprocessing = training.preprocessing
                    let kept = try training.subset(Trials.places(training.count, training.count - count))
                    return (try kept.appending(given.subset(Array(0..<count))), judged)
                }.score.value)
            seeds.append(seed)
        }
        let proof = proof(seeds, usual, replaced)
        guard proof.lowerBound > 0, proof.gain > 0.03 else { return nil }
        return finding(
            .dataNoise, at: [dataPlace],
            "test samples lie nearer to training samples than samples held back from the training part do, which is as where the training part is damaged; with samples of the test part in the place of as many training samples, the network reaches \((proof.gain * 100).short) points more",
            evidence: ["distance": shift.ratio, "gain": proof.gain], proof: proof)
    }
}
