import ApusData
import ApusGraph
import ApusTensor
import ApusTestKit
import Testing

/// Data sets that are made of others.
@Suite struct VerbTests {
    private func problem<Result>(_ body: () throws -> Result) -> String {
        message {
            do { return try body() } catch let error as DatasetError { throw error } catch {
                Issue.record("another error: \(error)")
                throw error
            }
        }
    }

    /// Samples `numbered` in rows of another order, made when they are needed.
    private func streamed(_ count: Int, calls: Collector<Int>? = nil) throws -> Dataset {
        let data = try numbered(count)
        return try Dataset(count: count, fingerprint: "numbered", classNames: data.classNames) { index in
            calls?.add(index)
            return data[index]
        }
    }

    // MARK: Putting in another order

    /// Pixels move with their channels, numbers of other samples one by one; the samples keep types, labels, weights and order.
    @Test func permuting() throws {
        let images = try Dataset(
            inputs: Tensor((0..<24).map { UInt8($0) }, shape: [2, 2, 3, 2]), labels: [1, 0],
            preprocessing: Preprocessing(scales: [1, 2], offsets: [0, 3])
        ).weighted([1, 2]).shuffled(seed: 1)
        let order = [5, 0, 1, 4, 3, 2]
        let moved = try images.permutingFeatures(by: order)
        #expect(moved.elementType == .uint8 && moved.sampleShape == [2, 3, 2])
        #expect(moved.preprocessing == images.preprocessing && moved.isInMemory)
        for index in 0..<2 {
            let pixels = images.features(at: index).scalars(as: Int.self)
            #expect(
                moved.features(at: index).scalars(as: Int.self)
                    == order.flatMap { [pixels[2 * $0], pixels[2 * $0 + 1]] })
            #expect(moved.label(at: index) == images.label(at: index))
        }
        func weights(_ data: Dataset) throws -> [Float]? {
            try #require(Array(data.batches(of: 2, epoch: 0, seed: 0, shuffled: false)).first).weights?.scalars
        }
        #expect(try weights(moved) == weights(images))

        let inverse = order.indices.map { order.firstIndex(of: $0)! }
        #expect(try moved.permutingFeatures(by: inverse).features(at: 0).scalars == images.features(at: 0).scalars)

