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
