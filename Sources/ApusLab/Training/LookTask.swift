package import Apus

/// A task whose answers stand somewhere in the sequence, so that it is known where attention has to look.
package enum LookTask: String, Codable, CaseIterable {
    /// Pairs of a key and a value in any order, then one of the keys: its value is asked for.
    case lookup
    /// Symbols; asked for is the one three places before each.
    case back
    /// Symbols; asked for is their sequence from behind.
    case reverse

    static let alphabet = 8
    private static let distance = 3

    /// The numbers of a place: which symbol, or which key and which value.
    package var channels: Int { self == .lookup ? 2 * LookTask.alphabet : LookTask.alphabet }
    /// The first place that has an answer.
    package func first(_ length: Int) -> Int { self == .lookup ? length - 1 : self == .back ? LookTask.distance : 0 }

    /// Sequences x [N, length, channels], the symbols of which they are made [N, length] and answers [N, places with an answer]; and where the
    /// answers stand, likewise.
    package func drawn(_ count: Int, length: Int, _ key: RandomKey) -> LookSamples {
        var key = key
        let alphabet = LookTask.alphabet
        guard self == .lookup else {
            let symbols = Tensor.integers([count, length], in: 0..<alphabet, key: key.next())
            let first = first(length)
            let places = (first..<length).map { self == .back ? $0 - LookTask.distance : length - 1 - $0 }
            let answers = symbols.gathered(Tensor(places), axis: 1)
            return LookSamples(
                x: symbols.oneHot(classes: alphabet), symbols: symbols, answers: answers,
                places: Tensor(places).broadcast(to: [count, places.count]))
        }
        // Each key at most once: the first places of an order that is drawn.
        let pairs = length - 1
        let order = Tensor.uniform([count, alphabet], key: key.next()).argsort()
        let keys = order[0..., 0..<pairs]
        let values = Tensor.integers([count, pairs], in: 0..<alphabet, key: key.next())
        let place = Tensor.integers([count, 1], in: 0..<pairs, key: key.next())
        let asked = keys.gatheredAlong(place, axis: 1)
        let blank = Tensor.zeros([count, 1, alphabet])
        let shown = Tensor.concatenated([values.oneHot(classes: alphabet), blank], axis: 1)
        let all = Tensor.concatenated([keys, asked], axis: 1)
        let none = Tensor.full([count, 1], Double(alphabet), type: values.elementType)
        return LookSamples(
            x: Tensor.concatenated([all.oneHot(classes: alphabet), shown], axis: 2),
            symbols: all * (alphabet + 1) + Tensor.concatenated([values, none], axis: 1).cast(to: all.elementType),
            answers: values.gatheredAlong(place, axis: 1), places: place)
    }

    /// What pictures call a place, by its number in `LookSamples.symbols`: a letter, or a letter and a number.
    func name(_ symbol: Int) -> String {
        func letter(_ index: Int) -> String { String(UnicodeScalar(UInt8(65 + index % 26))) }
        guard self == .lookup else { return letter(symbol) }
        let (key, value) = (symbol / (LookTask.alphabet + 1), symbol % (LookTask.alphabet + 1))
        return letter(key) + (value == LookTask.alphabet ? "?" : "\(value)")
    }
}

/// Sequences, what is asked of them, and where the answers stand.
package struct LookSamples {
    package var x: Tensor
    package var symbols: Tensor
    package var answers: Tensor
    package var places: Tensor

    /// All of it with its numbers.
    package func evaluated() throws -> LookSamples {
        try evaluate([x, symbols, answers, places])
        return self
    }
}
