import ApusConfiguration
import ApusData
import ApusExperiments
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor
import ApusTraining
import ApusTestKit
import Foundation
import Testing

/// A custom source: y = slope · x.
private struct Ramp: SampleReader, Configurable {
    var count = 40
    var slope = 2.0

    static let schema = Schema(
        Ramp(), .leading("count", \.count, hasDefault: true, isLabelled: true), .optional("slope", \.slope))

    func read(_ request: SampleRequest) throws -> RawSamples {
        let x = Tensor((0..<count).map { Float($0) }, shape: [count, 1])
        let groups = request.groupColumn == nil ? nil : (0..<count).map { "\($0 * 7 % count / 10)" }
        return RawSamples(try Dataset(inputs: x, targets: Float(slope) * x), featureNames: ["x"], groups: groups)
    }
}

/// Every source of samples, from the experiment file to the measured network.
@Suite struct DataSourceTests {
    private func source(_ text: String) throws -> DataSource {
        try Experiment(yaml: "{name: a, model: mlp, data: \(text)}", path: "e.yaml").data
    }

    private func load(_ text: String, in folder: String? = nil) throws -> LoadedData {
        var source = try source(text)
        if let folder { source.directory = folder }
        return try source.load(seed: 3)
    }

    /// One epoch and a measurement.
    private func train(_ data: LoadedData) throws {
        let outputs = data.training.isClassification ? data.training.classCount : data.training.targetType.shape.count
        let model = Sequential {
            Flatten()
            Dense(outputs)
        }
        var trainer = Trainer(
            model, loss: data.training.isClassification ? .softmaxCrossEntropy : .meanSquaredError,
            optimizer: .adam(), seed: 1)
        try trainer.fit(
            data.training, validation: data.validation, epochs: 1, batchSize: 8, augmentations: data.augmentations)
        #expect(try trainer.evaluate(try #require(data.test)).loss.isFinite)
    }

    // MARK: Generators

    @Test(arguments: ["circles", "moons", "blobs", "spirals", "xor", "linear", "sine"])
    func generators(name: String) throws {
        let data = try load("{source: {\(name): {count: 100}}}")
        #expect(data.training.count == 72 && data.validation?.count == 8 && data.test?.count == 20)
        #expect((data.classNames == nil) == ["linear", "sine"].contains(name))
        #expect(data.kind == .table)
        try train(data)
        #expect(try source("{source: \(name)}").source.name == name)
    }

    @Test func aSeedGivesTheSameParts() throws {
        let data = try load("{source: moons}")
        #expect(data.description == "400 rows of 2 features, 2 classes")
        #expect(data.parts == "360 to train on, 40 to validate, 100 to test")
        #expect(try load("{source: moons}").training.fingerprint == data.training.fingerprint)
        let other = try source("{source: moons}").load(seed: 4)
        #expect(other.training.fingerprint != data.training.fingerprint)
        #expect(other.test?.fingerprint == data.test?.fingerprint)
        #expect(try load("{source: moons, seed: 8}").test?.fingerprint != data.test?.fingerprint)
    }

    // MARK: Images

    @Test func idx() throws {
        try withTemporaryFolder { folder in
            for (part, count) in [("train", 40), ("t10k", 10)] {
                try bytes([0, 0, 8, 3], [count, 4, 4], count * 16).write(to: file(folder, "\(part)-images-idx3-ubyte"))
                try bytes([0, 0, 8, 1], [count], count, below: 2).write(to: file(folder, "\(part)-labels-idx1-ubyte"))
            }
            let data = try load("{source: {idx: \(folder)}, augment: [{flip: horizontal}, mixup]}")
            #expect(data.description == "40 images 4x4x1, 2 classes")
            #expect(data.test?.count == 10 && data.kind == .images)
            try train(data)
            #expect(try load("{source: idx}", in: folder).fingerprint == data.fingerprint)
            // Another test part is seen too.
            try bytes([0, 0, 8, 1], [10], 10, below: 1).write(to: file(folder, "t10k-labels-idx1-ubyte"))
            let other = try load("{source: idx}", in: folder)
            #expect(other.training.fingerprint == data.training.fingerprint)
            #expect(other.fingerprint != data.fingerprint)
        }
    }

