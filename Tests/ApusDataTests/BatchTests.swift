import ApusBackend
import ApusData
import ApusGraph
import ApusTensor
import Testing

@Suite(.timeLimit(.minutes(20))) struct BatchTests {
    @Test(arguments: [0, 1, 2, 4, 7]) func everySampleComesOnce(ahead: Int) throws {
        let data = try numbered(1003)
        let batches = Array(data.batches(of: 32, epoch: 0, seed: 7, ahead: ahead))
        #expect(batches.map(\.count) == Array(repeating: 32, count: 31) + [11])
        let numbers = batches.flatMap(\.numbers)
        #expect(numbers.sorted() == Array(0..<1003))
        #expect(batches.flatMap { $0.targets.only.scalars(as: Int.self) } == numbers.map { $0 % 10 })
        #expect(batches[0].inputs.only.shape == [32, 2, 1])
        #expect(batches[0].inputs.only.elementType == .uint8)
        #expect(batches[31].targets.only.shape == [11])
        #expect(batches[31].targets.only.elementType == .int32)
    }

    @Test func orderIsAFunctionOfSeedAndEpoch() throws {
        let data = try numbered(100)
        func numbers(_ epoch: Int, _ seed: UInt64, ahead: Int = 4) -> [Int] {
            data.batches(of: 7, epoch: epoch, seed: seed, ahead: ahead).flatMap(\.numbers)
        }
        #expect(numbers(3, 7) == RandomKey(seed: 7).child("shuffle").child(3).permutation(100))
        #expect(numbers(3, 7, ahead: 0) == numbers(3, 7))
        #expect(numbers(2, 7) != numbers(3, 7))
        #expect(numbers(3, 8) != numbers(3, 7))
        #expect(data.batches(of: 7, epoch: 3, seed: 7, shuffled: false).flatMap(\.numbers) == Array(0..<100))
    }

    @Test(arguments: [0, 1, 5, 14, 15, 99], [0, 4]) func startingLaterGivesTheTail(start: Int, ahead: Int) throws {
        let data = try numbered(100).shuffled(seed: 2)
        let all = data.batches(of: 7, epoch: 1, seed: 7).map(\.numbers)
        let tail = data.batches(of: 7, epoch: 1, seed: 7, startingAt: start, ahead: ahead)
        #expect(tail.count == max(0, 15 - start))
        #expect(tail.map(\.numbers) == Array(all.dropFirst(start)))
    }

    @Test func remainders() throws {
        func counts(_ count: Int, _ size: Int, drops: Bool = true) throws -> [Int] {
            let batches = try numbered(count).batches(of: size, epoch: 0, seed: 0, dropsRemainder: drops)
            #expect(batches.count == batches.map(\.count).count)
            return batches.map(\.count)
        }
        #expect(try counts(10, 3) == [3, 3, 3])
        #expect(try counts(10, 3, drops: false) == [3, 3, 3, 1])
        #expect(try counts(9, 3) == [3, 3, 3])
        #expect(try counts(9, 3, drops: false) == [3, 3, 3])
        #expect(try counts(2, 3) == [])
        #expect(try counts(2, 3, drops: false) == [2])
        #expect(try counts(0, 3, drops: false) == [])
    }

    @Test func iteratorEndsForGood() throws {
        var iterator = try numbered(10).batches(of: 4, epoch: 0, seed: 0).makeIterator()
        for _ in 0..<3 { #expect(iterator.next() != nil) }
        for _ in 0..<3 { #expect(iterator.next() == nil) }
    }

    @Test func numbersAsTargets() throws {
        let targets = Tensor((0..<12).map { Float($0) }, shape: [6, 2])
        let data = try Dataset(inputs: Tensor((0..<6).map { Float($0) }, shape: [6, 1]), targets: targets)
        for batch in data.batches(of: 4, epoch: 0, seed: 3) {
            #expect(batch.targets.only.shape == [batch.count, 2])
            #expect(batch.targets.only.scalars == batch.inputs.only.scalars.flatMap { [2 * $0, 2 * $0 + 1] })
        }
    }

    // MARK: Memory

    /// Batches that are held stay as they are, while the memory of others goes round.
    @Test(arguments: [0, 1, 4]) func heldBatchesKeepTheirContent(ahead: Int) throws {
        let data = try numbered(4000)
        let expected = data.batches(of: 16, epoch: 0, seed: 1, shuffled: false, ahead: 0).map(\.numbers)
        #expect(expected.flatMap { $0 } == Array(0..<4000))
        var held: [(index: Int, batch: Batch)] = []
        for (index, batch) in data.batches(of: 16, epoch: 0, seed: 1, shuffled: false, ahead: ahead).enumerated() {
            #expect(batch.numbers == expected[index])
            if index % 3 == 0 { held.append((index, batch)) }
            if held.count > 9 { held.removeFirst(5) }
            for (index, batch) in held { #expect(batch.numbers == expected[index]) }
        }
    }

    @Test func ringGivesOnlyWhatNobodyHolds() {
        var ring = BufferRing(byteCount: 64, capacity: 2)
        let first = ring.take(byteCount: 64)
        var second: Buffer? = ring.take(byteCount: 64)
        #expect(first !== second)
        let address = second?.bytes.baseAddress
        second = nil
        let third = ring.take(byteCount: 64)
        #expect(third.bytes.baseAddress == address)
        #expect(ring.allocationCount == 2)
        // Both are held: a third one is made, and takes the place of a held one.
        let fourth = ring.take(byteCount: 64)
        #expect(fourth !== first && fourth !== third)
        #expect(ring.allocationCount == 3)
        #expect(ring.take(byteCount: 32).byteCount == 32)
        withExtendedLifetime((first, third, fourth)) {}
    }

    @Test func aSteadyEpochAllocatesNothing() throws {
        let gatherer = try numbered(4000).batches(of: 16, epoch: 0, seed: 1, ahead: 4).gatherer
        var waiting: [Batch] = []
        var count = 0
        while let batch = gatherer.nextBatch() {
            count += 1
            waiting.append(batch)
            if waiting.count > 5 { waiting.removeFirst() }
        }
        #expect(count == 250)
        #expect(gatherer.allocationCount <= 6)
    }

    // MARK: The thread

    @Test func threadEndsWithItsObject() throws {
        let gatherer = try numbered(4000).batches(of: 16, epoch: 0, seed: 1).gatherer
        var thread = PreparingThread(gatherer, ahead: 4)
        weak var queue: BatchQueue?
        queue = thread?.queue
        #expect(queue?.take()?.count == 16)
        #expect(queue != nil)
        thread = nil
        // The thread holds the queue as long as it runs.
        #expect(queue == nil)
    }

    @Test func threadMakesNoMoreThanAsked() async throws {
        let gatherer = try numbered(4000).batches(of: 16, epoch: 0, seed: 1).gatherer
        var thread = PreparingThread(gatherer, ahead: 4)
        let batch = thread?.queue.take()
        try await Task.sleep(for: .milliseconds(20))
        thread = nil
        // The one that is held, and at most four ahead.
        #expect((1...5).contains(gatherer.allocationCount))
        withExtendedLifetime(batch) {}
    }

    @Test func leavingEarlyLeavesNothingBehind() throws {
        let data = try numbered(40)
        var seen: [PreparingThreadReference] = []
        for epoch in 0..<200 {
            let batches = data.batches(of: 4, epoch: epoch, seed: 1)
            var iterator = batches.makeIterator()
            for _ in 0..<epoch % 12 { _ = iterator.next() }
            seen.append(PreparingThreadReference(queue: iterator.queue))
            #expect(seen.last?.queue != nil)
            for (index, _) in batches.enumerated() where index >= epoch % 4 { break }
        }
        #expect(seen.allSatisfy { $0.queue == nil })
    }
}

private struct PreparingThreadReference {
    weak var queue: BatchQueue?
}
