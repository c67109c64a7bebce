import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Samples that a function of the user makes.
@Suite(.timeLimit(.minutes(20))) struct OwnDataTests {
    private struct Broken: Error, CustomStringConvertible { let description = "the disk is gone" }

    /// The bytes of a sample: three, so that what stands behind them is not at a multiple of four by itself.
    private static func bytes(_ index: Int) -> [UInt8] { [UInt8(index), UInt8(index * 2 % 256), UInt8(index % 7)] }

    private static func sample(_ index: Int) -> Sample {
        Sample(
            inputs: ["bytes": Tensor(bytes(index)), "number": Tensor([Float(index) / 2])],
            targets: [
                "kind": Tensor([index % 3] as [Int], shape: []),
                "price": Tensor([Double(index), -1], shape: [2], type: .float64),
            ])
    }

    private func streamed(
        _ count: Int = 20, memoryLimit: Int = 0, calls: Collector<Int>? = nil, fingerprint: String? = nil
    ) throws -> Dataset {
        try Dataset(
            count: count, fingerprint: fingerprint, classNames: ["kind": ["a", "b", "c"]], memoryLimit: memoryLimit
        ) { index in
            calls?.add(index)
            return OwnDataTests.sample(index)
        }
    }

    private func inMemory(_ count: Int = 20) throws -> Dataset {
        try Dataset(
            inputs: [
                "bytes": Tensor((0..<count).flatMap { OwnDataTests.bytes($0) }, shape: [count, 3]),
                "number": Tensor((0..<count).map { Float($0) / 2 }, shape: [count, 1]),
            ],
            targets: [
                "kind": Tensor((0..<count).map { $0 % 3 }),
                "price": Tensor((0..<count).flatMap { [Float($0), -1] }, shape: [count, 2]),
            ], classNames: ["kind": ["a", "b", "c"]])
    }

    /// The numbers of all inputs and targets of all batches.
    private func contents(_ batches: Batches) -> [[[Float]]] {
        batches.map { ($0.inputs.leaves + $0.targets.leaves).map(\.scalars) }
    }

    private func problem<Result>(_ body: () throws -> Result) -> String {
        message {
            do { return try body() } catch let error as DatasetError { throw error } catch {
                Issue.record("another error: \(error)")
                throw error
            }
        }
    }

    @Test(arguments: [0, 4]) func batchesAreThoseOfDataInMemory(ahead: Int) throws {
        let (own, known) = (try streamed(), try inMemory())
        #expect(!own.isInMemory && own.description == known.description)
        for epoch in 0..<2 {
            let batches = own.batches(of: 6, epoch: epoch, seed: 5, ahead: ahead)
            let expected = contents(known.batches(of: 6, epoch: epoch, seed: 5))
            #expect(contents(batches) == expected)
            #expect(expected.count == 4)
            #expect(batches.failure == nil)
        }
        let batch = try #require(Array(own.batches(of: 6, epoch: 0, seed: 5, ahead: ahead)).first)
        #expect(batch.inputs["bytes"].shape == [6, 3] && batch.inputs["bytes"].elementType == .uint8)
        #expect(batch.targets["kind"].shape == [6] && batch.targets["kind"].elementType == .int32)
        #expect(batch.targets["price"].shape == [6, 2] && batch.targets["price"].elementType == .float32)
    }

    @Test func eachSampleIsMadeOnceABatch() throws {
        let calls = Collector<Int>()
        let data = try streamed(calls: calls)
        #expect(calls.elements == [0])
        for _ in 0..<2 { for _ in data.batches(of: 6, epoch: 0, seed: 5, shuffled: false) {} }
        #expect(calls.elements == [0] + Array(0..<20) + Array(0..<20))
        _ = data[7]
        #expect(calls.elements.suffix(2) == [19, 7])
    }

    /// A record is 3 bytes, 4, 4 and 8, each at a multiple of eight: 32.
    @Test func someSamplesStayInMemory() throws {
        let calls = Collector<Int>()
        let data = try streamed(memoryLimit: 5 * 32 + 31, calls: calls)
        for _ in 0..<3 { for _ in data.batches(of: 6, epoch: 0, seed: 5, shuffled: false) {} }
        #expect(calls.elements == [0] + Array(0..<20) + Array(5..<20) + Array(5..<20))
    }

    @Test func labelsAndSamples() throws {
        let calls = Collector<Int>()
        let data = try streamed(calls: calls)
        #expect(data.label(at: 4) == 1)
        #expect(data.classCounts == [7, 7, 6] && data.classNames == ["a", "b", "c"])
        #expect(data.classCounts(of: "price") == [])
        let sample = data.shuffled(seed: 3)[2]
        let row = RandomKey(seed: 3).child("order").permutation(20)[2]
        #expect(sample.inputs["bytes"].scalars(as: UInt8.self) == OwnDataTests.bytes(row))
        #expect(sample.targets["kind"].item() == Float(row % 3))
        let parts = try data.split(validation: 0.3, stratified: true, seed: 1)
        let known = try inMemory().split(validation: 0.3, stratified: true, seed: 1)
        #expect(parts.validation.classCounts == known.validation.classCounts)
        #expect(
            (0..<6).map { parts.validation[$0].inputs["number"].item() }
                == (0..<6).map { known.validation[$0].inputs["number"].item() })
        #expect(try Scaling.standardize().fitted(to: data) == Scaling.standardize().fitted(to: inMemory()))
    }

    /// Images that are made, changed and mixed like those in memory.
    @Test func augmentations() throws {
        let pixels = (0..<10 * 12).map { UInt8($0 * 37 % 256) }
        let calls = Collector<Int>()
        let own = try Dataset(count: 10, classNames: ["a", "b", "c"]) { index in
            calls.add(index)
            return Sample(
                input: Tensor(Array(pixels[12 * index..<12 * index + 12]), shape: [3, 4, 1]), label: index % 3)
        }
        let known = try Dataset(
            inputs: Tensor(pixels, shape: [10, 3, 4, 1]), labels: (0..<10).map { $0 % 3 }, classNames: ["a", "b", "c"])
        for list in [[.flip(), .rotation()], [.mixup(alpha: 1)], [.cutmix(), .noise()]] as [[Augmentation]] {
            let batches = own.batches(of: 4, epoch: 1, seed: 2, augmentations: list)
            #expect(contents(batches) == contents(known.batches(of: 4, epoch: 1, seed: 2, augmentations: list)))
        }
        let before = calls.elements.count
        for _ in own.batches(of: 4, epoch: 0, seed: 2, augmentations: [.flip()]) {}
        #expect(calls.elements.count == before + 10)
    }

    /// Tensors that are still expressions are computed on the thread that prepares, while others compute here.
    @Test func expressionsAreComputed() throws {
        let data = try Dataset(count: 60) { index in
            let x = Tensor([Float(index), 1])
            return Sample(input: x * 2 + 1, target: x.sum())
        }
        var seen: [Float] = []
        for batch in data.batches(of: 4, epoch: 0, seed: 1, shuffled: false) {
            seen += try (batch.inputs.only.sum(axes: [1]) + batch.targets.only).evaluated().scalars
        }
        let expected = (0..<60).map { Float(3 * $0 + 5) }
        #expect(seen == expected)
    }

    private struct Squares: SampleCollection {
        var count = 12
        var fingerprint: String? { "squares" }
        func sample(at index: Int) throws -> Sample {
            guard index != 9 else { throw Broken() }
            return Sample(input: Tensor([Float(index * index)]), label: index % 2)
        }
    }

    @Test(arguments: [0, 3]) func aCollection(ahead: Int) throws {
        let data = try Dataset(Squares(), classNames: ["even", "odd"])
        #expect(data.count == 12 && data.classNames == ["even", "odd"])
        let batches = data.batches(of: 4, epoch: 0, seed: 0, shuffled: false, ahead: ahead)
        // There are fewer than `count`, so nothing may rely on it.
        #expect(batches.count == 3 && batches.underestimatedCount == 0)
        #expect(batches.map { $0.inputs.only.scalars } == [[0, 1, 4, 9], [16, 25, 36, 49]])
        #expect(batches.failure is Broken)
        #expect(message { try batches.checkFailure() } == "the disk is gone")
        #expect(message { try data[9].input.evaluated() }.contains("the disk is gone"))
        #expect(data[9].inputs.names == [""] && data[9].targets.names == [""])
        #expect(
            problem { try data.split(validation: 0.5, stratified: true, seed: 1) }
                == "a sample can't be read: the disk is gone. Replace or remove its file.")
        let other = try Dataset(count: 12, fingerprint: "squares", classNames: ["even", "odd"]) { _ in
            Sample(input: Tensor([7 as Float]), label: 1)
        }
        #expect(data.fingerprint == other.fingerprint)
    }

    @Test func fingerprintIsOfNameCountAndShapes() throws {
        func print(_ name: String?, count: Int = 20, width: Int = 2) throws -> UInt64 {
            try Dataset(count: count, fingerprint: name) { index in
                Sample(input: .full([width], Double(index)), target: .full([1], 0))
            }.fingerprint
        }
        let seen = try [
            print(nil), print("may"), print("june"), print(nil, count: 21), print(nil, width: 3),
            streamed().fingerprint,
            streamed(fingerprint: "may").fingerprint, streamed().shuffled(seed: 1).fingerprint,
            streamed().prefix(19).fingerprint,
        ]
        #expect(Set(seen).count == seen.count)
        #expect(try print("may") == seen[1] && print(nil) == seen[0])
    }

    // MARK: Errors

    /// The error of the batches of three samples, of which the last is another than the first.
    private func failure(_ first: Sample, _ last: Sample, classNames: [String: [String]] = ["": ["a", "b"]]) throws
        -> String
    {
        let data = try Dataset(count: 3, classNames: classNames) { $0 < 2 ? first : last }
        let batches = data.batches(of: 3, epoch: 0, seed: 0, shuffled: false)
        #expect(batches.map(\.count) == [])
        #expect(batches.failure is DatasetError)
        return batches.failure.map { "\($0)" } ?? "none"
    }

    @Test func samplesThatDiffer() throws {
        let x = Tensor([1, 2] as [Float])
        let good = Sample(input: x, label: 1)
        #expect(
            try failure(good, Sample(input: Tensor([1] as [Float]), label: 1))
                == "the input of sample 2 is of another type or shape than that of sample 0. Expected float32[2]; received "
                + "float32[1]. Make all samples alike.")
        #expect(
            try failure(good, Sample(input: Tensor([1, 2] as [UInt8]), label: 1))
                == "the input of sample 2 is of another type or shape than that of sample 0. Expected float32[2]; received "
                + "uint8[2]. Make all samples alike.")
        #expect(
            try failure(good, Sample(input: x, target: Tensor([1] as [Float], shape: [])))
                == "the target of sample 2 is of another type or shape than that of sample 0. Expected whole numbers []; received "
                + "float32[]. Make all samples alike.")
        #expect(
            try failure(good, Sample(input: x, target: Tensor([1, 0] as [Int])))
                == "the target of sample 2 is of another type or shape than that of sample 0. Expected whole numbers []; received "
                + "int64[2]. Make all samples alike.")
        #expect(
            try failure(Sample(input: x, target: x), good, classNames: [:])
                == "the target of sample 2 is of another type or shape than that of sample 0. Expected float32[2]; received "
                + "int64[]. Make all samples alike.")
        #expect(
            try failure(good, Sample(input: x, label: 2))
                == "the label of row 2 is out of range. Expected 0..<2; received 2. Number the classes from 0, or name all of "
                + "them.")
        #expect(
            try failure(good, Sample(inputs: ["x": x], targets: good.targets))
                == "sample 2 has other inputs than sample 0. Expected one without a name; received \"x\". Give all samples the "
                + "same names.")
        #expect(
            try failure(good, Sample(inputs: good.inputs, targets: Values()))
                == "sample 2 has other targets than sample 0. Expected one without a name; received none. Give all samples the "
                + "same names.")
    }

    @Test func dataThatCanNotBe() throws {
        let good = Sample(input: Tensor([1, 2] as [Float]), label: 1)
        #expect(
            problem { try Dataset(count: 0) { _ in good } }
                == "without a sample nothing is known of their shapes. Received 0 samples. Give at least one sample.")
        #expect(
            problem { try Dataset(count: 2) { _ in good } }
                == "the target is whole numbers, but its classes are not known. Expected their names, in the order of the labels; "
                + "received int32 without names. Give classNames:, or make the target a floating-point tensor.")
        #expect(
            problem { try Dataset(count: 2) { _ in Sample(inputs: Values(), targets: good.targets) } }
                == "samples need at least one input. Received sample 0 without one. Give each sample its inputs and targets."
        )
        #expect(
            problem { try Dataset(count: 2) { _ in Sample(inputs: good.inputs, targets: Values()) } }
                == "samples need at least one target. Received sample 0 without one. Give each sample its inputs and targets."
        )
        #expect(
            problem { try Dataset(count: 2, classNames: ["a"]) { _ in Sample(input: good.input, target: good.input) } }
                == "classes are given of the target, which is numbers. Expected whole numbers, as labels; received float32[2]. "
                + "Convert the target with cast(to: .int32).")
        #expect(message { try Dataset(count: 2) { _ in throw Broken() } } == "the disk is gone")
        let ignoring = try Dataset(count: 2, classNames: ["a", "b"], ignoring: -1) { _ in
            Sample(input: good.input, label: -1)
        }
        #expect(ignoring.classCounts == [0, 0] && ignoring.ignoredLabels == ["": -1])
    }
}
