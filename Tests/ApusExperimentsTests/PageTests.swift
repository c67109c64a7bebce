import ApusConfigurationFiles
import ApusExperiments
import ApusSearch
import ApusTestKit
import Testing

/// The files that pages show are read as they stand there.
@Suite struct PageTests {
    static let blocks = Page.all.flatMap(\.blocks).filter { $0.language == "yaml" }

    @Test(arguments: blocks) func filesAreRead(_ block: Page.Block) throws {
        if block.lines.contains(where: { $0.hasPrefix("space:") }) {
            _ = try LayeredFile<Search>(yaml: block.text, path: block.place).value()
        } else {
            // A part of a file is read with the name and the network that stand elsewhere in it.
            let missing = ["name: page", "model: mlp"].filter { key in
                !block.lines.contains { $0.hasPrefix(key.prefix { $0 != " " }) }
            }
            _ = try Experiment(yaml: missing.joined(separator: "\n") + "\n" + block.text, path: block.place)
        }
    }

    @Test func thereAreFiles() { #expect(Self.blocks.count >= 9) }
}
