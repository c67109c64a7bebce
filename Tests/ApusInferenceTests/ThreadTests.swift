import ApusInference
import ApusTestKit
import Foundation
import Testing

/// One model in many threads, with batches of any size.
@Suite struct ThreadTests {
    /// Programs are compiled for pieces of a batch, whose sizes are powers of two up to 256.
    @Test func fewProgramsForAnySize() throws {
        let model = try doubling(meaning: .numbers)
        for count in [1, 2, 3, 5, 7, 11, 13, 100, 255, 256, 257, 300, 511, 1000] {
            let numbers = (0..<3 * count).map { Float($0) }
            let predictions = try model.predict(Tensor(numbers, shape: [count, 3]))
            #expect(predictions.flatMap(\.numbers) == numbers.map(Double.init))
            #expect(predictions.map(\.input) == (0..<count).map { "#\($0)" })
        }
        #expect(model.programCount == 9)
        // Another element type has programs of its own, and so has a batch whose outputs are asked for as they are.
        _ = try model.predict(Tensor(bytes: [1, 2, 3], TensorType([1, 3], .uint8)))
        _ = try model(Tensor.zeros([100, 3]))
        #expect(model.programCount == 11)
    }

    @Test func manyThreads() throws {
        let (model, problems) = (try doubling(meaning: .numbers), Collector<String>())
        DispatchQueue.concurrentPerform(iterations: 64) { thread in
            let count = 1 + (37 * thread) % 300
            let numbers = (0..<3 * count).map { Float(thread * 1000 + $0) }
            do {
                let predictions = try model.predict(Tensor(numbers, shape: [count, 3]))
                if predictions.flatMap(\.numbers) != numbers.map(Double.init) { problems.add("thread \(thread)") }
            } catch {
                problems.add("\(error)")
            }
        }
        #expect(problems.elements == [])
        #expect(model.programCount == 9)
    }

    /// Copies share the programs, for they are one model.
    @Test func copiesShareTheirPrograms() throws {
        let model = try doubling()
        let copy = model
        _ = try model.predict(Tensor.zeros([4, 3]))
        #expect(copy.programCount == 1)
        _ = try copy.predict(Tensor.zeros([4, 3]))
        #expect(model.programCount == 1)
    }
}
