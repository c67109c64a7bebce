import Apus
import ApusDoctor
import ApusExperiments
import Foundation
import Testing

/// Each check of the data: one input at which it must speak, and its twin at which it must be silent.
@Suite struct DataCheckTests {
    private func normal(_ rows: Int, _ columns: Int, seed: UInt64) -> [[Float]] {
        let values = Tensor.normal([rows, columns], key: RandomKey(seed: seed)).scalars
        return (0..<rows).map { Array(values[($0 * columns)..<(($0 + 1) * columns)]) }
    }

    private func dataset(_ rows: [[Float]], _ labels: [Int], classes: Int = 2) throws -> Dataset {
        try Dataset(
            inputs: Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]), labels: labels,
            classNames: (0..<classes).map { "class \($0)" })
    }

    private let layers = Sequential {
        Dense(64, activation: .relu, kernelInitializer: .heNormal)
        Dense(2)
    }

    private let wide = Sequential {
        Dense(256, activation: .relu, kernelInitializer: .heNormal)
        Dense(256, activation: .relu, kernelInitializer: .heNormal)
        Dense(2)
    }

    private func experiment(
        _ name: String, data: DataSource = DataSource(source: .generated(.moons(count: 100))),
        layers: Sequential? = nil,
        loss: Loss = .softmaxCrossEntropy, metrics: [Metric] = [.accuracy], epochs: Int = 30
    ) -> Experiment {
        Experiment(
            name: name, seed: 1, data: data, model: .layers(layers ?? self.layers), loss: loss,
            metrics: OutputMetrics(metrics), optimizer: .adam(learningRate: 0.01), schedule: .constant, batchSize: 32,
            epochs: epochs)
    }

    private func labels(_ experiment: Experiment, _ data: LoadedData? = nil) throws -> [Cause] {
        try Doctor(budget: 120).examine(experiment, data: data).findings.map(\.label)
    }

    /// A table in a file of its own.
    private func withTable<Result>(_ lines: [String], _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString).csv").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return try body(path)
    }

    private func source(_ path: String, ignore: [String] = []) -> DataSource {
        DataSource(
            source: .csv(CSVSource(path, target: "label", ignore: ignore)),
            validation: DataSource.Validation(fraction: 0.25))
    }

    // MARK: Splits

    /// Each sample three times, hardly different, with labels that are half by chance.
    @Test(arguments: [true, false]) func copiesOnBothSides(_ hasCopies: Bool) throws {
        let rows = normal(900, 4, seed: 2)
        let chance = Tensor.uniform([900], key: RandomKey(seed: 3)).scalars
        let jitter = normal(900, 4, seed: 4)
        func sample(_ index: Int) -> (row: [Float], label: Int) {
            let origin = hasCopies ? index % 300 : index
            let row = zip(rows[origin], jitter[index]).map { $0 + 0.001 * $1 }
            return (row, chance[origin] < 0.6 ? Int(chance[origin] * 1000) % 2 : rows[origin][0] > 0 ? 1 : 0)
        }
        let samples = (0..<900).map(sample)
        // The last copy of each is held back.
        let (training, heldOut) = (samples.prefix(600), samples.suffix(300))
        let data = try LoadedData(
            training: dataset(training.map(\.row), training.map(\.label)),
            validation: dataset(heldOut.map(\.row), heldOut.map(\.label)))
        let found = try labels(experiment("copies", layers: wide, epochs: 80), data)
        #expect(found.contains(.splitLeakage) == hasCopies, "\(found)")
    }

    /// Rows of a person are alike and have one label, which says nothing of other persons.
    @Test(arguments: [true, false]) func rowsOfAGroup(_ areAlike: Bool) throws {
        let persons = normal(100, 6, seed: 5)
        let own = normal(600, 6, seed: 6)
        let lines = (0..<600).map { index in
            let person = index % 100
            let row = zip(persons[person], own[index]).map { areAlike ? $0 + 0.1 * $1 : $1 }
            let label = areAlike ? (person * person * 7919 / 13) % 2 : row[0] + row[1] > 0 ? 1 : 0
            return "p\(person)," + row.map { "\($0)" }.joined(separator: ",") + ",\(label == 1 ? "yes" : "no")"
        }
        try withTable(["person,a,b,c,d,e,f,label"] + lines) { path in
            let diagnosis = try Doctor(budget: 120).examine(
                experiment("groups", data: source(path, ignore: ["person"])))
            let leak = diagnosis.findings.first { $0.label == .splitLeakage }
            #expect((leak != nil) == areAlike, "\(diagnosis)")
            if areAlike { #expect(leak?.repair?.settings == ["data.validation.groups=person"]) }
        }
    }

    /// The number of a row tells its label where the rows were in order.
    @Test(arguments: [true, false]) func numbersOfRows(_ areInOrder: Bool) throws {
        let rows = normal(300, 2, seed: 7)
        let lines = (0..<300).map { index in
            let label = areInOrder ? index / 150 : rows[index][0] > 0 ? 1 : 0
            let number = areInOrder ? index : (index * 157) % 300
            return "\(number),\(rows[index][0]),\(rows[index][1]),\(label == 1 ? "yes" : "no")"
        }
        try withTable(["id,a,b,label"] + lines) { path in
            let found = try labels(experiment("rows", data: source(path)))
            #expect(found.contains(.targetLeakage) == areInOrder, "\(found)")
        }
    }

    // MARK: Parts

    /// Training inputs with noise, and a test part without.
    @Test(arguments: [true, false]) func damagedInputs(_ areDamaged: Bool) throws {
        let rows = normal(1200, 8, seed: 8)
        let noise = normal(1200, 8, seed: 9)
        func label(_ row: [Float]) -> Int { row[0] * row[1] > 0 ? 1 : 0 }
        let truths = rows.map(label)
        let seen = zip(rows, noise).map { row, noise in zip(row, noise).map { areDamaged ? $0 + 0.9 * $1 : $0 } }
        let data = try LoadedData(
            training: dataset(Array(seen[..<500]), Array(truths[..<500])),
            validation: dataset(Array(seen[500..<700]), Array(truths[500..<700])),
            test: dataset(Array(rows[700...]), Array(truths[700...])))
        let found = try labels(experiment("noise"), data)
        #expect(found.contains(.dataNoise) == areDamaged, "\(found)")
    }

    @Test(arguments: [24, 1200]) func tooFewSamples(_ count: Int) throws {
        let rows = normal(1600, 12, seed: 10)
        let truths = rows.map { $0[..<6].reduce(0, +) > $0[6] * $0[7] ? 1 : 0 }
        let data = try LoadedData(
            training: dataset(Array(rows[..<count]), Array(truths[..<count])),
            validation: dataset(Array(rows[1200..<1240]), Array(truths[1200..<1240])),
            test: dataset(Array(rows[1240...]), Array(truths[1240...])))
        let found = try labels(experiment("few"), data)
        #expect(found.contains(.tooLittleData) == (count == 24), "\(found)")
    }

    @Test(arguments: [3, 300]) func rareClasses(_ count: Int) throws {
        let rows = normal(900 + count, 2, seed: 11)
        let truths = rows.indices.map { $0 < 900 ? $0 % 2 : 2 }
        let moved = zip(rows, truths).map { row, label in [row[0] + 4 * Float(label), row[1]] }
        let order = (0..<rows.count).sorted { ($0 * 7919) % rows.count < ($1 * 7919) % rows.count }
        let data = try LoadedData(
            training: dataset(order.map { moved[$0] }, order.map { truths[$0] }, classes: 3))
        let three = Sequential {
            Dense(16, activation: .relu)
            Dense(3)
        }
        let found = try labels(experiment("rare", layers: three), data)
        #expect(found.contains(.classImbalance) == (count == 3), "\(found)")
    }

    /// Few samples of a class that overlaps with the other: who always says the other is right 97 times of 100, and so are neighbours.
    @Test(arguments: [1.5 as Float, 8]) func aRareClass(_ distance: Float) throws {
        let rows = normal(1500, 2, seed: 13)
        let truths = rows.indices.map { $0 % 33 == 0 ? 1 : 0 }
        let moved = zip(rows, truths).map { row, label in [row[0] + distance * Float(label), row[1]] }
        let found = try labels(
            experiment("rare"), LoadedData(training: dataset(moved, truths)))
        #expect(found == (distance < 2 ? [.classImbalance] : []), "\(found)")
    }

    // MARK: Labels

    /// Labels that stand one row too late, and labels in any order.
    @Test(arguments: [true, false]) func labelsOfOtherRows(_ haveSlipped: Bool) throws {
        let rows = normal(800, 4, seed: 14)
        func label(_ row: [Float]) -> Int { row[0] + row[1] > 0 ? 1 : 0 }
        let truths = rows.indices.map { label(rows[haveSlipped ? max(0, $0 - 1) : ($0 * 389 + 7) % 800]) }
        let found = try labels(experiment("slipped"), LoadedData(training: dataset(rows, truths)))
        #expect(found == [haveSlipped ? .labelCorrupted : .noLearnableSignal], "\(found)")
    }

    /// A fee that those pay who left, and one that anyone may pay.
    @Test(arguments: [true, false]) func aColumnThatIsFilledAfterwards(_ isFilledAfterwards: Bool) throws {
        let (rows, fees) = (normal(500, 3, seed: 15), Tensor.uniform([500], key: RandomKey(seed: 16)).scalars)
        let lines = rows.indices.map { index in
            let row = rows[index], left = row[0] + row[1] > 0
            let pays = isFilledAfterwards ? left : index % 3 == 0
            return "\(row[0]),\(row[1] + 2 * row[2]),\(pays ? fees[index] + 0.1 : 0),\(left ? "yes" : "no")"
        }
        try withTable(["a,b,fee,label"] + lines) { path in
            let diagnosis = try Doctor(budget: 120).examine(experiment("fee", data: source(path)))
            let leak = diagnosis.findings.first { $0.label == .targetLeakage }
            #expect((leak != nil) == isFilledAfterwards, "\(diagnosis)")
            if isFilledAfterwards {
                #expect(leak?.places == ["data.source.csv.ignore", "fee"])
                #expect(leak?.repair?.settings == ["data.source.csv.ignore=[fee]"])
                #expect(leak?.experiment?.lowerBound ?? 0 > 0)
            }
        }
    }

    // MARK: Cells and metrics

    /// Numbers of arrays, which nobody looks at before training.
    @Test(arguments: ["training", "validation", "test", ""]) func numbersThatAreNotFinite(_ place: String) throws {
        func part(_ name: String, seed: UInt64) throws -> Dataset {
            var rows = normal(150, 3, seed: seed)
            let labels = rows.map { $0[0] > $0[1] ? 1 : 0 }
            if name == place { (rows[40][2], rows[41][0]) = (.infinity, .nan) }
            return try dataset(rows, labels)
        }
        let data = try LoadedData(
            training: part("training", seed: 17), validation: part("validation", seed: 18),
            test: part("test", seed: 19))
        let diagnosis = try Doctor(budget: 120).examine(experiment("numbers"), data: data)
        #expect(diagnosis.findings.map(\.label) == (place.isEmpty ? [] : [.dataNonfinite]), "\(diagnosis)")
        if !place.isEmpty {
            #expect(
                diagnosis.findings.first?.observation
                    == "2 samples of the \(place) part hold numbers that are not finite: inf in the input of sample 40")
        }
    }

    @Test func cellsThatAreNotFinite() throws {
        let rows = normal(200, 2, seed: 12)
        func lines(_ bad: Bool) -> [String] {
            ["a,b,label"]
                + rows.enumerated().map { index, row in
                    "\(bad && index == 17 ? "inf" : "\(row[0])"),\(row[1]),\(row[0] + row[1] > 0 ? "yes" : "no")"
                }
        }
        try withTable(lines(true)) { path -> Void in
            let found = try labels(experiment("cells", data: source(path)))
            #expect(found == [.dataNonfinite])
        }
        try withTable(lines(false)) { path -> Void in
            let found = try labels(experiment("cells", data: source(path)))
            #expect(found.isEmpty)
        }
    }

    /// A metric that takes probabilities for logits: every answer is a yes.
    @Test(arguments: [true, false]) func aMetricOfSomethingElse(_ isWrong: Bool) throws {
        let one = Sequential {
            Dense(16, activation: .relu)
            Dense(1, activation: .sigmoid)
        }
        let found = try labels(
            experiment(
                "metric", data: DataSource(source: .generated(.moons(count: 1000, noise: 0.1)), test: 0.3), layers: one,
                loss: .binaryCrossEntropy(fromProbabilities: true),
                metrics: [.binaryAccuracy(fromProbabilities: !isWrong)]))
        #expect(found.contains(.metricWrong) == isWrong, "\(found)")
    }
}
