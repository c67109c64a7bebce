public import Foundation

/// A page of the project: its sections, the rows of their tables and their blocks of code.
public struct Page: Sendable {
    /// A row of a table.
    public struct Row: Sendable, CustomStringConvertible {
        public let cells: [String]

        /// What the first column names.
        public var name: String { code(0) ?? cells[0] }
        public var description: String { name }

        /// What stands between backticks, if a cell is nothing else.
        public func code(_ column: Int) -> String? {
            let cell = cells[column]
            return cell.count > 2 && cell.hasPrefix("`") && cell.hasSuffix("`")
                ? String(cell.dropFirst().dropLast()) : nil
        }
    }

    /// A fenced block of code.
    public struct Block: Sendable, CustomStringConvertible {
        /// The file and line in which it begins.
        public let place: String
        public let language: String
        public let lines: [String]
        public var text: String { lines.joined(separator: "\n") + "\n" }
        public var description: String { place }
    }

    /// The folder of the project.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// README and all pages of Documentation.
    public static let all: [Page] = {
        let folder = root.appending(path: "Documentation").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return [Page("README.md")] + names.filter { $0.hasSuffix(".md") }.sorted().map { Page("Documentation/\($0)") }
    }()

    public let name: String
    public let sections: [String]
    public let blocks: [Block]
    private let texts: [String: String]

    /// Reads a page; its name is a path in the project's folder.
    public init(_ name: String) {
        guard let text = try? String(contentsOf: Page.root.appending(path: name), encoding: .utf8) else {
            fatalError("there is no page \(name)")
        }
        self.name = name
        let parts = text.components(separatedBy: "\n## ").dropFirst().map { part in
            let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            return (title: String(lines[0]), text: lines.count > 1 ? String(lines[1]) : "")
        }
        sections = parts.map(\.title)
        texts = Dictionary(parts.map { ($0.title, $0.text) }) { first, _ in first }
        blocks = Page.blocks(name, text)
    }

    /// The text of a section, "" if there is none.
    public func text(_ section: String) -> String { texts[section] ?? "" }

    /// The rows of all tables of a section, without their heads.
    public func rows(_ section: String) -> [Row] {
        let lines = text(section).split(separator: "\n").filter { $0.hasPrefix("|") }
        let rules = lines.indices.filter { lines[$0].hasPrefix("|---") }
        return lines.indices.filter { !rules.contains($0) && !rules.contains($0 + 1) }.map { index in
            // A bar within a cell is written \|.
            let cells = lines[index].replacing("\\|", with: "\u{0}").split(
                separator: "|", omittingEmptySubsequences: false)
            return Row(
                cells: cells.dropFirst().dropLast().map {
                    $0.trimmingCharacters(in: .whitespaces).replacing("\u{0}", with: "|")
                })
        }
    }

    private static func blocks(_ name: String, _ text: String) -> [Block] {
        var blocks: [Block] = []
        var open: (start: Int, language: String, lines: [String])?
        for (index, line) in text.components(separatedBy: "\n").enumerated() {
            switch (line.hasPrefix("```"), open) {
            case (true, let block?):
                blocks.append(Block(place: "\(name):\(block.start)", language: block.language, lines: block.lines))
                open = nil
            case (true, nil): open = (index + 1, String(line.dropFirst(3)), [])
            case (false, _): open?.lines.append(line)
            }
        }
        return blocks
    }
}
