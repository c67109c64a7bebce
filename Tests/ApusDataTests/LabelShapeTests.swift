import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Testing

/// Labels of positions, and labels that do not count.
@Suite struct LabelShapeTests {
    private let inputs = Tensor((0..<12).map { Float($0) }, shape: [2, 2, 3])

    private func problem<Result>(_ body: () throws -> Result) -> String {
        message {
            do { return try body() } catch let error as DatasetError {
                #expect(error.kind != .missing)
                throw error
            }
        }
    }

    @Test(arguments: [ElementType.uint8, .int32, .int64]) func aLabelForEachPosition(type: ElementType) throws {
        let labels = Tensor([0, 1, 2, 0, 1, 1, 0, 0, 4, 0, 1, 1] as [Int], shape: [2, 2, 3]).cast(to: type)
        let data = try Dataset(inputs: inputs, labels: labels)
        #expect(data.targetType == TensorType([2, 3], .int32))
        #expect(data.isClassification)
        #expect(data.classNames == ["0", "1", "2", "3", "4"])
        #expect(data.classCounts == [5, 5, 1, 0, 1])
        #expect(data.prefix(1).classCounts == [2, 3, 1, 0, 0])
        #expect(data.target(at: 1).scalars(as: Int.self) == [0, 0, 4, 0, 1, 1])
        #expect(data.description == "2 samples of float32[2, 3], 5 classes for each of [2, 3]")
        let batch = try #require(Array(data.batches(of: 2, epoch: 0, seed: 0, shuffled: false)).first)
        #expect(batch.targets.only.shape == [2, 2, 3] && batch.targets.only.elementType == .int32)
        #expect(batch.targets.only.scalars(as: Int.self) == [0, 1, 2, 0, 1, 1, 0, 0, 4, 0, 1, 1])
        #expect(batch.ignoredLabels == [:])
    }

    @Test(arguments: [-1, 255]) func aLabelThatDoesNotCount(ignored: Int) throws {
        let labels = Tensor([0, 1, ignored, ignored, 1, 1, 0, 0, 2, 0, 1, ignored], shape: [2, 2, 3])
        let data = try Dataset(inputs: inputs, labels: labels, ignoring: ignored)
        #expect(data.classNames == ["0", "1", "2"])
        #expect(data.classCounts == [4, 4, 1])
        #expect(data.ignoredLabels == ["": ignored])
        let named = try Dataset(inputs: inputs, labels: labels, classNames: ["a", "b", "c", "d"], ignoring: ignored)
        #expect(named.classCounts == [4, 4, 1, 0])
        for batch in named.batches(of: 1, epoch: 0, seed: 0) { #expect(batch.ignoredLabels == ["": ignored]) }
        #expect(named.shuffled(seed: 1).prefix(1).ignoredLabels == ["": ignored])
        let other = Tensor(labels.scalars(as: Int.self).map { $0 == ignored ? -7 : $0 }, shape: labels.shape)
        #expect(try data.fingerprint != Dataset(inputs: inputs, labels: other, ignoring: -7).fingerprint)
    }

    /// One that lies among the classes is a class that does not count.
    @Test func anIgnoredClass() throws {
        let data = try Dataset(
            inputs: Tensor([1, 2, 3, 4] as [Float]), labels: Tensor([0, 1, 0, 2] as [Int]),
            classNames: ["nothing", "a", "b"], ignoring: 0)
        #expect(data.classNames == ["nothing", "a", "b"])
        #expect(data.classCounts == [0, 1, 1])
        #expect(data.label(at: 2) == 0)
        let list = try Dataset(
            inputs: Tensor([1, 2, 3, 4] as [Float]), labels: [0, -1, 0, 2], ignoring: -1)
        #expect(list.classCounts == [2, 0, 1] && list.label(at: 1) == -1 && list.ignoredLabels == ["": -1])
    }

    @Test func stratificationDealsWhatDoesNotCount() throws {
        let labels = (0..<40).map { $0 % 4 == 3 ? -1 : $0 % 4 }
        let data = try Dataset(inputs: Tensor((0..<40).map { Float($0) }), labels: Tensor(labels), ignoring: -1)
        let (training, validation) = try data.split(validation: 0.2, stratified: true, seed: 2)
        #expect(training.classCounts == [8, 8, 8] && training.count == 32)
        #expect(validation.classCounts == [2, 2, 2] && validation.count == 8)
        #expect(
            ((0..<32).map { training[$0] } + (0..<8).map { validation[$0] }).map { $0.input.item() }.sorted()
                == (0..<40).map { Float($0) })
    }

