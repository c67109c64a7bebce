import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Testing

@Suite struct DatasetTests {
    @Test func samplesAndLabels() throws {
        let data = try Dataset(
            inputs: Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [3, 2]), labels: [1, 0, 1],
            classNames: ["cat", "dog"])
        #expect(data.count == 3)
        #expect(data.sampleShape == [2])
        #expect(data.elementType == .float32)
        #expect(data.targetType == TensorType([], .int32))
        #expect(data.classCount == 2)
        #expect(data.classCounts == [1, 2])
        #expect(data.features(at: 1).scalars == [2, 3])
        #expect((0..<3).map { data.label(at: $0) } == [1, 0, 1])
        #expect(data.target(at: 2).scalars(as: Int.self) == [1])
        #expect(data.preprocessing == .identity)
        #expect(data.description == "3 samples of float32[2], 2 classes")
    }

    #if os(Linux) || os(macOS)
        /// What can't be thrown ends the program with a message, in release builds as well.
        @Test func mistakesEndWithAMessage() async {
            func said(_ result: ExitTest.Result?) -> String {
                String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
            }
            let prefix = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Dataset.moons(count: 4, seed: 1).prefix(-1)
            }
            #expect(said(prefix).contains("a prefix can't have -1 samples"))
            let label = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Dataset.moons(count: 4, seed: 1).label(at: 4)
            }
            #expect(said(label).contains("the data set has 4 samples, there is no sample 4"))
            let batches = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Dataset.moons(count: 4, seed: 1).batches(of: 0, epoch: 0, seed: 1)
            }
            #expect(said(batches).contains("a batch needs at least one sample, received the size 0"))
            let generator = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                _ = Dataset.moons(count: -1, seed: 1)
            }
            #expect(said(generator).contains("moons needs a count in 1…16777216, received -1"))
        }
    #endif

    @Test func labelsAsTensor() throws {
        let labels = Tensor([2, 0, 1] as [Int])
        let data = try Dataset(inputs: Tensor([1, 2, 3] as [UInt8]), labels: labels)
        #expect(data.classNames == ["0", "1", "2"])
        #expect((0..<3).map { data.label(at: $0) } == [2, 0, 1])
        #expect(data.sampleShape == [])
    }

    @Test func targets() throws {
        let data = try Dataset(inputs: Tensor([1, 2] as [UInt8]), targets: Tensor([0.5, 1.5] as [Float]))
        #expect(!data.isClassification)
        #expect(data.classCount == 0)
        #expect(data.classCounts == [])
        #expect(data.target(at: 1).item() == 1.5)
        #expect(data.description == "2 samples of uint8[], targets float32[]")
    }

    // MARK: Errors

    private func problem(_ body: () throws -> Dataset) -> String {
        message {
            do { return try body() } catch let error as DatasetError {
                #expect(error.kind == .malformed)
                throw error
            }
        }
    }

    private let three = Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [3, 2])

    @Test func countsThatDiffer() {
        #expect(
            problem { try Dataset(inputs: three, labels: [0, 1]) }
                == "samples and targets differ in number. Expected 3, one for "
                + "each sample of inputs [3, 2]; received 2 labels. Check that both come from the same part of the data, and "
                + "that nothing was skipped.")
        #expect(
            problem { try Dataset(inputs: three, targets: Tensor([1, 2] as [Float])) }
                == "samples and targets differ in number. "
                + "Expected 3, one for each sample of inputs [3, 2]; received targets [2]. Check that both come from the same "
                + "part of the data, and that nothing was skipped.")
    }

    @Test func labelsOutOfRange() {
        #expect(
            problem { try Dataset(inputs: three, labels: [0, 2, 1], classNames: ["a", "b"]) }
                == "the label of row 1 is out of "
                + "range. Expected 0..<2; received 2. Number the classes from 0, or name all of them.")
        #expect(
            problem { try Dataset(inputs: three, labels: [0, -1, -2]) }
                == "the label of row 1 is out of range, and those of "
                + "1 more row. Expected 0..<1048576; received -1. Number the classes from 0, or give their names.")
    }

    @Test func labelsThatAreNone() {
        #expect(
            problem { try Dataset(inputs: three, labels: Tensor([0, 1, 2] as [Float])) }
                == "labels must be whole numbers, one a sample or one for each of its positions. Expected an integer type and the "
                + "shape [N] or [N, ...]; received float32[3]. Give the number of the class, not a vector of it; numeric targets "
                + "go in as targets:.")
    }

    @Test func samplesWithoutAxis() {
        let scalar = Tensor([1] as [Float], shape: [])
        #expect(
            problem { try Dataset(inputs: scalar, labels: []) }
                == "inputs must have one row a sample. Expected the shape "
                + "[N, ...]; received []. Give a tensor whose first axis counts the samples.")
    }

    @Test func invalidFeatures() {
        #expect(throws: GraphError.self) {
            try Dataset(inputs: Tensor([[1, 2], [3]] as [[Float]]), labels: [0, 1])
        }
    }

    // MARK: Fingerprint

    @Test func fingerprintIsOfContentAndOrder() throws {
        let data = try numbered(100)
        let print = data.fingerprint
        #expect(try numbered(100).fingerprint == print)
        #expect(data.prefix(100).fingerprint == print)
        var scaled = data
        scaled.preprocessing = .unitRange
        #expect(scaled.fingerprint == print)
        let others = try [
            data.prefix(99), data.shuffled(seed: 1), numbered(101), numbered((0..<100).map { $0 % 9 }),
            Dataset(
                inputs: Tensor(data.numbers.map { UInt8($0) }, shape: [100, 1, 1]),
                labels: data.numbers.map { $0 % 10 }),
        ]
        #expect(Set(others.map(\.fingerprint) + [print]).count == others.count + 1)
    }

    /// Every byte counts, at every place of a sample.
    @Test(arguments: [1, 3, 8, 31, 32, 33, 63, 64, 100, 784]) func fingerprintSeesEveryByte(size: Int) throws {
        func fingerprint(_ bytes: [UInt8]) throws -> UInt64 {
            try Dataset(inputs: Tensor(bytes, shape: [1, size]), labels: [0]).fingerprint
        }
        let zeros = Array(repeating: UInt8(0), count: size)
        var seen: Set<UInt64> = [try fingerprint(zeros)]
        for index in 0..<size {
            var bytes = zeros
            for value in [1, 128] as [UInt8] {
                bytes[index] = value
                seen.insert(try fingerprint(bytes))
            }
        }
        #expect(seen.count == 2 * size + 1)
    }

    @Test func fingerprintIsStable() throws {
        #expect(try numbered(100).fingerprint == 7_344_514_097_575_368_885)
    }

    /// Runs that hold it continue.
    @Test func formerFingerprintIsStable() throws {
        #expect(try numbered(100).fingerprint(by: FormerHash.self) == 5_843_219_172_569_939_806)
    }

    // MARK: Preprocessing

    @Test func normalizations() throws {
        #expect(Preprocessing.unitRange == Preprocessing(scale: 1 / 255, offset: 0))
        #expect(
            Preprocessing.standardizing(mean: 3, standardDeviation: 2)
                == Preprocessing(scale: 0.5, offset: -1.5))
        let bytes = Tensor([0, 51, 255] as [UInt8])
        #expect(Preprocessing.identity(bytes).elementType == .float32)
        #expect(Preprocessing.unitRange(bytes).elementType == .float32)
    }

    @Test func standardizationOfBytesAndOfNumbers() throws {
        let bytes = try Dataset(inputs: Tensor([0, 2, 4, 10, 255] as [UInt8]), labels: [0, 0, 0, 0, 0]).prefix(4)
        #expect(try bytes.measuredStandardization() == .standardizing(mean: 4, standardDeviation: 14.0.squareRoot()))
        let numbers = try Dataset(inputs: Tensor([-1, 0, 1, 2] as [Float], shape: [2, 2]), labels: [0, 0])
        #expect(
            try numbers.measuredStandardization() == .standardizing(mean: 0.5, standardDeviation: 1.25.squareRoot()))
        let constant = try Dataset(inputs: Tensor([3, 3] as [Float]), labels: [0, 0])
        #expect(try constant.measuredStandardization() == Preprocessing(scale: 1, offset: -3))
    }

    @Test func standardizationOfNothing() throws {
        let data = try numbered(1).prefix(0)
        let error = #expect(throws: DatasetError.self) { try data.measuredStandardization() }
        #expect(
            error?.description
                == "an empty data set has no mean. Received 0 samples of uint8[2, 1], 10 classes. Give at least one "
                + "sample.")
        let broken = try Dataset(inputs: Tensor([1, .nan] as [Float]), labels: [0, 0])
        let failure = #expect(throws: DatasetError.self) { try broken.measuredStandardization() }
        #expect(
            failure?.description
                == "the features can't be standardized. Expected finite numbers; received mean nan, standard "
                + "deviation nan. Remove the samples that contain NaN or infinite numbers.")
    }
}
