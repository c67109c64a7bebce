package import Apus

/// A task in which what is asked at the end of a sequence stood far before it. Hochreiter and Schmidhuber (1997).
package enum SequenceTask: String, Codable, CaseIterable {
    /// The sum of two numbers of [0, 1) that are marked, one in each half. Always to say 1 has an error of 1/6.
    case adding
    /// Three of eight symbols, blanks, then three signs at which the symbols are to be named. Guessing has a loss of ln 8.
    case copy

    /// The symbols to be named.
    static let symbols = 3
    private static let alphabet = 8

    var loss: Loss { self == .adding ? .meanSquaredError : .softmaxCrossEntropy }
    /// The numbers of a step.
    var channels: Int { self == .adding ? 2 : SequenceTask.alphabet + 2 }

    /// A recurrent layer and what reads the answer.
    func net(_ cell: some RecurrentLayer) -> Sequential {
        guard self == .copy else {
            return Sequential {
                cell
                Dense(1)
            }
        }
        var cell = cell
        cell.returnsSequences = true
        return Sequential {
            cell
            Lambda("answers") { $0[0..., ($0.shape[1] - SequenceTask.symbols)...] }
            Dense(SequenceTask.alphabet)
        }
    }

    /// Sequences [N, length, channels] with their answers.
    package func drawn(_ count: Int, length: Int, _ key: RandomKey) -> (x: Tensor, y: Tensor) {
        var key = key
        switch self {
        case .adding:
            let numbers = Tensor.uniform([count, length], key: key.next())
            let marks = [0..<length / 2, length / 2..<length].reduce(Tensor.zeros([count, length])) { marks, half in
                marks + Tensor.integers([count], in: half, key: key.next()).oneHot(classes: length)
            }
            return (Tensor.stacked([numbers, marks], axis: 2), (numbers * marks).sum(axes: [1], keepingAxes: true))
        case .copy:
            let (symbols, alphabet) = (SequenceTask.symbols, SequenceTask.alphabet)
            let asked = Tensor.integers([count, symbols], in: 0..<alphabet, key: key.next())
            let rest = [(length - 2 * symbols, alphabet), (symbols, alphabet + 1)].map { width, sign in
                Tensor.full([count, width], Double(sign), type: asked.elementType)
            }
            let all = Tensor.concatenated([asked] + rest, axis: 1)
            return (all.oneHot(classes: channels), asked)
        }
    }

    /// The loss of answers, one number; of the last answer of each sequence alone if wanted.
    func error(_ output: Tensor, _ y: Tensor, ofLast: Bool = false) -> Tensor {
        guard self == .copy else { return meanSquaredError(output, y) }
        let (logits, labels) = ofLast ? (output[0..., -1], y[0..., -1]) : (output, y)
        return softmaxCrossEntropy(
            logits.reshaped(to: [-1, SequenceTask.alphabet]), labels.reshaped(to: [-1]))
    }
}