    @Test func cifar() throws {
        try withTemporaryFolder { folder in
            for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
                let records = (0..<4).flatMap { [UInt8($0)] + [UInt8](repeating: UInt8(60 * $0), count: 3072) }
                try Data(records).write(to: file(folder, "\(name).bin"))
            }
            let data = try load("{source: {cifar10: \(folder)}, validation: {fraction: 0.2, stratified: false}}")
            #expect(data.description == "20 images 32x32x3, 10 classes")
            try train(data)
            #expect(
                message { try load("{source: {cifar100: \(folder)}}") }
                    == "\(folder): the folder holds another data set. Expected CIFAR-100; received CIFAR-10. "
                    + "Name the source cifar10.")
        }
    }

    @Test func imagesInMemoryAndStreamed() throws {
        try withTemporaryFolder { folder in
            try writeImages(folder)
            let memory = try load("{source: {images: {folder: \(folder), height: 6, width: 6}}}")
            let stream = try load("{source: {images: {folder: \(folder), height: 6, width: 6, streams: true}}}")
            #expect(memory.description == "16 images 6x6x1, 2 classes")
            #expect(stream.description == "16 images 6x6x1, 2 classes, read while training")
            #expect(memory.training.preprocessing == stream.training.preprocessing)
            for augment in [[], [Augmentation.flip()], [.mixup()]] {
                func all(_ data: LoadedData) -> [[Float]] {
                    data.training.batches(of: 4, epoch: 1, seed: 1, augmentations: augment).map(\.inputs.only.scalars)
                }
                #expect(all(memory) == all(stream))
            }
            try train(memory)
            try train(stream)
        }
    }

    /// A damaged image ends the training with an error that names it.
    @Test func damagedImages() throws {
        try withTemporaryFolder { folder in
            try writeImages(folder)
            let data = try load("{source: {images: {folder: \(folder), streams: true}}, normalize: unitRange}")
            let path = "\(folder)/b/3.png"
            try Data("garbage!".utf8).write(to: URL(filePath: path))
            let all = [data.training, data.validation, data.test].compactMap { $0 }
            let failures = all.compactMap { dataset in
                let batches = dataset.batches(of: 4, epoch: 0, seed: 0)
                for _ in batches {}
                return batches.failure.map { "\($0)" }
            }
            #expect(failures.count == 1 && failures.allSatisfy { $0.hasPrefix("\(path): ") })
        }
    }

    /// Of several damaged images the first one is named, however many threads read.
    @Test func theFirstDamagedImage() throws {
        try withTemporaryFolder { folder in
            try writeImages(folder)
            for name in ["a/3", "a/4", "b/1"] { try Data("garbage!".utf8).write(to: file(folder, "\(name).png")) }
            // One whose damage is found last, though it is the first.
            var generator = SeededGenerator(seed: 1)
            let pixels = (0..<4_000_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            try Image(height: 2000, width: 2000, channels: 1, pixels: pixels).writePNG(to: "\(folder)/a/2.png")
            var bytes = try Data(contentsOf: file(folder, "a/2.png"))
            for place in bytes.count - 200..<bytes.count - 100 { bytes[place] ^= 0xff }
            try bytes.write(to: file(folder, "a/2.png"))
            for _ in 0..<5 {
                let found = message { try load("{source: {images: {folder: \(folder), height: 6, width: 6}}}") }
                #expect(found.hasPrefix("\(folder)/a/2.png: "), "\(found)")
            }
        }
    }

    // MARK: Tables and arrays

    @Test func tables() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<50).map { row in
                "\(row % 5 == 0 ? "" : "\(row)"),\(row % 2 == 0 ? "red" : "blue"),\(row % 10),"
                    + "\(row % 2 == 0 ? "yes" : "no"),\(Double(row) / 2)"
            }
            try Data((["size,color,site,good,price"] + rows).joined(separator: "\n").utf8).write(
                to: file(folder, "t.csv"))
            let data = try load("{source: {csv: {file: t.csv, target: good, ignore: [price]}}}", in: folder)
            #expect(data.description == "40 rows of 4 features, 2 classes")
            #expect(data.featureNames == ["size", "color=blue", "color=red", "site"])
            #expect(data.classNames == ["no", "yes"])
            try train(data)
            let prices = try load(
                "{source: {csv: {file: t.csv, target: price, task: regression, columns: [site]}}}", in: folder)
            #expect(prices.description == "40 rows of 1 feature, 1 target")
            #expect(prices.training.targetType == TensorType([1], .float32))
            try train(prices)
            // What is missing is the mean of the training part, so that the normalization makes it 0.
            let training = (0..<data.training.count).map { data.training.features(at: $0).scalars }
            let filled = Dictionary(grouping: training.map { $0[0] }) { $0 }.max { $0.value.count < $1.value.count }!
                .key
            let known = training.map { Double($0[0]) }.filter { Float($0) != filled }
            #expect(abs(known.reduce(0, +) / Double(known.count) - Double(filled)) < 1e-4)
            for row in 0..<data.test!.count where data.test!.features(at: row).scalars[0] != filled {
                #expect(data.test!.features(at: row).scalars[0].truncatingRemainder(dividingBy: 1) == 0)
            }
            #expect(data.test!.preprocessing == data.training.preprocessing)
            #expect(data.training.preprocessing == (try Scaling.standardize().fitted(to: data.training)))
            // Sites stay together.
            let grouped = try load(
                "{source: {csv: {file: t.csv, target: good}}, validation: {groups: site, fraction: 0.2}}", in: folder)
            #expect(grouped.training.count + grouped.validation!.count + grouped.test!.count == 50)
            #expect([grouped.training, grouped.validation!, grouped.test!].allSatisfy { $0.count % 5 == 0 })
            #expect(
                message { try load("{source: {csv: {file: t.csv, target: price}}}", in: folder) }
                    == "\(folder)/t.csv: the target price of row 2 is no class. Expected words or whole numbers; received 0.5. "
                    + "To predict numbers, give task: regression.")
            #expect(
                message { try load("{source: {csv: {file: t.csv, target: god}}}", in: folder) }.hasPrefix(
                    "\(folder)/t.csv: the table has no column \"god\"."))
        }
    }

    @Test func arrays() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "ApusFormatsTests/Fixtures/stored.npz"
        ).path
        #expect(
            message { try load("{source: {npz: {file: \(path), inputs: nothing}}}") }.hasPrefix(
                "\(path): there is no array \"nothing\"."))
    }

    /// The same arrays in an archive and in files of their own.
    @Test func arraysAreSamples() throws {
        try withTemporaryFolder { folder in
            let images = try NumericArray(shape: [20, 3, 3], elements: (0..<180).map { UInt8($0) })
            let labels = try NumericArray(shape: [20], elements: (0..<20).map { Int64($0 % 4) })
            let numbers = try NumericArray(shape: [20, 2], elements: (0..<40).map { Double($0) / 7 })
            let arrays = [("x", images), ("y", labels), ("z", numbers)]
            try NPZFile.write(arrays.map { (name: $0.0, array: $0.1) }, to: "\(folder)/a.npz")
            for (name, array) in arrays { try NPY.write(array, to: "\(folder)/\(name).npy") }
            for file in ["a.npz", "."] {
                let data = try load("{source: {npz: {file: \(file)}}, normalize: none}", in: folder)
                #expect(data.sampleShape == [3, 3, 1] && data.training.classCount == 4)
                #expect(data.training.count + data.validation!.count + data.test!.count == 20)
                #expect(data.training.elementType == .uint8)
                let other = try load("{source: {npz: {file: \(file), targets: z}}}", in: folder)
                #expect(!other.training.isClassification && other.training.targetType.shape == [2])
                let sample = data.training.features(at: 0).scalars
                #expect(Int(sample[0]) % 9 == 0 && sample == (0..<9).map { sample[0] + Float($0) })
                #expect(data.training.label(at: 0) == Int(sample[0]) / 9 % 4)
            }
        }
    }

    /// Columns of a table as several inputs, filled and scaled each by what the training part says.
    @Test func inputsOfTables() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<40).map { "\($0),\($0 % 2 == 0 ? "x" : "y"),\($0 % 5 == 0 ? "" : "\(100 + $0)"),\($0 % 4)" }
            try Data(("a,b,c,d\n" + rows.joined(separator: "\n") + "\n").utf8).write(to: file(folder, "t.csv"))
            let text = "{file: t.csv, target: d, inputs: {wide: [b, a, c], deep: [c, a]}}"
            let data = try load("{source: {csv: \(text)}, normalize: none}", in: folder)
            let training = data.training
            #expect(training.inputNames == ["deep", "wide"])
            #expect(training.sampleShape(of: "deep") == [2] && training.sampleShape(of: "wide") == [4])
            #expect(data.featureNames == ["c", "a", "b=x", "b=y", "a", "c"])
            #expect(data.description == "32 rows of 6 features, 4 classes" && training.columnNames == ["c", "a"])
            let samples = (0..<training.count).map { training[$0] }
            let known = samples.map { $0.inputs["deep"].scalars }.filter { Int($0[1]) % 5 != 0 }
            #expect(known.allSatisfy { $0[0] == $0[1] + 100 })
            let mean = known.reduce(0) { $0 + Double($1[0]) } / Double(known.count)
            for sample in samples {
                let (deep, wide) = (sample.inputs["deep"].scalars, sample.inputs["wide"].scalars)
                let number = Int(deep[1])
                if number % 5 == 0 { #expect(deep[0] == Float(mean)) }
                #expect(wide == [number % 2 == 0 ? 1 : 0, Float(number % 2), deep[1], deep[0]])
                #expect(sample.label == number % 4)
            }
            let scaled = try load("{source: {csv: \(text)}}", in: folder).training
            #expect(
                scaled.preprocessing["deep"].scales.count == 2 && scaled.preprocessing["wide"].scales.count == 4
                    && scaled.preprocessing["deep"].scales[1] == scaled.preprocessing["wide"].scales[2])
            #expect(
                message {
                    try load("{source: {csv: {file: t.csv, target: d, columns: [a], inputs: {x: [b]}}}}", in: folder)
                }
                    == "\(folder)/t.csv: there is no column b. Expected one of a; received b. Change inputs, or columns."
            )
            #expect(
                message { try load("{source: {csv: {file: t.csv, target: d, inputs: {x: [a, e]}}}}", in: folder) }
                    .hasPrefix("\(folder)/t.csv: the table has no column \"e\"."))
            #expect(
                message { try load("{source: {csv: {file: t.csv, target: d, inputs: {x: [d]}}}}", in: folder) }
                    == "\(folder)/t.csv: the target d is among the features. Take it out of columns.")
        }
    }

    // MARK: Custom sources

    @Test func aSourceOfOnesOwn() throws {
        try SampleSourceKinds.register(Ramp.self)
        let data = try load("{source: {ramp: {count: 50, slope: 3}}}")
        #expect(data.description == "40 rows of 1 feature, 1 target" && data.test?.count == 10)
        #expect(data.featureNames == ["x"])
        #expect(data.training.preprocessing == (try Scaling.standardize().fitted(to: data.training)))
        try train(data)
        // The same in Swift, and it survives files.
        let same = DataSource(source: SampleSource(Ramp(count: 50, slope: 3)))
        #expect(try source("{source: {ramp: {count: 50, slope: 3}}}") == same)
        #expect(try same.load(seed: 3).fingerprint == data.fingerprint)
        let text = try Experiment(name: "a", data: same, model: "mlp").yaml()
        #expect(try Experiment(yaml: text, path: "b.yaml").data == same)
        #expect(try source("{source: ramp}").source.name == "ramp")
        // Groups stay together, and settings have paths.
        let grouped = try load("{source: {ramp: 40}, validation: {groups: x, fraction: 0.3}, test: 0}")
        #expect(grouped.validation?.count == 10 && grouped.training.count == 30)
        let file = try ExperimentFile(yaml: "{name: a, model: mlp, data: {source: ramp}}", path: "e.yaml")
        #expect(try file.setting("data.source.ramp.slope=4").experiment().data.source == SampleSource(Ramp(slope: 4)))
        #expect(
            message { try source("{source: rampp}") }
                == "e.yaml:1: there is no data source rampp (did you mean ramp?) at data.source")
    }

    /// What belongs together is in one part, whichever samples the test part took before.
    @Test(arguments: 0..<6 as Range<UInt64>) func groupsStayTogether(seed: UInt64) throws {
        try SampleSourceKinds.register(Ramp.self)
        let ramp = try source("{source: {ramp: 80}, validation: {groups: x, fraction: 0.3}, test: 0.3, seed: \(seed)}")
        func groups(_ part: Dataset?) throws -> [Int] {
            let part = try #require(part)
            return (0..<part.count).map { Int(part.features(at: $0).scalars[0]) * 7 % 80 / 10 }
        }
        func check(_ data: LoadedData) throws {
            let parts = try [groups(data.training), groups(data.validation), groups(data.test)]
            #expect(parts.flatMap { $0 }.sorted() == (0..<80).map { $0 / 10 })
            #expect(parts.map { Set($0).count }.reduce(0, +) == 8 && !parts.contains([]))
        }
        try check(try ramp.load(seed: seed))
        let folds = try ramp.folds(3, seed: seed)
        for fold in folds { try check(fold) }
        let validated = try folds.flatMap { try groups($0.validation) } + groups(folds[0].test)
        #expect(validated.sorted() == (0..<80).map { $0 / 10 })
    }

    /// A file numbers the samples of the source; the test part is one of the others.
    @Test func validationFromAFile() throws {
        try SampleSourceKinds.register(Ramp.self)
        try withTemporaryFolder { folder in
            let held = [3, 39, 17, 0, 21]
            try held.map(String.init).joined(separator: "\n").write(
                to: file(folder, "held.txt"), atomically: true, encoding: .utf8)
            for seed in 0..<4 {
                let data = try load(
                    "{source: {ramp: 40}, validation: {file: held.txt}, test: 0.4, seed: \(seed)}", in: folder)
                func numbers(_ part: Dataset?) throws -> [Int] {
                    let part = try #require(part)
                    return (0..<part.count).map { Int(part.features(at: $0).scalars[0]) }
                }
                #expect(try numbers(data.validation) == held)
                #expect(try numbers(data.test).count == 14)
                let all = try numbers(data.training) + numbers(data.test) + held
                #expect(all.sorted() == Array(0..<40))
            }
        }
    }

    // MARK: Messages

    @Test(arguments: [
        ("{source: moon}", "there is no data source moon (did you mean moons?) at data.source"),
        ("{source: {moons: {cuont: 3}}}", "there is no key cuont (did you mean count?) at data.source.moons"),
        (
            "{source: {csv: {file: x.csv}}}",
            "the table needs the column to predict: target, or targets by name at data.source.csv"
        ),
        ("{source: {a: 1, b: 2}}", "expected one data source but received a, b at data.source"),
        (
            "{source: {csv: {file: x, target: y, task: regresion}}}",
            "there is no task regresion (did you mean regression?) at data.source.csv.task"
        ),
        (
            "{source: {fashion-mnist: 3}}",
            "fashion-mnist takes no settings; the key directory beside source names its folder at data.source"
        ),
    ]) func settings(text: String, expected: String) {
        #expect(message { try source(text) } == "e.yaml:1: " + expected)
    }

    @Test func impossibleSettings() {
        #expect(
            message { try load("{source: moons, test: 1}") }
                == "data.test must be a fraction of at least 0, less than 1, received 1.0")
        #expect(
            message { try load("{source: moons, validation: {groups: x}}") }
                == "data.validation.groups names a column of a table; moons has no columns")
        #expect(
            message { try load("{source: {idx: /nowhere}}") }
                == "/nowhere: there is no such folder. Expected a folder with four IDX files, as of MNIST. Check the path; "
                + "relative ones start from data.directory (--data), or else from where the command runs.")
    }

    @Test(arguments: [
        "fashion-mnist", "idx", "{cifar10: a}", "{images: {folder: a, height: 3, width: 4, channels: 1}}",
        "{csv: {file: a, target: b, task: regression, ignore: [c]}}",
        "{csv: {file: a, target: b, inputs: {x: [c], y: [d, e]}}}", "{npz: {file: a, inputs: i}}",
        "{moons: {count: 3, noise: 0.5}}", "xor",
    ]) func sourcesSurviveFiles(text: String) throws {
        let first = try source("{source: \(text)}")
        let experiment = Experiment(name: "a", data: first, model: "mlp")
        #expect(try Experiment(yaml: try experiment.yaml(), path: "b.yaml").data == first)
    }

    // MARK: Files

    private func file(_ folder: String, _ name: String) -> URL { URL(filePath: "\(folder)/\(name)") }

    private func bytes(_ magic: [UInt8], _ dimensions: [Int], _ count: Int, below limit: Int = 256) -> Data {
        Data(
            magic + dimensions.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] }
                + (0..<count).map { UInt8(($0 * 7) % limit) })
    }

    private func writeImages(_ folder: String) throws {
        for (place, name) in ["a", "b"].enumerated() {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            for index in 0..<10 {
                let pixels = (0..<64).map { UInt8(100 * place + ($0 * 3 + index) % 100) }
                try Image(height: 8, width: 8, channels: 1, pixels: pixels).writePNG(
                    to: "\(folder)/\(name)/\(index).png")
            }
        }
    }
}