        let matrices = try Dataset(inputs: Tensor((0..<6).map { Float($0) }, shape: [1, 2, 3]), labels: [0])
        #expect(try matrices.permutingFeatures(by: order).features(at: 0).scalars == [5, 0, 1, 4, 3, 2])
    }

    /// Rows of features take their scaling along, and are the same whether they are in memory or made when they are needed.
    @Test func permutingTables() throws {
        let rows = Tensor.normal([6, 3], key: RandomKey(seed: 1))
        let data = try Dataset(
            inputs: rows, labels: [0, 1, 0, 1, 0, 1],
            preprocessing: Preprocessing(scales: [1, 2, 3], offsets: [4, 5, 6]))
        let moved = try data.permutingFeatures(by: [2, 0, 1])
        #expect(moved.preprocessing == Preprocessing(scales: [3, 1, 2], offsets: [6, 4, 5]))
        #expect(moved.features(at: 3).scalars == [2, 0, 1].map { rows[3, $0].item() })
        let made = try Dataset(count: 6, fingerprint: "rows", classNames: data.classNames) { data[$0] }
        let later = try made.permutingFeatures(by: [2, 0, 1])
        #expect(!later.isInMemory && later.fingerprint != made.fingerprint)
        for index in 0..<6 { #expect(later.features(at: index).scalars == moved.features(at: index).scalars) }
    }

    @Test func permutingBySeed() throws {
        let data = try Dataset(inputs: Tensor.normal([2, 40], key: RandomKey(seed: 1)), labels: [0, 1])
        let (one, same, other) = (
            try data.permutingFeatures(seed: 1), try data.permutingFeatures(seed: 1),
            try data.permutingFeatures(seed: 2)
        )
        #expect(one.features(at: 1).scalars == same.features(at: 1).scalars)
        #expect(one.features(at: 1).scalars != other.features(at: 1).scalars)
        #expect(one.features(at: 1).scalars != data.features(at: 1).scalars)
        #expect(one.features(at: 1).scalars.sorted() == data.features(at: 1).scalars.sorted())
    }

    @Test func permutingErrors() throws {
        let data = try Dataset(inputs: Tensor.ones([2, 2, 2, 1]), labels: [0, 1])
        #expect(
            problem { try data.permutingFeatures(by: [0, 1, 2]) }
                == "this is no order of the places of a sample. Expected each of 0..<4 once, for samples [2, 2, 1]; received 3 "
                + "numbers. Give a permutation, or a seed.")
        #expect(
            problem { try data.permutingFeatures(by: [0, 1, 2, 2]) }
                == "this is no order of the places of a sample. Expected each of 0..<4 once, for samples [2, 2, 1]; received 4 "
                + "numbers with others among them. Give a permutation, or a seed.")
        let matrices = try Dataset(
            inputs: Tensor.ones([2, 2, 2]), labels: [0, 1],
            preprocessing: Preprocessing(scales: [1, 2], offsets: [0, 0]))
        #expect(
            problem { try matrices.permutingFeatures(seed: 1) }
                == "numbers that are scaled by column can't be put in other columns. Expected one scale for all columns; received "
                + "2 scales. Scale the samples by one number, or put their rows in order.")
    }

    // MARK: Labels

    /// Labels belong to the samples in their order, whatever order and memory they are in; inputs, weights and scaling stay.
    @Test func labelling() throws {
        let data = try numbered(30).shuffled(seed: 2).weighted((0..<30).map { Double($0) })
        let labels = (0..<30).map { $0 % 3 }
        let given = try data.labelled(labels, classNames: ["a", "b", "c"])
        #expect(given.numbers == data.numbers && given.classNames == ["a", "b", "c"])
        #expect((0..<30).map { given.label(at: $0) } == labels)
        #expect(try given.labelled(labels.reversed()).classNames == ["a", "b", "c"])
        let part = try given.subset([4, 2, 9])
        #expect((0..<3).map { part.label(at: $0) } == [1, 2, 0])
        let twice = try data.subset([3, 3, 1]).labelled([0, 1, 1], classNames: ["a", "b"])
        #expect((0..<3).map { twice.label(at: $0) } == [0, 1, 1])
        #expect(twice.numbers == [3, 3, 1].map { data.numbers[$0] })
        func weights(_ data: Dataset) throws -> [Float]? {
            try #require(Array(data.batches(of: 30, epoch: 0, seed: 0, shuffled: false)).first).weights?.scalars
        }
        #expect(try weights(twice) == weights(try data.subset([3, 3, 1])))
        #expect(try streamed(10).labelled((0..<10).map { 9 - $0 }).label(at: 0) == 9)
        let bare = try Dataset(inputs: Tensor([1, 2] as [Float])).labelled([0, 4])
        #expect(bare.classNames == ["0", "1", "2", "3", "4"] && bare.hasTargets)
        #expect(
            problem { try data.labelled([1]) }
                == "labels and samples differ in number. Expected 30 labels; received 1. Give a label for each sample.")
    }

    // MARK: Filtering

    @Test func filtering() throws {
        let data = try numbered(40).shuffled(seed: 1).weighted((0..<40).map { Double($0) })
        let odd = try data.filter { $0.input.number % 2 == 1 && $0.label < 6 }
        #expect(odd.numbers == data.numbers.filter { $0 % 2 == 1 && $0 % 10 < 6 })
        let batch = try #require(Array(odd.batches(of: 40, epoch: 0, seed: 0, shuffled: false)).first)
        #expect(
            batch.weights?.scalars
                == data.numbers.indices.filter { odd.numbers.contains(data.numbers[$0]) }.map { Float($0) })
        #expect(try data.filter { _ in false }.isEmpty)
        struct Stop: Error {}
        #expect(throws: Stop.self) { try data.filter { _ in throw Stop() } }
    }

    @Test func filteringByLabels() throws {
        let data = try numbered(40).shuffled(seed: 1)
        let some = try data.filter(labels: [7, 2])
        #expect(some.numbers == data.numbers.filter { [2, 7].contains($0 % 10) })
        #expect(some.classNames == data.classNames && some.classCounts[7] == 4 && some.classCounts[1] == 0)
        #expect(
            problem { try data.filter(labels: [3, 10]) }
                == "there is no class 10. Expected labels in 0..<10; received 10. Number the classes from 0.")
        #expect(
            problem {
                try Dataset(inputs: Tensor([1, 2] as [Float]), targets: Tensor([1, 2] as [Float])).filter(labels: [0])
            }
                == "the samples can't be filtered by labels. Expected one label a sample; received float32[]. Filter by what they "
                + "hold: filter { sample in … }.")
        let ignoring = try Dataset(
            inputs: Tensor([1, 2, 3] as [Float]), labels: Tensor([0, -1, 1] as [Int]), ignoring: -1)
        #expect(try ignoring.filter(labels: [-1]).count == 1 && ignoring.filter(labels: 0...1).count == 2)
    }

    // MARK: Classes

    @Test func relabelling() throws {
        let data = try numbered(40).shuffled(seed: 1)
        let named = try data.prefix(20).relabelled((0..<10).map { "class \($0)" })
        #expect(named.classNames[3] == "class 3" && named.label(at: 5) == data.label(at: 5))
        let halves = try data.prefix(20).relabelled(["low", "high"]) { $0 / 5 }
        #expect(halves.classNames == ["low", "high"] && data.classCount == 10)
        #expect((0..<20).map { halves.label(at: $0) } == data.numbers.prefix(20).map { $0 % 10 / 5 })
        #expect(halves.numbers == Array(data.numbers.prefix(20)))
        let own = try streamed(20).relabelled(["low", "high"]) { $0 / 5 }
        #expect(own.classCounts == [10, 10] && own[17].label == 1 && own[17].input.number == 17)
        let map = try Dataset(
            inputs: Tensor([1, 2] as [Float]), labels: Tensor([0, 1, 255, 2] as [Int], shape: [2, 2]),
            classNames: ["a", "b", "c"], ignoring: 255
        ).relabelled(["x", "y"]) { 1 - $0 % 2 }
        #expect(map.target(at: 0).scalars == [1, 0] && map.target(at: 1).scalars == [255, 1])
        #expect(map.ignoredLabels == ["": 255] && map.classCounts == [1, 2])
    }

    @Test func relabellingThatDoesNotFit() throws {
        let data = try numbered(20)
        let numbers = try Dataset(inputs: Tensor([1, 2] as [Float]), targets: Tensor([1, 2] as [Float]))
        #expect(
            problem { try data.relabelled(["a"]) }
                == "classes and names differ in number. Expected 10 names; received 1. Give a name for each class.")
        #expect(
            problem { try numbers.relabelled(["a"]) }
                == "classes and names differ in number. Expected no names, for the targets are float32[]; received 1. Give a name "
                + "for each class.")
        #expect(
            problem { try data.relabelled(["a", "b"]) { $0 / 4 } }
                == "the new label of class 8, \"8\", is out of range. Expected 0..<2; received 2. Name all new classes."
        )
        #expect(
            problem { try numbers.relabelled(["a"]) { $0 } }
                == "numbers can't be relabelled. Expected labels of classes; received float32[]. Change numeric targets with map { "
                + "sample in … }.")
    }

    // MARK: Mapping

    private static func doubled(_ sample: Sample) -> Sample {
        Sample(
            inputs: ["x": sample.input.cast(to: .float32) * 2, "label": Tensor([Float(sample.label)])],
            targets: sample.targets)
    }

    @Test func mapping() throws {
        let data = try numbered(12).shuffled(seed: 4).weighted((0..<12).map { Double($0) })
        let mapped = try data.map { VerbTests.doubled($0) }
        #expect(mapped.isInMemory && mapped.inputNames == ["x", "label"] && mapped.classNames == data.classNames)
        #expect(mapped.sampleShape == [2, 1] && mapped.elementType == .float32)
        #expect((0..<12).map { mapped.features(at: $0).scalars[1] } == data.numbers.map { Float(2 * $0) })
        #expect((0..<12).map { mapped.label(at: $0) } == data.numbers.map { $0 % 10 })
        let batch = try #require(Array(mapped.batches(of: 12, epoch: 0, seed: 0, shuffled: false)).first)
        #expect(batch.weights?.scalars == (0..<12).map { Float($0) })
        // Classes that are new are those of the labels.
        let other = try data.map {
            Sample(inputs: $0.inputs, targets: ["half": Tensor([$0.label / 2] as [Int], shape: [])])
        }
        #expect(other.classNames == ["0", "1", "2", "3", "4"] && other.label(at: 3) == data.label(at: 3) / 2)
        let named = try data.map(classNames: ["half": ["a", "b", "c", "d", "e", "f"]]) {
            Sample(inputs: $0.inputs, targets: ["half": Tensor([$0.label / 2] as [Int], shape: [])])
        }
        #expect(named.classCount == 6 && named.classCounts == other.classCounts + [0])
        #expect(
            problem { try data.map { Sample(input: .zeros([$0.label]), label: 0) } }.hasPrefix(
                "the input of sample 1 is of another type or shape than that of sample 0. Expected float32"))
    }

    /// What is not in memory stays so.
    @Test func mappingStreams() throws {
        let calls = Collector<Int>()
        let base = try streamed(12, calls: calls).shuffled(seed: 4)
        let mapped = try base.map { VerbTests.doubled($0) }
        #expect(!mapped.isInMemory && calls.elements.count == 2)
        let batches = Array(mapped.batches(of: 5, epoch: 0, seed: 3))
        let expected = try numbered(12).shuffled(seed: 4).map { VerbTests.doubled($0) }.batches(
            of: 5, epoch: 0, seed: 3)
        #expect(batches.map { $0.inputs["x"].scalars } == expected.map { $0.inputs["x"].scalars })
        #expect(batches.map { $0.targets.only.scalars } == expected.map { $0.targets.only.scalars })
        #expect(calls.elements.count == 14)
        #expect(try mapped.fingerprint != streamed(12).map { VerbTests.doubled($0) }.fingerprint)
        #expect(
            problem { try base.map { Sample(inputs: $0.inputs, targets: ["new": Tensor([1] as [Int])]) } }
                == "the target \"new\" is whole numbers, but its classes are not known. Expected their names, in the order of the "
                + "labels; received int32 without names. Give classNames:, or make the target a floating-point tensor.")
    }

    @Test func readingIntoMemory() throws {
        let calls = Collector<Int>()
        let read = try streamed(12, calls: calls).shuffled(seed: 4).weighted((0..<12).map { Double($0) }).inMemory()
        let known = try numbered(12).shuffled(seed: 4)
        #expect(read.isInMemory && read.numbers == known.numbers)
        #expect(calls.elements.count == 13)
        #expect(read.fingerprint == known.fingerprint)
        let batch = try #require(Array(read.batches(of: 12, epoch: 0, seed: 0, shuffled: false)).first)
        #expect(batch.weights?.scalars == (0..<12).map { Float($0) })
    }

    // MARK: Joining

    @Test func appending() throws {
        let data = try numbered(30).shuffled(seed: 1)
        let both = try data.prefix(7).appending(data.shuffled(seed: 2).prefix(5).weighted([1, 2, 3, 4, 5]))
        let numbers = data.numbers.prefix(7) + data.shuffled(seed: 2).numbers.prefix(5)
        #expect(both.numbers == Array(numbers) && both.isInMemory)
        #expect((0..<12).map { both.label(at: $0) } == numbers.map { $0 % 10 })
        let batch = try #require(Array(both.batches(of: 12, epoch: 0, seed: 0, shuffled: false)).first)
        #expect(batch.weights?.scalars == [1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5])
        #expect(try data.appending(data).batches(of: 60, epoch: 0, seed: 0).first { _ in true }?.weights == nil)
        #expect(try data.prefix(3).appending(data.prefix(0)).fingerprint == data.prefix(3).fingerprint)
    }

    @Test func appendingStreams() throws {
        let (own, known) = (try streamed(20).shuffled(seed: 1).prefix(6), try numbered(20).shuffled(seed: 2).prefix(5))
        for (first, second) in [(own, known), (known, own), (own, own)] {
            let both = try first.appending(second)
            #expect(!both.isInMemory && both.numbers == first.numbers + second.numbers)
            #expect((0..<both.count).map { both.label(at: $0) } == both.numbers.map { $0 % 10 })
            #expect(
                both.batches(of: 4, epoch: 0, seed: 0, shuffled: false).flatMap(\.numbers) == both.numbers)
        }
        #expect(try own.appending(known).fingerprint != known.appending(own).fingerprint)
    }

    @Test func appendingWhatIsOther() throws {
        let data = try numbered(20)
        let x = Tensor([1, 2] as [Float])
        func problem(_ a: Dataset, _ b: @autoclosure () throws -> Dataset) -> String {
            self.problem { try a.appending(try b()) }
        }
        #expect(
            problem(data, try Dataset(inputs: x, labels: [0, 1]))
                == "the data sets differ in their inputs. Expected uint8[2, 1]; received float32[]. Join data of the same names "
                + "and shapes.")
        #expect(
            problem(
                try Dataset(inputs: ["a": x, "b": x], targets: ["y": x]),
                try Dataset(inputs: ["a": x, "c": x], targets: ["y": x]))
                == "the data sets differ in their inputs. Expected a float32[], b float32[]; received a float32[], c float32[]. "
                + "Join data of the same names and shapes.")
        #expect(
            problem(try Dataset(inputs: x, labels: [0, 1]), try Dataset(inputs: x, targets: x))
                == "the data sets differ in their targets. Expected int32[]; received float32[]. Join data of the same names and "
                + "shapes.")
        #expect(
            problem(data, try numbered([0, 1], classNames: ["cat", "dog"]))
                == "the data sets differ in the classes. Expected 0, 1, 2, 3, 4, 5, 6, 7, …; received cat, dog. Bring the "
                + "classes of one into the order of the other: relabelled(_:_:).")
        let labels = Tensor([0, 1] as [Int])
        #expect(
            problem(
                try Dataset(inputs: x, labels: labels), try Dataset(inputs: x, labels: labels, ignoring: -1))
                == "the data sets differ in their labels that do not count. Expected none; received -1. Give both the same label."
        )
        var scaled = data
        scaled.preprocessing = .unitRange
        #expect(
            problem(data, scaled)
                == "the data sets differ in their normalization. Set preprocessing of one to that of the other, if it is meant "
                + "for both.")
    }
}
