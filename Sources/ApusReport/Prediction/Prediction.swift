public import ApusExperiments
import ApusCharts
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor
public import ApusTraining
public import Foundation

/// What a model says of one sample.
public struct Prediction: Sendable, Hashable, Codable {
    /// Where the sample comes from: `shoe.png`, `test.npy#3`.
    public var input: String
    /// The most probable classes, the best first; empty where numbers are predicted.
    public var classes: [Choice]
    /// The predicted numbers; empty where classes are.
    public var numbers: [Double]

    /// A class that the sample may be of.
    public struct Choice: Sendable, Hashable, Codable {
        /// The name of the class; its label if it has none.
        public var name: String
        /// The place of the class among all classes, from 0.
        public var label: Int
        /// From 0 to 1.
        public var probability: Double
    }

    /// What a trained model says of samples from files.
    ///
    /// - Parameter topK: How many classes are given for each sample.
    public static func predictions(
        _ trainer: Trainer, _ input: PredictionInput, inputs: RunInputs, topK: Int
    ) throws -> [Prediction] {
        var result: [Prediction] = []
        for start in stride(from: 0, to: input.names.count, by: 256) {
            let range = start..<min(start + 256, input.names.count)
            let output = try trainer.predict(input.samples[range], normalization: inputs.normalization)
            let answer = Answer(trainer.loss, output: output.shape, hasClasses: !inputs.classNames.isEmpty)
            let values = answer(output).cast(to: .float32)
            try values.evaluated()
            let width = values.count / range.count
            let scalars = values.scalars
            for (row, name) in input.names[range].enumerated() {
                let numbers = scalars[row * width..<(row + 1) * width].map(Double.init)
                guard answer.isClass else {
                    result.append(Prediction(input: name, classes: [], numbers: numbers))
                    continue
                }
                let best = numbers.indices.sorted { a, b in
                    numbers[a] == numbers[b] || numbers[a].isNaN || numbers[b].isNaN ? a < b : numbers[a] > numbers[b]
                }.prefix(topK)
                result.append(
                    Prediction(
                        input: name,
                        classes: best.map { label in
                            Choice(
                                name: inputs.classNames.indices.contains(label) ? inputs.classNames[label] : "\(label)",
                                label: label, probability: numbers[label])
                        }, numbers: []))
            }
        }
        return result
    }
}

extension [Prediction] {
    /// One line a sample, for people.
    public var text: String {
        let rows = map { prediction in
            [prediction.input]
                + (prediction.classes.isEmpty
                    ? [prediction.numbers.map { NumberFormat.short($0, digits: 5) }.joined(separator: "  ")]
                    : prediction.classes.map { "\($0.name) \(NumberFormat.percent($0.probability))" })
        }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count)
            }.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// A table: `input,class,probability`, or `class1,probability1,class2…`, or `value…`.
    public var csv: String {
        let width = map { $0.classes.isEmpty ? $0.numbers.count : $0.classes.count }.max() ?? 0
        let hasClasses = contains { !$0.classes.isEmpty }
        let columns = (1...Swift.max(1, width)).flatMap { place in
            let number = width > 1 ? "\(place)" : ""
            return hasClasses ? ["class\(number)", "probability\(number)"] : ["value\(number)"]
        }
        let rows = map { prediction in
            [prediction.input]
                + (prediction.classes.isEmpty
                    ? prediction.numbers.map { "\(Float($0))" }
                    : prediction.classes.flatMap { [$0.name, decimals($0.probability)] })
        }
        return CSVRows.text([["input"] + columns] + rows)
    }

    /// A list of objects; numbers that are not finite are texts.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(self)
    }
}
