import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Data sets of several inputs and targets.
@Suite struct NamedDataTests {
    private let left = Tensor((0..<8).map { Float($0) }, shape: [4, 2])
    private let image = Tensor((0..<16).map { UInt8($0) }, shape: [4, 2, 2, 1])
    private let kind = Tensor([1, 0, 2, 1] as [Int])
    private let unit = Float(1.0 / 255)
    private let price = Tensor([0.5, 1.5, 2.5, 3.5] as [Double])

    private func data(
        ignoring: [String: Int] = [:], weights: [Double]? = nil, preprocessing: Preprocessing = .identity
    ) throws -> Dataset {
        try Dataset(
            inputs: ["left": left, "image": image], targets: ["price": price, "kind": kind],
            classNames: ["kind": ["cat", "dog", "cow"]], ignoring: ignoring, weights: weights,
            preprocessing: preprocessing)
    }

    private func problem<Result>(_ body: () throws -> Result) -> String {
        message {
            do { return try body() } catch let error as DatasetError { throw error } catch {
                Issue.record("another error: \(error)")
                throw error
            }
        }
    }

    @Test func namesAndTypes() throws {
        let data = try data()
        #expect(data.inputNames == ["left", "image"])
        #expect(data.targetNames == ["price", "kind"])
        #expect(data.sampleShape == [2] && data.elementType == .float32)
        #expect(data.sampleShape(of: "image") == [2, 2, 1])
        #expect(data.inputType(of: "image") == TensorType([2, 2, 1], .uint8))
        #expect(data.targetType == TensorType([], .float32) && !data.isClassification)
        #expect(data.targetType(of: "kind") == TensorType([], .int32))
        #expect(data.isClassification(of: "kind") && !data.isClassification(of: "price"))
        #expect(data.classNames == [] && data.classNames(of: "kind") == ["cat", "dog", "cow"])
        #expect(data.classCounts == [] && data.classCounts(of: "kind") == [1, 2, 1])
        #expect(data.isInMemory)
        #expect(
            data.description
                == "4 samples of left float32[2], image uint8[2, 2, 1], targets \"price\" float32[], 3 classes of \"kind\""
        )
    }

    @Test(arguments: [0, 4]) func batches(ahead: Int) throws {
        let data = try data(weights: [1, 2, 3, 4], preprocessing: Preprocessing(named: ["image": .unitRange]))
        let order = RandomKey(seed: 7).child("shuffle").child(2).permutation(4)
        var seen = 0
        for batch in data.batches(of: 3, epoch: 2, seed: 7, ahead: ahead) {
            let samples = order[seen..<seen + batch.count]
            #expect(batch.inputs.names == ["left", "image"] && batch.targets.names == ["price", "kind"])
            #expect(batch.inputs["left"].shape == [batch.count, 2])
            #expect(batch.inputs["left"].scalars == samples.flatMap { [Float(2 * $0), Float(2 * $0 + 1)] })
            #expect(batch.inputs["image"].shape == [batch.count, 2, 2, 1])
            #expect(batch.inputs["image"].elementType == .uint8)
            #expect(
                batch.inputs["image"].scalars(as: Int.self) == samples.flatMap { Array(4 * $0..<4 * $0 + 4) })
            #expect(batch.targets["price"].elementType == .float32)
            #expect(batch.targets["price"].scalars == samples.map { Float($0) + 0.5 })
            #expect(batch.targets["kind"].elementType == .int32)
            #expect(batch.targets["kind"].scalars(as: Int.self) == samples.map { [1, 0, 2, 1][$0] })
            #expect(batch.weights?.scalars == samples.map { Float($0 + 1) })
            #expect(batch.preprocessing == data.preprocessing)
            #expect(batch.ignoredLabels == [:])
            seen += batch.count
        }
        #expect(seen == 4)
    }

    @Test func oneInputWithAName() throws {
        let data = try Dataset(inputs: ["x": left], targets: Values(kind), preprocessing: .unitRange)
        #expect(data.inputNames == ["x"] && data.targetNames == [""])
        #expect(data.classNames == ["0", "1", "2"])
        let batch = try #require(Array(data.batches(of: 4, epoch: 0, seed: 0, shuffled: false)).first)
        #expect(batch.inputs.names == ["x"])
        #expect(try batch.preprocessing(batch.inputs)["x"].evaluated().scalars[7] == 7 * unit)
    }

    @Test func samples() throws {
        let sample = try data().shuffled(seed: 3)[1]
        let row = RandomKey(seed: 3).child("order").permutation(4)[1]
        #expect(sample.inputs["image"].scalars(as: Int.self) == Array(4 * row..<4 * row + 4))
        #expect(sample.inputs["image"].shape == [2, 2, 1])
        #expect(sample.targets["price"].item() == Float(row) + 0.5)
        let plain = try numbered(20)[13]
        #expect(plain.input.number == 13 && plain.label == 3 && plain.target.shape == [])
        #expect(Sample(input: left, target: price).target.scalars == [0.5, 1.5, 2.5, 3.5])
        #expect(Sample(input: left, label: 5).label == 5)
    }

    /// By the classes of the first target that has classes.
    @Test func stratification() throws {
        let labels = (0..<60).map { $0 % 3 }
        let data = try Dataset(
            inputs: ["x": Tensor((0..<60).map { Float($0) })],
            targets: [
                "y": Tensor((0..<60).map { Float($0) }), "first": Tensor(labels),
                "other": Tensor((0..<60).map { $0 / 30 }),
            ])
        let parts = try data.split([0.5, 0.3], stratified: true, seed: 1)
        #expect(parts.map { $0.classCounts(of: "first") } == [[10, 10, 10], [6, 6, 6]])
        let plain = try Dataset(inputs: Tensor((0..<60).map { Float($0) }), labels: labels)
        func numbers(_ parts: [Dataset]) -> [[Float]] {
            parts.map { part in (0..<part.count).map { part.features(at: $0).item() } }
        }
        #expect(try numbers(plain.split([0.5, 0.3], stratified: true, seed: 1)) == numbers(parts))
        let folds = try data.folds(3, stratified: true, seed: 1)
        #expect(folds.map { $0.validation.classCounts(of: "first") } == [[7, 6, 7], [6, 7, 7], [7, 7, 6]])
    }

    /// Labels of positions before it do not matter.
    @Test func stratificationByTheFirstLabelOfSamples() throws {
        let data = try Dataset(
            inputs: ["x": Tensor((0..<20).map { Float($0) })],
            targets: [
                "mask": Tensor((0..<40).map { $0 / 20 }, shape: [20, 2]), "kind": Tensor((0..<20).map { $0 % 2 }),
            ])
        let (_, validation) = try data.split(validation: 0.4, stratified: true, seed: 1)
        #expect(validation.classCounts(of: "kind") == [4, 4])
    }

    // MARK: Fingerprint

    @Test func fingerprintSeesNamesOrderAndIgnoredLabels() throws {
        let data = try data()
        #expect(data.fingerprint == 1_449_339_479_580_923_600)
        let (inputs, targets): (Values, Values) = (["left": left, "image": image], ["price": price, "kind": kind])
        let others: [(Values, Values)] = [
            (["image": image, "left": left], targets), (["right": left, "image": image], targets),
            (["left": left], targets),
            (inputs, ["kind": kind, "price": price]), (inputs, ["cost": price, "kind": kind]),
            (inputs, ["price": price + 1, "kind": kind]),
        ]
        func print(_ inputs: Values, _ targets: Values, _ names: [String] = ["cat", "dog", "cow"]) throws -> UInt64 {
            try Dataset(inputs: inputs, targets: targets, classNames: ["kind": names]).fingerprint
        }
        #expect(try print(inputs, targets) == data.fingerprint)
        var seen = try others.map { try print($0.0, $0.1) }
        seen += [data.fingerprint, data.prefix(3).fingerprint, try print(inputs, targets, ["a", "b", "c", "d"])]
        for ignored in [-1, 0] { seen.append(try self.data(ignoring: ["kind": ignored]).fingerprint) }
        #expect(Set(seen).count == seen.count)
        #expect(try self.data(weights: [1, 2, 3, 4]).fingerprint == data.fingerprint)
        let (bare, named) = (Values(left), Values([(name: "x", tensor: left)]))
        #expect(try print(bare, ["kind": kind]) != print(named, ["kind": kind]))
        let names = try [bare, named].map { try Dataset(inputs: $0, targets: Values(kind)).fingerprint }
        #expect(names[0] != names[1])
        // Plain data have the fingerprint of before, however they are made.
        #expect(
            try Dataset(inputs: Values(left), targets: Values(kind)).fingerprint
                == Dataset(inputs: left, labels: [1, 0, 2, 1]).fingerprint)
    }

    // MARK: Errors

    @Test func countsThatDiffer() throws {
        #expect(
            problem { try Dataset(inputs: ["a": left, "b": image[0..<3]], targets: ["y": kind]) }
                == "the inputs differ in number. Expected 4, one for each sample of the input \"a\" [4, 2]; received the input "
                + "\"b\" [3, 2, 2, 1]. Check that all come from the same part of the data, and that nothing was skipped."
        )
        #expect(
            problem { try Dataset(inputs: ["a": left], targets: ["y": kind[0..<3]]) }
                == "samples and targets differ in number. Expected 4, one for each sample of inputs [4, 2]; received the target "
                + "\"y\" [3]. Check that both come from the same part of the data, and that nothing was skipped.")
    }

    @Test func tensorsThatAreNone() throws {
        let scalar = Tensor([1] as [Float], shape: [])
        #expect(
            problem { try Dataset(inputs: ["a": scalar], targets: ["y": kind]) }
                == "the input \"a\" must have one row a sample. Expected the shape [N, ...]; received []. Give a tensor whose "
                + "first axis counts the samples.")
        #expect(
            problem { try Dataset(inputs: ["a": left], targets: ["y": scalar]) }
                == "the target \"y\" must have one row a sample. Expected the shape [N, ...]; received []. Give a tensor whose "
                + "first axis counts the samples.")
        #expect(
            problem { try Dataset(inputs: Values(), targets: ["y": kind]) }
                == "samples need at least one input. Give a tensor with a row a sample.")
        #expect(
            problem { try Dataset(inputs: ["a": left], targets: Values()) }
                == "samples need at least one target. Give a tensor with a row a sample.")
    }

    @Test func namesThatThereAreNot() throws {
        func made(
            _ names: [String: [String]] = [:], _ ignoring: [String: Int] = [:], _ scaling: Preprocessing = .identity
        )
            -> String
        {
            problem {
                try Dataset(
                    inputs: ["a": left, "b": image], targets: ["kind": kind, "price": price], classNames: names,
                    ignoring: ignoring, preprocessing: scaling)
            }
        }
        #expect(
            made(["sort": ["x"]])
                == "classes are given of a target that there is not. Expected one of \"kind\", \"price\"; received \"sort\". "
                + "Correct the name.")
        #expect(
            made([:], ["price": 0])
                == "a label that does not count is given of the target \"price\", which is numbers. Expected whole numbers, as "
                + "labels; received float32[]. Convert the target with cast(to: .int32).")
        #expect(
            made([:], [:], Preprocessing(named: ["c": .unitRange]))
                == "the normalization has a part for the input \"c\", but there are \"a\", \"b\". Name the parts of the "
                + "normalization as the inputs: Preprocessing(named:).")
        #expect(
            made([:], [:], .unitRange)
                == "the normalization is that of one input, but there are \"a\", \"b\". Name the parts of the normalization as "
                + "the inputs: Preprocessing(named:).")
        #expect(
            made(["kind": ["cat", "dog"]])
                == "the label \"kind\" of row 2 is out of range. Expected 0..<2; received 2. Number the classes from 0, or name "
                + "all of them.")
    }

    #if os(Linux) || os(macOS)
        @Test func unknownNamesEndWithAMessage() async {
            let input = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let x = Tensor([1, 2] as [Float])
                _ = try Dataset(inputs: ["a": x, "b": x], targets: Values(x)).sampleShape(of: "c")
            }
            let text = String(decoding: input?.standardErrorContent ?? [], as: UTF8.self)
            #expect(text.contains("there is no input \"c\"; there are \"a\", \"b\""))
            let target = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                let x = Tensor([1, 2] as [Float])
                _ = try Dataset(inputs: ["a": x, "b": x], targets: Values(x)).classNames(of: "c")
            }
            let other = String(decoding: target?.standardErrorContent ?? [], as: UTF8.self)
            #expect(other.contains("there is no target \"c\"; there are one without a name"))
        }
    #endif

    // MARK: Normalization

    @Test func normalizationByName() throws {
        let parts = Preprocessing(named: [
            "image": .unitRange, "left": Preprocessing(scales: [1, 2], offsets: [0, 1]),
        ])
        let scaled = parts(["left": left, "image": image, "other": price])
        #expect(try scaled["left"].evaluated().scalars == [0, 3, 2, 7, 4, 11, 6, 15])
        #expect(try scaled["image"].evaluated().scalars[15] == 15 * unit)
        #expect(try scaled["other"].evaluated().scalars == [0.5, 1.5, 2.5, 3.5])
        #expect(scaled["other"].elementType == .float32)
        #expect(parts["image"] == .unitRange && parts["other"] == .identity)
        #expect(Preprocessing.unitRange["anything"] == .unitRange)
        let one = try Preprocessing.unitRange(["x": image])["x"].evaluated()
        #expect(one.scalars[15] == 15 * unit)
        #expect(try Preprocessing.unitRange(Values(image)).only.evaluated().scalars[15] == 15 * unit)
        #expect(
            message { try parts(["left": left])["left"].evaluated() }.contains(
                "the normalization has a part for the input \"image\", but there are \"left\""))
        #expect(
            message { try Preprocessing.unitRange(["a": left, "b": left])["b"].evaluated() }.contains(
                "the normalization is that of one input, but there are \"a\", \"b\""))
        #expect(try Preprocessing.identity(["a": left, "b": left])["b"].evaluated().scalars == left.scalars)
    }

    @Test func normalizationInFiles() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        func text(_ value: Preprocessing) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        let plain = Preprocessing(scale: 2, offset: -1)
        let parts = Preprocessing(named: ["a": plain, "b": Preprocessing(scales: [1, 2], offsets: [0, 1])])
        #expect(try text(plain) == "{\"offset\":-1,\"scale\":2}")
        #expect(
            try text(parts)
                == "{\"inputs\":{\"a\":{\"offset\":-1,\"scale\":2},\"b\":{\"offset\":[0,1],\"scale\":[1,2]}}}")
        for value in [plain, parts] {
            #expect(try JSONDecoder().decode(Preprocessing.self, from: Data(text(value).utf8)) == value)
        }
        let nested = Data("{\"inputs\":{\"a\":{\"inputs\":{}}}}".utf8)
        #expect(
            try JSONDecoder().decode(Preprocessing.self, from: nested)
                == Preprocessing(named: ["a": Preprocessing(named: [:])]))
        let deep = Data("{\"inputs\":{\"a\":{\"inputs\":{\"b\":{\"offset\":0,\"scale\":1}}}}}".utf8)
        #expect(
            message { try JSONDecoder().decode(Preprocessing.self, from: deep) }.contains(
                "expected a scale and an offset for each input"))
    }

    @Test func scalingIsMeasuredOfEachInput() throws {
        let data = try Dataset(
            inputs: ["left": left, "image": image, "words": kind], targets: ["kind": kind])
        let expected = Preprocessing(named: [
            "left": try Scaling.minMax().fitted(to: Dataset(inputs: left, labels: kind)),
            "image": try Scaling.minMax().fitted(to: Dataset(inputs: image, labels: kind)),
        ])
        #expect(try Scaling.minMax().fitted(to: data) == expected)
        #expect(expected["left"] == Preprocessing(scales: [1.0 / 6, 1.0 / 6], offsets: [0, -1.0 / 6]))
        #expect(
            try data.measuredStandardization()["image"]
                == Dataset(inputs: image, labels: kind).measuredStandardization())
        let broken = try Dataset(
            inputs: ["a": left, "b": Tensor([1, .nan, 2, 3] as [Float])], targets: ["kind": kind])
        #expect(
            problem { try Scaling.standardize().fitted(to: broken) }
                == "the input \"b\": the features can't be standardized. Expected finite numbers; received mean nan, standard "
                + "deviation nan in channel 0. Remove the samples that contain NaN or infinite numbers; the first is sample 1."
        )
    }

    // MARK: Augmentations

    @Test(arguments: [0, 4]) func augmentationsChangeTheOneImage(ahead: Int) throws {
        let flips: [Augmentation] = [.flip(probability: 1)]
        let data = try data(weights: [1, 2, 3, 4])
        for (batch, plain) in zip(
            data.batches(of: 3, epoch: 0, seed: 1, ahead: ahead, augmentations: flips),
            data.batches(of: 3, epoch: 0, seed: 1, ahead: ahead))
        {
            let pixels = plain.inputs["image"].scalars
            let mirrored = pixels.indices.map { pixels[$0 ^ 1] }
            #expect(batch.inputs["image"].scalars == mirrored)
            #expect(batch.inputs["left"].scalars == plain.inputs["left"].scalars)
            #expect(batch.targets["kind"].scalars == plain.targets["kind"].scalars)
            #expect(batch.targets["price"].scalars == plain.targets["price"].scalars)
            #expect(batch.weights?.scalars == plain.weights?.scalars)
            #expect(batch.inputs.names == ["left", "image"])
        }
    }

    @Test func augmentationsThatDoNotFit() throws {
        let two = try Dataset(inputs: ["a": image, "b": image.cast(to: .float32)], targets: ["kind": kind])
        #expect(
            problem { try two.check([.flip()]) }
                == "augmentations change the one image of a sample, but 2 inputs are images. Expected one input [height, width, "
                + "channels] of uint8 or float32; received a uint8[2, 2, 1], b float32[2, 2, 1]. Change the samples where they "
                + "are made, or leave the augmentations out.")
        #expect(problem { try two.check([]) } == "no error")
        let none = try Dataset(inputs: ["a": left, "b": price], targets: ["kind": kind])
        #expect(
            problem { try none.check([.noise()]) }
                == "augmentations change images, but no input is one. Expected one input [height, width, channels] of uint8 or "
                + "float32; received a float32[2], b float32[]. Change the samples where they are made, or leave the "
                + "augmentations out.")
        #expect(
            problem { try data().check([.mixup()]) }
                == "the augmentation mixup mixes samples of one input and one target. Received the inputs \"left\", \"image\", "
                + "the targets \"price\", \"kind\". Leave it out.")
        #expect(
            problem { try data().check([.randomCrop(padding: 2, mode: .reflect)]) }
                == "the augmentation randomCrop can't reflect more than the image has. Expected a padding less than the image's "
                + "sides; received 2 for uint8[2, 2, 1]. Give a smaller padding, or the mode zeros.")
    }
}
