import Apus
import ApusConfiguration
import ApusExperiments
import ApusFormats
import ApusSearch
import ApusTestKit
import Foundation

/// What this version of the package wrote: `Golden` holds a run that was interrupted, the list of runs with a study that is not
/// finished, a trained model and weights; `Golden/former` the same run and list as older versions wrote them.
///
/// They stay as they are when formats change, for people have such files. Where a format is added, they are made anew by
/// `APUS_RENEW_GOLDEN=1 make test ARGS="--filter GoldenFileTests"`, and the commit says why.
enum GoldenFiles {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden").path
    static let isRenewed = ProcessInfo.processInfo.environment["APUS_RENEW_GOLDEN"] != nil

    /// A network with every sort of state: running means, random masks, slots, and callbacks that remember.
    static let experiment = """
        name: golden
        seed: 5
        data: {source: {moons: {count: 120, noise: 0.2}}}
        model: [{dense: 6}, batchNorm, {activation: tanh}, {dropout: 0.2}, {dense: 2}]
        optimizer: {adam: {learningRate: 0.05}, clip: {norm: 1}, average: 0.9}
        schedule: {cosine: {warmupSteps: 2}}
        batchSize: 16
        epochs: 6
        callbacks: [{earlyStopping: {patience: 5, restoreBest: false}}, {reduceOnPlateau: {patience: 1, factor: 0.5}}, histograms, tensorBoard]
        """

    static let search = Search(
        space: ["rate": .log(1e-4...1), "units": .integer(8...64), "rule": .choice(["adam", "sgd"])],
        strategy: .tpe(TPE(startupTrials: 3)), trials: 12, objective: .maximize(metric: "validation.accuracy"),
        pruner: .median(startupTrials: 2, warmupSteps: 0), seed: 4)

    /// What reading the files gives.
    struct Expected: Codable {
        var losses: [Double]
        var weights: [String: [Float]]
        var outputs: [Float]
        var rates: [Double]
    }

    static let samples = Tensor([0, 0, 1, 0.5, -1, 0.25, 2, -0.5] as [Float], shape: [4, 2])

