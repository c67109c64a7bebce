import Apus
import ApusTestKit
import Testing

/// Recurrent networks that learn.
@Suite struct RecurrentTrainingTests {
    /// Program 10 of the interface: a tagger whose padding does not count.
    @Test func taggersLearn() throws {
        var generator = SeededGenerator(seed: 5)
        let (count, length) = (200, 9)
        var words: [Int32] = []
        var labels: [Int32] = []
        for _ in 0..<count {
            let own = 4 + Int(generator.next() % 6)
            var previous: Int32 = 0
            for place in 0..<length {
                guard place < own else {
                    words.append(0)
                    labels.append(0)
                    continue
                }
                let word = Int32(1 + generator.next() % 8)
                words.append(word)
                // What a word is depends on the one before.
                labels.append(1 + (word + previous) % 3)
                previous = word
            }
        }
        let data = try Dataset(
            inputs: Tensor(words, shape: [count, length]), labels: Tensor(labels, shape: [count, length]),
            ignoring: 0)
        let tagger = Sequential {
            Embedding(vocabulary: 9, 16); LSTM(32, returnsSequences: true); Dense(4)
        }
        var tags = Trainer(
            tagger, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.02), metrics: [.accuracy])
        let history = try tags.fit(data, epochs: 25, batchSize: 20)
        let last = try #require(history.epochs.last?.training["accuracy"])
        #expect(last > 0.98, "\(last)")
    }

    /// A number that was seen first is known at the end: what a plain layer forgets, gates keep.
    @Test(arguments: [NumericPrecision.float32, .mixedBFloat16]) func gatesRemember(
        precision: NumericPrecision
    ) throws {
        let (count, length) = (256, 40)
        let noise = Tensor.normal([count, length, 1], key: RandomKey(seed: 3)).scalars
        let labels = (0..<count).map { $0 % 2 }
        var values = noise.map { $0 * 0.3 }
        for index in 0..<count { values[index * length] = labels[index] == 1 ? 2 : -2 }
        let data = try Dataset(inputs: Tensor(values, shape: [count, length, 1]), labels: labels)
        func accuracy(_ layer: any Layer) throws -> Double {
            var trainer = Trainer(
                Sequential {
                    layer; Dense(2)
                }, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.02),
                metrics: [.accuracy], precision: precision, seed: 2)
            try trainer.fit(data, epochs: 60, batchSize: 32)
            return try trainer.evaluate(data)["accuracy"] ?? 0
        }
        let layers: [any Layer] = [LSTM(16), GRU(16), Bidirectional(layer: GRU(8))]
        for layer in layers {
            let reached = try accuracy(layer)
            #expect(reached > 0.98, "\(layer): \(reached)")
        }
    }

    /// A step over a thousand entries is the program of one over ten: it is compiled as fast.
    @Test func programsDoNotGrowWithTheLength() throws {
        func steps(_ layer: any Layer, _ length: Int) throws -> Int {
            let model = Sequential {
                layer; Dense(2)
            }
            let optimizer = Optimizer.adam(learningRate: 0.01)
            let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
            let state = try TrainingState(model, optimizer: optimizer, input: [length, 3], seed: 1)
            let batch = try Dataset(inputs: .zeros([4, length, 3]), labels: [0, 1, 0, 1]).whole
            return try step.report(for: state, batch).steps.count
        }
        let layers: [any Layer] = [SimpleRNN(8), GRU(8), LSTM(8), Bidirectional(layer: LSTM(8))]
        for layer in layers {
            let (short, long) = (try steps(layer, 10), try steps(layer, 1000))
            #expect(short == long, "\(layer)")
        }
    }
}
