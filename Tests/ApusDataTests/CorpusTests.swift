import ApusData
import ApusTensor
import ApusTestKit
import ApusText
import Foundation
import Testing

/// One text as windows, for language models.
@Suite struct CorpusTests {
    private func write(_ text: String, _ folder: String, _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private func inputs(_ data: Dataset?) -> [[Int]] {
        data.map { data in (0..<data.count).map { data.features(at: $0).scalars(as: Int.self) } } ?? []
    }

    private func labels(_ data: Dataset?) -> [[Int]] {
        data.map { data in (0..<data.count).map { data.target(at: $0).scalars(as: Int.self) } } ?? []
    }

    /// 20 characters: 12 to train on, 4 to validate, 4 to test; no character is in two parts.
    @Test func windowsOfParts() throws {
        try withTemporaryFolder { folder in
            let file = try write("abcabcabcabcaaabcbzb", folder, "a.txt")
            let source = DataSource(
                source: .corpus(CorpusSource([file], length: 3)), validation: .init(fraction: 0.25), test: 0.2)
            let data = try source.load(seed: 1)
            // a 2, b 3, c 4; z is not known.
            #expect(inputs(data.training) == [[2, 3, 4], [2, 3, 4], [2, 3, 4]])
            #expect(labels(data.training) == [[3, 4, 2], [3, 4, 2], [3, 4, 2]])
            #expect(inputs(data.validation) == [[2, 2, 2]])
            #expect(labels(data.validation) == [[2, 2, 3]])
            #expect(inputs(data.test) == [[4, 3, 1]])
            #expect(labels(data.test) == [[3, 1, 3]])
            #expect(data.training.elementType == .int32 && data.training.targetType.shape == [3])
            #expect(data.training.classNames == ["(padding)", "(unknown)", "\"a\"", "\"b\"", "\"c\""])
            #expect("\(data)" == "4 windows of 3 tokens, 5 classes")
            #expect(data.remarks == ["texts are windows of 3 tokens out of 5 (characters)"])
            #expect(data.training.preprocessing == .identity && data.kind == .sequence)
            #expect(data.text?.stride == 3)
            // Neither seed moves a part of one text.
            #expect(try source.load(seed: 2).fingerprint == data.fingerprint)
        }
    }

    @Test func strides() throws {
        try withTemporaryFolder { folder in
            let file = try write("abcdefgh", folder, "a.txt")
            func windows(_ stride: Int) throws -> [[Int]] {
                inputs(
                    try DataSource(
                        source: .corpus(CorpusSource([file], length: 3, stride: stride)),
                        validation: .init(fraction: 0), test: 0
                    ).load(seed: 1).training)
            }
            #expect(try windows(1) == [[2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 7], [6, 7, 8]])
            #expect(try windows(2) == [[2, 3, 4], [4, 5, 6], [6, 7, 8]])
            #expect(try windows(4) == [[2, 3, 4], [6, 7, 8]])
            #expect(try windows(5) == [[2, 3, 4]])
        }
    }

    /// Folders stand for their texts, sorted by bytes; files follow each other on a new line. Letters of several bytes stay whole.
    @Test func filesAndFolders() throws {
        try withTemporaryFolder { folder in
            _ = try write("b", folder, "t/b.txt")
            _ = try write("é", folder, "t/a/x.TXT")
            _ = try write("?", folder, "t/c.md")
            _ = try write("üx", folder, "one")
            func text(_ files: TextPaths, _ test: Double = 0) throws -> String {
                let data = try DataSource(
                    source: .corpus(CorpusSource(files, length: 1)), directory: folder,
                    validation: .init(fraction: 0), test: test
                ).load(seed: 1)
                let tokens = inputs(data.training).flatMap { $0 } + (labels(data.training).last ?? []).suffix(1)
                return try #require(data.text).tokenizer.decode(tokens)
            }
            #expect(try text(["t", "one"]) == "é\nb\nüx")
            #expect(try text("t") == "é\nb")
            // Of eight bytes the sixth is within a letter.
            #expect(try text(["t", "one"], 0.25) == "é\nb\n")
        }
    }

    @Test func bytePairs() throws {
        try withTemporaryFolder { folder in
            let file = try write(String(repeating: "to be or not to be. ", count: 20), folder, "a.txt")
            let data = try DataSource(
                source: .corpus(CorpusSource([file], tokenizer: .bytePair(vocabulary: 266), length: 8)), test: 0
            ).load(seed: 1)
            let reading = try #require(data.text)
            #expect(reading.description == "windows of 8 tokens out of 266 (parts of words)")
            #expect(
                data.training.classNames.count == 266 && data.training.classNames.contains("\" be\""),
                "\(data.training.classNames)")
            #expect(reading.tokenizer.decode(inputs(data.training)[0]).hasPrefix("to be or not"))
            let again = try JSONDecoder().decode(TextReading.self, from: JSONEncoder().encode(reading))
            #expect(again.stride == 8)
        }
    }

    @Test func refusals() throws {
        try withTemporaryFolder { folder in
            let file = try write("abcdefghij", folder, "a.txt")
            func refusal(
                _ source: CorpusSource, _ validation: DataSource.Validation = .init(fraction: 0), test: Double = 0
            ) -> String {
                message { try DataSource(source: .corpus(source), validation: validation, test: test).load(seed: 1) }
            }
            #expect(
                refusal(CorpusSource([file], length: 10)) == """
                    the training part of the text is too short for a window. Expected at least 11 tokens; received 10. Give a longer text, \
                    or a smaller length.
                    """)
            #expect(
                refusal(CorpusSource([file], length: 3), .init(fraction: 0.2)) == """
                    the validation part of the text is too short for a window. Expected at least 4 tokens; received 2. Give a longer text, \
                    a smaller length or a greater fraction, or 0 for no such part.
                    """)
            #expect(
                refusal(CorpusSource([file], length: 3), .init(fraction: 1.5)) == """
                    the text can't be divided. Expected a validation part of a fraction in 0..<1; received 1.5. Correct \
                    data.validation.fraction.
                    """)
            #expect(
                refusal(CorpusSource([file]), .init(file: "held.txt"))
                    == "data.validation.file numbers samples, held.txt, but the parts of a corpus follow each other; give validation.fraction"
            )
            #expect(
                message { try DataSource(source: .corpus(CorpusSource([file]))).folds(3, seed: 1) }
                    == "a corpus is one text whose parts follow each other, so there are no 3 folds; train with a validation part"
            )
            #expect(refusal(CorpusSource([])) == "data.source.corpus: give at least one file")
            #expect(
                refusal(CorpusSource([file], length: 0))
                    == "data.source.corpus: length must be in 1…1048576, received 0")
            #expect(
                refusal(CorpusSource([file], stride: 0)) == "data.source.corpus: stride must be at least 1, received 0")
            #expect(
                refusal(CorpusSource([file], vocabulary: 2))
                    == "data.source.corpus: vocabulary must be at least 3, for padding and unknown are two, received 2")
            #expect(
                refusal(CorpusSource([file], minimumCount: 0))
                    == "data.source.corpus: minimumCount must be at least 1, received 0")
            try FileManager.default.createDirectory(atPath: "\(folder)/none", withIntermediateDirectories: true)
            #expect(
                refusal(CorpusSource(["\(folder)/none"])) == """
                    \(folder)/none: the folder holds no texts. Expected files that end in .txt. Check the path.
                    """)
        }
    }
}
