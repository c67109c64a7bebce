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
            return (["# \(item.name)"] + graph.lines).joined(separator: "\n")
        }
        if ProcessInfo.processInfo.environment["APUS_RENEW_GOLDEN"] != nil {
            try (records.joined(separator: "\n\n") + "\n").write(
                to: ExportGoldenTests.file, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: ExportGoldenTests.file, encoding: .utf8).components(separatedBy: "\n\n")
            .map { $0.trimmingCharacters(in: .newlines) }
        #expect(records.count == expected.count)
        for (received, expected) in zip(records, expected) { #expect(received == expected) }
    }
}
