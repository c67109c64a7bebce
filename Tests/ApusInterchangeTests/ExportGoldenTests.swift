import ApusInterchange
import ApusNN
import Foundation
import Testing

/// The nodes that models are written as, against those on record, which ONNX Runtime was seen to agree with (`Scripts/interoperability`).
///
/// A change that is meant to alter files renews the record after that check: `APUS_RENEW_GOLDEN=1 make test ARGS="--filter
/// ExportGoldenTests"`.
@Suite struct ExportGoldenTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Golden/exported.txt")

    /// Networks of the zoo are tested by what they are made of.
    private static let cases = ExportCase.all.filter { !$0.name.hasPrefix("zoo-") } + ExportCase.random(60)

    @Test func nodesAreThoseOnRecord() throws {
        let records = try ExportGoldenTests.cases.map { item in
            let graph = try item.model.exportedGraph(try item.exactVariables(), item.inputs, images: item.images)
            return (name: item.name, text: (["# \(item.name)"] + graph.lines).joined(separator: "\n"))
        }
        if ProcessInfo.processInfo.environment["APUS_RENEW_GOLDEN"] != nil {
            try (records.map(\.text).joined(separator: "\n\n") + "\n").write(
                to: ExportGoldenTests.file, atomically: true, encoding: .utf8)
        }
        let texts = try String(contentsOf: ExportGoldenTests.file, encoding: .utf8).components(separatedBy: "\n\n")
            .map { $0.trimmingCharacters(in: .newlines) }
        let expected = Dictionary(
            uniqueKeysWithValues: texts.map { (String($0.prefix(while: { !$0.isNewline }).dropFirst(2)), $0) })
        for (name, text) in records {
            let known = expected[name]
            #expect(known != nil, "\(name) is not on record: check it with ONNX Runtime, then renew the record")
            if let known { #expect(text == known) }
        }
        #expect(Set(expected.keys).isSubset(of: records.map(\.name)))
    }
}
