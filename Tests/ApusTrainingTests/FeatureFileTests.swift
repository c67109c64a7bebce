import ApusData
import ApusFormats
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Foundation
import Testing

/// Files of features: found again, never trusted, bounded.
@Suite struct FeatureFileTests {
    private let model = Sequential {
        Conv2D(filters: 4, kernelSize: 3, activation: .relu)
        Flatten()
        Dense(4)
    }

    private func trainer(_ cache: FeatureCache?, seed: UInt64 = 7, precision: NumericPrecision = .float32) -> Trainer {
        var trainer = Trainer(
            model, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1).freezing("0.*"), precision: precision,
            seed: seed)
        trainer.featureCache = cache
        return trainer
    }

    /// Trains, and gives the weights and what was reported, without times.
    private func fit(
        _ trainer: Trainer, _ data: Dataset, batchSize: Int = 10
    ) throws -> (numbers: [[Float]], lines: [String]) {
        var (trainer, lines) = (trainer, [String]())
        try trainer.fit(data, epochs: 2, batchSize: batchSize) { lines.append($0) }
        let numbers = try #require(trainer.state).numbers
        return (numbers, lines.map { $0.replacing(#/: [0-9.]+ s,/#, with: ": … s,") })
    }

    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private let computed = "computed features of 20 samples: … s, 6 kB; what trains begins with 2.dense"
    private let found = "features of 20 samples from the cache; what trains begins with 2.dense"

    /// Bytes that differ anywhere, and files that end early or late, are seen; training is then as without a cache.
    @Test func damagedFiles() throws {
        try withTemporaryFolder { folder in
            let cache = FeatureCache(folder: "\(folder)/features")
            let data = try FeatureCacheTests.images(20, [6, 6, 1])
            let whole = try fit(trainer(nil), data).numbers
            #expect(try fit(trainer(cache), data).lines == [computed])
            let name = try #require(try files(cache.folder).first)
            #expect(try files(cache.folder).count == 1 && name.hasSuffix(".features"))
            let path = "\(cache.folder)/\(name)"
            let right = try Data(contentsOf: URL(filePath: path))
            // 20 rows of 64 numbers; header and sum around them.
            #expect(right.starts(with: Data("apusfeat".utf8)))
            let (count, head) = (right.count, right.count - 20 * 64 * 4 - 8)
            var damages: [(bytes: Data, what: String)] = []
            for place in [3, 12, 40, count / 2, count - 20, count - 1] {
                var wrong = right
                wrong[place] ^= 4
                damages.append(
                    (wrong, place < head ? "its header is another one" : "its bytes are not those that were written"))
            }
            for wrong in [right.dropLast(9), right + [0], Data()] {
                damages.append((wrong, "it has \(wrong.count) bytes in place of \(count)"))
            }
            for (wrong, what) in damages {
                try wrong.write(to: URL(filePath: path))
                let (numbers, lines) = try fit(trainer(cache), data)
                #expect(numbers == whole)
                #expect(
                    lines == ["\(path): the file of features is damaged: \(what). They are computed again.", computed])
                #expect(try Data(contentsOf: URL(filePath: path)) == right)
            }
            #expect(try fit(trainer(cache), data).lines == [found])
        }
    }

    /// Whatever may change a bit has a file of its own.
    @Test func whatFeaturesDependOn() throws {
        try withTemporaryFolder { folder in
            let cache = FeatureCache(folder: folder)
            let data = try FeatureCacheTests.images(20, [6, 6, 1])
            #expect(try fit(trainer(cache), data).lines == [computed])
            var (scaled, others) = (data, try FeatureCacheTests.images(20, [6, 6, 1], seed: 8))
            scaled.preprocessing = .identity
            others.preprocessing = data.preprocessing
            #expect(try fit(trainer(cache), scaled).lines == [computed])
            #expect(try fit(trainer(cache), others).lines == [computed])
            #expect(try fit(trainer(cache), data.subset(Array((0..<20).reversed()))).lines == [computed])
            // Other start weights, another size of batches, another type.
            #expect(try fit(trainer(cache, seed: 8), data).lines == [computed])
            #expect(try fit(trainer(cache), data, batchSize: 5).lines == [computed])
            #expect(
                try fit(trainer(cache, precision: .mixedBFloat16), data).lines == [
                    computed.replacing("6 kB", with: "3 kB")
                ])
            #expect(try files(folder).count == 7)
            #expect(try fit(trainer(cache), data).lines == [found])
            // What comes behind is no part of it.
            var head = Trainer(
                Sequential {
                    model.layers[0]; Flatten(); Dropout(0.5); Dense(16); Dense(4)
                }, loss: .softmaxCrossEntropy,
                optimizer: .adam().freezing("0.*"), seed: 7)
            head.featureCache = cache
            #expect(try fit(head, data).lines == [found.replacing("2.dense", with: "2.dropout")])
        }
    }

    /// Samples that a function makes can't be told from others, unless they have a name.
    @Test func samplesWithoutAName() throws {
        try withTemporaryFolder { folder in
            let cache = FeatureCache(folder: folder)
            let data = try FeatureCacheTests.images(20, [6, 6, 1])
            func streamed(_ name: String?) throws -> Dataset {
                try Dataset(
                    count: 20, fingerprint: name, classNames: data.classNames, preprocessing: data.preprocessing
                ) { data[$0] }
            }
            let whole = try fit(trainer(nil), data).numbers
            for _ in 0..<2 {
                let (numbers, lines) = try fit(trainer(cache), streamed(nil))
                #expect(numbers == whole && lines == [computed])
            }
            #expect(try files(folder) == [])
            #expect(try fit(trainer(cache), streamed("noise")).lines == [computed])
            #expect(try fit(trainer(cache), streamed("noise")).lines == [found])
        }
    }

    /// Images that are read while training count by their files: one that was written again is another one, whatever is in it.
    @Test func imagesThatChange() throws {
        try withTemporaryFolder { folder in
            for index in 0..<20 {
                let place = "\(folder)/images/\(index % 4)"
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                let pixels = (0..<36).map { UInt8(($0 * 5 + index * 9) % 256) }
                try Image(height: 6, width: 6, channels: 1, pixels: pixels).writePNG(to: "\(place)/\(index).png")
            }
            let cache = FeatureCache(folder: "\(folder)/features")
            func lines() throws -> [String] {
                let images = try Dataset.images(ImageFolder("\(folder)/images"), streams: true)
                return try fit(trainer(cache), images).lines
            }
            #expect(try lines() == [computed])
            #expect(try lines() == [found])
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -9000)], ofItemAtPath: "\(folder)/images/2/6.png")
            #expect(try lines() == [computed])
        }
    }

    /// What was not used for longest goes; what is used stays, and so do files of others.
    @Test func theLimit() throws {
        try withTemporaryFolder { folder in
            let data = try FeatureCacheTests.images(20, [6, 6, 1])
            var cache = FeatureCache(folder: folder)
            var names: [String] = []
            for seed in UInt64(1)...3 {
                _ = try fit(trainer(cache, seed: seed), data)
                names.append(try #require(try files(folder).first { !names.contains($0) }))
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: Double(seed) * 100 - 1000)],
                    ofItemAtPath: "\(folder)/\(names.last!)")
            }
            try Data("mine".utf8).write(to: URL(filePath: "\(folder)/notes.txt"))
            // The oldest is used again, so the second goes.
            #expect(try fit(trainer(cache, seed: 1), data).lines == [found])
            cache.byteLimit = 12_000
            #expect(try fit(trainer(cache, seed: 1), data).lines == [found])
            #expect(try Set(files(folder)) == [names[0], names[2], "notes.txt"])
            cache.byteLimit = 0
            #expect(try fit(trainer(cache, seed: 1), data).lines == [found])
            #expect(try Set(files(folder)) == [names[0], "notes.txt"])
        }
    }

    @Test func theUsualFolder() {
        #expect(FeatureCache().folder == FeatureCache.usualFolder)
        #expect(
            FeatureCache.usualFolder.hasSuffix("features")
                || ProcessInfo.processInfo.environment["APUS_FEATURES"] != nil)
        #expect(FeatureCache().byteLimit == 10_000_000_000)
    }
}
