import ApusData
import ApusTensor
import ApusTestKit
import ApusText
import Foundation
import Testing

/// Texts as samples.
@Suite struct TextSourceTests {
    private let reviews = """
        review,label
        "A good film, good!",yes
        a bad film,no
        Good,yes
        bad acting,no

        """

    private func write(_ text: String, _ folder: String, _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private func rows(_ data: Dataset) -> [[Float]] { (0..<data.count).map { data.features(at: $0).scalars } }

    /// The last review is held back: its words are not those of the training.
    @Test func columnOfATable() throws {
        try withTemporaryFolder { folder in
            let file = try write(reviews, folder, "r.csv")
            let held = try write("3\n", folder, "held.txt")
            var source = DataSource(
                source: .text(TextSource(file: file, column: "review", target: "label", length: 3)),
                validation: .init(file: held), test: 0)
            let data = try source.load(seed: 1)
            // good: 3, film: 2, a: 2 of which a came first; then bad.
            #expect(rows(data.training) == [[3, 2, 4], [3, 5, 4], [2, 0, 0]])
            #expect(rows(try #require(data.validation)) == [[5, 1, 0]])
            #expect(data.training.elementType == .int32 && data.training.sampleShape == [3])
            #expect(data.training.classNames == ["no", "yes"])
            #expect((0..<3).map { data.training.label(at: $0) } == [1, 0, 1])
            #expect(data.remarks.first == "texts are sequences of 3 tokens out of 6 (words)")
            #expect("\(data)" == "4 texts, 2 classes")
            #expect(data.training.preprocessing == .identity && data.kind == .sequence)

            source.source = .text(
                TextSource(file: file, column: "review", target: "label", vocabulary: 4, encoding: .multiHot))
            let hot = try source.load(seed: 1)
            #expect(rows(hot.training) == [[0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0]])
            #expect(hot.training.elementType == .uint8 && hot.kind == .table)
            #expect(hot.remarks.first == "texts are one feature for each of 4 tokens (words)")
        }
    }

    @Test func lengthOfTheLongest() throws {
        try withTemporaryFolder { folder in
            let file = try write("\u{feff}abc\n\r\na\rbb\r\n", folder, "lines.txt")
            let data = try DataSource(
                source: .text(TextSource(file: file, tokenizer: .characters)), validation: .init(fraction: 0), test: 0
            ).load(seed: 1)
            #expect(rows(data.training) == [[3, 2, 4], [3, 0, 0], [2, 2, 0]])
            #expect(!data.training.hasTargets)
            #expect(data.text?.length == 3)
            let end = try DataSource(
                source: .text(TextSource(file: file, tokenizer: .characters, length: 2, keeping: .end)),
                validation: .init(fraction: 0), test: 0
            ).load(seed: 1)
            #expect(rows(end.training) == [[2, 4], [3, 0], [2, 2]])
        }
    }

    @Test func foldersOfClasses() throws {
        try withTemporaryFolder { folder in
            for (name, text) in [("b/2.txt", "x y"), ("b/1.TXT", "x\nx"), ("a/1.txt", "y"), ("a/no.md", "z")] {
                _ = try write(text, folder, "t/\(name)")
            }
            let data = try DataSource(
                source: .text(TextSource(folder: "t")), directory: folder, validation: .init(fraction: 0), test: 0
            ).load(seed: 1)
            #expect(rows(data.training) == [[3, 0], [2, 2], [2, 3]])
            #expect((0..<3).map { data.training.label(at: $0) } == [0, 1, 1])
            #expect(data.training.classNames == ["a", "b"])
            #expect(data.text?.readsWholeFiles == true)
        }
    }

    @Test func bytePairsAndFiles() throws {
        try withTemporaryFolder { folder in
            let file = try write("abab\nab\n", folder, "lines.txt")
            let learned = try DataSource(
                source: .text(TextSource(file: file, tokenizer: .bytePair(vocabulary: 258))),
                validation: .init(fraction: 0), test: 0
            ).load(seed: 1)
            #expect(rows(learned.training) == [[257, 257], [257, 0]])
            guard case .subwords(let tokenizer)? = learned.text?.tokenizer else {
                Issue.record("no byte pairs")
                return
            }
            try tokenizer.write(to: "\(folder)/tokenizer.json")
            let read = try DataSource(
                source: .text(TextSource(file: "lines.txt", tokenizer: .file("tokenizer.json"))), directory: folder,
                validation: .init(fraction: 0), test: 0
            ).load(seed: 1)
            #expect(rows(read.training) == rows(learned.training))
        }
    }

    /// What fills shorter texts stands for nothing, unless the tokenizer has no token for that: then it is the one with the number 0.
    @Test func whatFillsIsKnown() throws {
        try withTemporaryFolder { folder in
            let file = try write("abab\nab\n", folder, "lines.txt")
            for (special, padding) in [(["<end>", "[PAD]"], 1), (["<end>"], nil)] as [([String], Int?)] {
                try BytePairTokenizer(trainedOn: ["abab"], vocabularySize: 260, specialTokens: special).subwords.write(
                    to: "\(folder)/\(special.count).json")
                let source = TextSource(file: file, tokenizer: .file("\(folder)/\(special.count).json"), length: 4)
                let data = try DataSource(source: .text(source), validation: .init(fraction: 0), test: 0).load(seed: 1)
                #expect(data.training.padding == padding)
                #expect(rows(data.training)[1].last == Float(padding ?? 0))
            }
            for (encoding, padding) in [(.sequence, 0), (.multiHot, nil)] as [(TextEncoding, Int?)] {
                let source = TextSource(file: file, encoding: encoding)
                let data = try DataSource(source: .text(source), validation: .init(fraction: 0), test: 0).load(seed: 1)
                #expect(data.training.padding == padding)
            }
        }
    }

    /// Each fold has the tokenizer of its own training part.
    @Test func folds() throws {
        try withTemporaryFolder { folder in
            let file = try write("a\nb\nc\n", folder, "lines.txt")
            let folds = try DataSource(source: .text(TextSource(file: file)), test: 0).folds(3, seed: 1)
            for fold in folds {
                #expect(rows(fold.training) == [[2], [3]])
                #expect(rows(try #require(fold.validation)) == [[1]])
            }
        }
    }

    @Test func readingTravels() throws {
        for choice: TokenizerChoice in [.characters, .words, .bytePair(vocabulary: 260)] {
            let fitted = try FittedTokenizer(choice, texts: ["a good film", "a bad e\u{301}"])
            let reading = TextReading(fitted, encoding: .sequence, length: 9, keeping: .end, column: "c")
            let again = try JSONDecoder().decode(TextReading.self, from: JSONEncoder().encode(reading))
            let texts = ["a bad film", "é e\u{301}", ""]
            #expect(try again.samples(of: texts).scalars == reading.samples(of: texts).scalars)
            #expect(again.column == "c" && again.keeping == .end && again.description == reading.description)
        }
    }

    @Test func refusals() throws {
        try withTemporaryFolder { folder in
            let file = try write(reviews + ",no\nx,\n", folder, "r.csv")
            func refusal(_ source: TextSource) -> String {
                message { try DataSource(source: .text(source), test: 0).load(seed: 1) }
            }
            #expect(
                refusal(TextSource(file: file, column: "text", target: "label")) == """
                    \(file): the table has no column "text". Expected one of review, label. Check the name, and whether the first row of \
                    the file names the columns.
                    """)
            #expect(
                refusal(TextSource(file: file, column: "review", target: "label")) == """
                    \(file): the target label is missing in row 6. Expected a value in every row. Remove the row.
                    """)
            #expect(
                refusal(TextSource(file: file, column: "review", target: "review", task: .regression)) == """
                    \(file): the target review is missing in row 5. Expected a value in every row. Remove the row.
                    """)
            #expect(refusal(TextSource()) == "data.source.text: give file, or folder")
            #expect(
                refusal(TextSource(file: file, target: "label"))
                    == "data.source.text: give the column of the texts: column")
            #expect(
                refusal(TextSource(file: file, vocabulary: 2))
                    == "data.source.text: vocabulary must be at least 3, for padding and unknown are two, received 2")
            #expect(
                refusal(TextSource(file: file, length: 0))
                    == "data.source.text: length must be in 1…1048576, received 0")
            #expect(refusal(TextSource(folder: "\(folder)/no")).hasPrefix("\(folder)/no: there is no such folder"))
            #expect(
                refusal(TextSource(folder: folder)) == """
                    \(folder): the folder has no sub-folders. Expected one sub-folder a class. Put the texts of each class into a folder \
                    with its name, or check the path.
                    """)
        }
    }
}
