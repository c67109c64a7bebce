import ApusData
import ApusExperiments

/// What the network knows of held-out samples, or of labels, that it will not know of others.
extension DataExamination {
    /// Rows that belong together and stand on both sides of the split.
    func groupLeak() throws -> Finding? {
        guard patient.tree["data.source"]?.kind == "csv", patient.tree["data.validation.groups"] == nil,
            let ignored = patient.tree["data.source.csv.ignore"]?.items?.compactMap(\.string), !ignored.isEmpty
        else { return nil }
        for column in ignored.prefix(3) where !trials.isOver {
            let setting = Edit("data.validation.groups", .text(column))
            guard let grouped = try? setting.applied(to: experiment) else { continue }
            var (seeds, apart, together): ([UInt64], [Double], [Double]) = ([], [], [])
            for number in 1...UInt64(4) where !trials.isOver {
                let seed = seed &+ 1000 &* number
                guard let trial = try? trials(grouped, seed: seed) else { break }
                together.append(try trials(experiment, seed: seed).score.value)
                apart.append(trial.score.value)
                seeds.append(seed)
            }
            guard seeds.count >= 3 else { continue }
            let proof = proof(seeds, apart, together)
            guard proof.lowerBound > 0.03, proof.gain > 0.08 else { continue }
            return finding(
                .splitLeakage, at: ["data.validation.groups"],
                "rows of one \(column) stand in both parts: where they are kept together, the network reaches \((proof.gain * 100).short) points less, and that is what others will see",
                evidence: [
                    "together": together.reduce(0, +) / Double(seeds.count),
                    "apart": apart.reduce(0, +) / Double(seeds.count),
                ],
                proof: proof, repair: setting.settings)
        }
        return nil
    }

    /// A number of the row among the features, which tells the label because the rows were in order.
    func identifierLeak() throws -> Finding? {
        guard patient.tree["data.source"]?.kind == "csv", !patient.task.isNumbers, training.isClassification,
            let names = patient.data.featureNames, training.sampleShape.count == names.count, training.isInMemory,
            training.count >= 50
        else { return nil }
        let rows = (0..<training.count).map { training.features(at: $0).scalars(as: Double.self) }
        for (column, name) in names.enumerated() where !trials.isOver {
            let values = rows.map { $0[column] }
            let whole = values.allSatisfy { $0 == $0.rounded() }
            let span = (values.max() ?? 0) - (values.min() ?? 0)
            guard whole, Set(values).count == values.count, span < 4 * Double(values.count) else { continue }
            let known = NearestNeighbors(
                values.map { [$0] }, (0..<training.count).map { training.label(at: $0) }, k: 5)
            let accuracy = known.accuracy(
                (0..<heldOut.count).map { [heldOut.features(at: $0).scalars(as: Double.self)[column]] },
                (0..<heldOut.count).map { heldOut.label(at: $0) })
            guard accuracy > control.score.chance + 0.2 else { continue }
            let edit = leavingOut(name)
            return finding(
                .targetLeakage, at: ["data.source.csv.ignore", name],
                "\(name) is different in every row, like a number of the row, and tells the label by itself in \((accuracy * 100).short) % of the cases; rows to come have other numbers",
                evidence: ["alone": accuracy, "chance": control.score.chance], proof: try laterRows(edit, values),
                repair: edit.settings)
        }
        return nil
    }

    /// A number that most rows of one class do not have and all of the other do: what is written down when the answer is known.
    func tellingColumn() throws -> Finding? {
        guard patient.tree["data.source"]?.kind == "csv", training.isClassification, training.classNames.count == 2,
            let names = patient.data.featureNames, training.sampleShape.count == names.count, names.count > 1,
            training.isInMemory, training.count >= 100, heldOut.count >= 20
        else { return nil }
        func table(_ data: Dataset) -> [[Double]] {
            (0..<data.count).map { data.features(at: $0).scalars(as: Double.self) }
        }
        let (rows, others) = (table(training), table(heldOut))
        for (column, name) in names.enumerated() where !trials.isOver {
            var counts: [Double: Int] = [:]
            for row in rows { counts[row[column], default: 0] += 1 }
            // One value is that of many rows, and the others have many values.
            guard let usual = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), counts.count > 10,
                usual.value * 20 > rows.count, usual.value * 20 < rows.count * 19
            else { continue }
            let first = (0..<rows.count).count { rows[$0][column] == usual.key && training.label(at: $0) == 0 }
            let usualLabel = 2 * first > usual.value ? 0 : 1
            func share(_ data: Dataset, _ rows: [[Double]]) -> Double {
                let right = rows.indices.count {
                    (rows[$0][column] == usual.key) == (data.label(at: $0) == usualLabel)
                }
                return Double(right) / Double(rows.count)
            }
            let alone = share(heldOut, others)
            guard min(alone, share(training, rows)) > 0.98, alone > control.score.chance + 0.05 else { continue }
            let edit = leavingOut(name)
            guard let without = try? edit.applied(to: experiment) else { continue }
            let controls = try controls(3)
            let apart = try controls.map { patient.quality(try trials(without, seed: $0.seed).score) }
            let together = controls.map { patient.quality($0.trial.score) }
            let proof = proof(controls.map(\.seed), apart, together)
            guard proof.lowerBound > 0.01 else { continue }
            return finding(
                .targetLeakage, at: ["data.source.csv.ignore", name],
                "whether \(name) is \(usual.key.short) tells the label by itself in \((alone * 100).short) % of the cases, like what is written down once the answer is known; if it is known before, all is well, and without it the network reaches \((proof.gain * 100).short) points less",
                evidence: ["alone": alone, "chance": control.score.chance, "gain": proof.gain], proof: proof,
                repair: edit.settings)
        }
        return nil
    }

    /// What leaves a column out of the features.
    private func leavingOut(_ column: String) -> Edit {
        let ignored = patient.tree["data.source.csv.ignore"]?.items ?? []
        return Edit("data.source.csv.ignore", .list(ignored + [.text(column)]))
    }

    /// The same with the last rows held out, with and without the column.
    private func laterRows(_ edit: Edit, _ values: [Double]) throws -> Finding.Proof? {
        let order = values.indices.sorted { values[$0] < values[$1] }
        let (early, late) = (Array(order.prefix(order.count * 4 / 5)), Array(order.suffix(order.count / 5)))
        // Places of rows are those of the whole training part.
        guard trials.shortening == nil, let without = try? edit.applied(to: experiment) else { return nil }
        let change: Trials.DataChange = { training, _ in (try training.subset(early), try training.subset(late)) }
        return proof(
            [seed], [try trials(experiment, seed: seed, change: change).score.value],
            [try trials(without, seed: seed, change: change).score.value])
    }
}