    static func expected() throws -> Expected {
        try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(filePath: "\(folder)/expected.json")))
    }

    /// Trains the run of a folder to its end.
    static func resume(_ path: String) throws -> ExperimentRun {
        var run = try ExperimentRun(resuming: RunFolder(existing: path))
        // What depends on the machine is said, and changes last bits alone.
        try run.train()
        return run
    }

    /// Asks for the next trials of the study, and tells their scores.
    static func advance(_ path: String) throws -> [Double] {
        let study = try Study("golden", search, in: TrialStore(path: path), settings: ["epochs": "6"])
        return try (0..<4).compactMap { _ in
            guard case .trial(let trial) = try study.ask() else { return nil }
            let rate = trial.assignment["rate"]?.number ?? .nan
            try study.tell(trial, score: 1 / (1 + abs(log10(rate / 0.01))))
            return rate
        }
    }

    // MARK: Making them

    static func renew() throws {
        try withTemporaryFolder { place in
            var run = try ExperimentRun(
                Experiment(yaml: experiment, path: "golden.yaml"), command: ["apus", "train", "golden.yaml"])
            try run.begin(in: "\(place)/run")
            try run.train(callbacks: [Interruption(after: 3).callback])
            let kept = try RunFolder(existing: "\(place)/run")
            for path in FileManager.default.enumerator(atPath: kept.path)?.compactMap({ $0 as? String }) ?? []
            where path.contains("events.out.tfevents.") {
                // The name holds that of the machine.
                let folder = URL(filePath: "\(kept.path)/\(path)").deletingLastPathComponent().path
                try FileManager.default.moveItem(
                    atPath: "\(kept.path)/\(path)", toPath: "\(folder)/events.out.tfevents.1700000000.golden")
            }
            let model = try TrainedModel(run: kept)
            try model.write(to: "\(place)/model.safetensors")
            for name in ["safetensors", "npz"] { try model.variables.write(to: "\(place)/weights.\(name)") }
            try makeList(place)
            try makeFormer(place, run)
            try renewDescribed(place)
            try withTemporaryFolder { copy in
                try FileManager.default.copyItem(atPath: place, toPath: "\(copy)/golden")
                let expected = Expected(
                    losses: try resume("\(copy)/golden/run").folder!.history().epochs.map(\.training.loss),
                    weights: Dictionary(
                        uniqueKeysWithValues: model.variables.paths.map { ($0, model.variables[$0]!.scalars) }),
                    outputs: try model(samples).scalars, rates: try advance("\(copy)/golden/runs.sqlite"))
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
                try encoder.encode(expected).write(to: URL(filePath: "\(place)/expected.json"))
            }
            try? FileManager.default.removeItem(atPath: folder)
            try FileManager.default.copyItem(atPath: place, toPath: folder)
        }
    }

    /// The list of runs, with a study whose trials ended in every way.
    private static func makeList(_ place: String) throws {
        let catalog = try RunCatalog(place)
        try catalog.update()
        let store = try TrialStore(path: "\(place)/runs.sqlite")
        let study = try Study("golden", search, in: store, settings: ["epochs": "6"])
        for number in 0..<6 {
            guard case .trial(let trial) = try study.ask() else { return }
            try study.setFolder("trial-\(number)", of: trial)
            _ = try study.report(trial, step: 0, value: [0.5, 0.6, 0.7, 0.1, 0.2, 0.3][number])
            switch number {
            case 3: try study.prune(trial)
            case 4: try study.tell(trial, failure: "the disk is full")
            case 5: try study.tell(trial, score: .nan)
            default: try study.tell(trial, score: 0.6 + Double(number) / 8)
            }
        }
        try close(store)
        try close(catalog.store)
    }

    private static func close(_ store: TrialStore) throws {
        try store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try store.database.close()
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: store.path + suffix) }
    }

    /// The first version of `inputs.json`, before the number of outputs was noted.
    private static func formerInputs(_ details: ModelDescription) throws -> String {
        let json = try JSONSerialization.jsonObject(with: Data(FileJSON.text(details.preprocessing).utf8))
        let former: [String: Any] = [
            "version": 1, "shape": details.inputs[0].shape.dimensions,
            "elementType": "\(details.inputs[0].elementType)",
            "classNames": details.outputs[0].classNames, "normalization": json,
        ]
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys]
        return String(decoding: try JSONSerialization.data(withJSONObject: former, options: options), as: UTF8.self)
    }

    /// Run and list as they were before the hash of today, the program's version and the settings of studies.
    private static func makeFormer(_ place: String, _ run: ExperimentRun) throws {
        let former = "\(place)/former"
        try FileManager.default.createDirectory(atPath: former, withIntermediateDirectories: true)
        for name in ["run", "runs.sqlite"] {
            try FileManager.default.copyItem(atPath: "\(place)/\(name)", toPath: "\(former)/\(name)")
        }
        let kept = try RunFolder(existing: "\(former)/run")
        var record = try kept.record()
        record.program = nil
        record.dataFingerprint = run.data.fingerprintText(like: "0")
        try kept.write(record)
        try kept.write("inputs.json", formerInputs(try kept.modelDescription()))
        for name in try FileManager.default.contentsOfDirectory(atPath: kept.checkpoints) {
            let folder = "\(kept.checkpoints)/\(name)"
            var text = try String(contentsOfFile: "\(folder)/state.json", encoding: .utf8)
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file != "state.json" {
                let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file)"))
                text = text.replacing(Checksum.text(of: bytes), with: FormerChecksum.text(of: bytes))
            }
            func sealed(_ sum: String) -> String {
                text.replacing(/"checksum" : "xxh3:[^"]*"/, with: "\"checksum\" : \"\(sum)\"")
            }
            text = sealed(FormerChecksum.text(of: Data(sealed("0000000000000000").utf8)))
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/state.json"))
        }
        let store = try TrialStore(path: "\(former)/runs.sqlite")
        try store.database.write {
            try $0.execute(
                sql: "ALTER TABLE studies DROP COLUMN settings; DELETE FROM grdb_migrations WHERE identifier LIKE '2 %'"
            )
        }
        try close(store)
    }
}