    // MARK: Errors

    @Test func outOfRangeByPosition() {
        let labels = Tensor([0, 1, 2, 0, 1, 1, 0, 0, 2, 7, 1, -3] as [Int], shape: [2, 2, 3])
        #expect(
            problem { try Dataset(inputs: inputs, labels: labels, classNames: ["a", "b", "c"]) }
                == "the label of row 1 at [1, 0] is out of range, and those of 1 more position. Expected 0..<3; received 7. "
                + "Number the classes from 0, or name all of them.")
        #expect(
            problem { try Dataset(inputs: inputs, labels: labels, ignoring: 255) }
                == "the label of row 1 at [1, 2] is out of range. Expected 0..<1048576, or 255, which does not count; received "
                + "-3. Number the classes from 0, or give their names.")
        #expect(
            problem { try Dataset(inputs: inputs, labels: Tensor([5_000_000_000, 0] as [Int]), ignoring: 1) }
                == "the label of row 0 is out of range. Expected 0..<1048576, or 1, which does not count; received 5000000000. "
                + "Number the classes from 0, or give their names.")
        #expect(
            problem { try Dataset(inputs: inputs, labels: Tensor([0, 0] as [Int]), ignoring: 5_000_000_000) }
                == "the label that does not count is no number of 32 bits. Received 5000000000. Give a label such as -1."
        )
    }

    @Test func shapesThatDoNotFit() {
        #expect(
            problem { try Dataset(inputs: inputs, labels: Tensor([0, 1, 1] as [Int])) }
                == "samples and targets differ in number. Expected 2, one for each sample of inputs [2, 2, 3]; received 3 "
                + "labels. Check that both come from the same part of the data, and that nothing was skipped.")
        #expect(
            problem { try Dataset(inputs: inputs, labels: Tensor([0, 1, 1] as [Int], shape: [3, 1])) }
                == "samples and targets differ in number. Expected 2, one for each sample of inputs [2, 2, 3]; received labels "
                + "[3, 1]. Check that both come from the same part of the data, and that nothing was skipped.")
        #expect(
            problem { try Dataset(inputs: inputs, labels: Tensor([3] as [Int], shape: [])) }
                == "labels must be whole numbers, one a sample or one for each of its positions. Expected an integer type and the "
                + "shape [N] or [N, ...]; received int64[]. Give the number of the class, not a vector of it; numeric targets go "
                + "in as targets:.")
    }

    @Test func whatNeedsOneLabelASample() throws {
        let data = try Dataset(
            inputs: inputs.reshaped(to: [2, 2, 3, 1]), labels: Tensor([0, 1, 1, 0] as [Int], shape: [2, 2]))
        #expect(
            problem { try data.split(validation: 0.5, stratified: true, seed: 1) }
                == "labels of positions can't be stratified. Expected one label a sample; received int32[2]. Split without "
                + "stratification.")
        #expect(problem { try data.split(validation: 0.5, seed: 1) } == "no error")
        #expect(
            problem { try data.check([.mixup()]) }
                == "the augmentation mixup mixes labels of samples. Expected one label a sample; received int32[2]. Leave it out "
                + "for labels of positions.")
        let ignoring = try Dataset(inputs: inputs, labels: Tensor([0, -1] as [Int]), ignoring: -1)
        #expect(
            problem { try ignoring.check([.mixup()]) }
                == "the augmentation mixup mixes labels that all count. Received the label -1, which does not count. Remove the "
                + "samples with this label.")
    }
}
