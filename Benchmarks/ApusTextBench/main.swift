// What `Benchmarks/tokenizers.py` compares with the package `tokenizers`:
//     apus-text-bench encode tokenizer.json TEXTS OUTPUT    writes the numbers of each text, and what they decode to
//     apus-text-bench time tokenizer.json TEXTS             prints the seconds of all texts, encoded one after the other
//     apus-text-bench train TEXTS SIZE OUTPUT               learns byte pairs, writes a tokenizer.json, prints the seconds

import ApusText
import Foundation

/// Texts end with a zero byte, so that they may have several lines.
func texts(_ path: String) throws -> [String] {
    let text = try Data(contentsOf: URL(filePath: path))
    return text.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
        String(decoding: $0, as: UTF8.self)
    }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure(body)
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "encode" where arguments.count == 4:
    let tokenizer = try SubwordTokenizer(contentsOf: arguments[1])
    var numbers = ""
    var decoded = Data()
    for text in try texts(arguments[2]) {
        let tokens = try tokenizer.encode(text)
        numbers += tokens.map(String.init).joined(separator: " ") + "\n"
        for skipping in [true, false] {
            decoded += Data(tokenizer.decode(tokens, skippingSpecialTokens: skipping).utf8) + Data([0])
        }
    }
    try Data(numbers.utf8).write(to: URL(filePath: arguments[3] + ".numbers"))
    try decoded.write(to: URL(filePath: arguments[3] + ".texts"))
case "time" where arguments.count == 3:
    let tokenizer = try SubwordTokenizer(contentsOf: arguments[1])
    let all = try texts(arguments[2])
    for text in all.prefix(100) { _ = try tokenizer.encode(text) }
    var count = 0
    let time = try seconds { for text in all { count += try tokenizer.encode(text).count } }
    print(time, count)
case "train" where arguments.count == 4:
    let all = try texts(arguments[1])
    var tokenizer: BytePairTokenizer?
    let time = try seconds {
        tokenizer = try BytePairTokenizer(
            trainedOn: all, vocabularySize: Int(arguments[2]) ?? 0, specialTokens: ["<pad>"])
    }
    try tokenizer?.subwords.write(to: arguments[3])
    print(time)
default:
    print("usage: see the first lines of main.swift")
    exit(64)
}
