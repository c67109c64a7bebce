import Apus

// A language model of bytes: it reads a rhyme and goes on with it.
let gpt = Sequential {
    Embedding(vocabulary: 256, 128)
    for _ in 0..<4 { TransformerBlock(heads: 4, isCausal: true, positions: .rotary) }
    LayerNorm(); Dense(256)
}
let rhyme = "She sells seashells by the seashore. The shells she sells are seashells, I am sure. "
let text = Tensor(Array(String(repeating: rhyme, count: 5).utf8))

// Windows of 32 bytes, each with the byte that follows each.
let length = 32
let starts = Tensor(Array(0..<(text.count - length - 1)))
let windows = text.gathered(starts.expandingShape(at: 1) + Tensor(Array(0...length)))
let data = try Dataset(
    inputs: windows[TensorSlice.all, 0..<length], labels: windows[TensorSlice.all, 1...length])
var trainer = Trainer(
    gpt, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 1e-3), metrics: [.accuracy], seed: 7)
for epoch in try trainer.fit(data, epochs: 6, batchSize: 32).epochs { print(epoch.epoch, epoch.training) }

// Byte after byte by chance, with the probabilities of a temperature of 0.2.
let weights = trainer.state!.variables
let logits = compile { (window: Tensor, weights: Variables) in gpt(window, weights)[0, -1] }
var key = RandomKey(seed: 1)
var written = Array("The shells she sells by the sea, ".utf8.suffix(length))
for _ in 0..<60 {
    let window = Tensor(Array(written.suffix(length)), shape: [1, length])
    let next = Tensor.categorical(try logits(window, weights) / 0.2, key: key.next())
    written.append(UInt8(next.item(as: Int.self)))
}
print(String(decoding: written, as: UTF8.self))
