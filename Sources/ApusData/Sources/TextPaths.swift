public import ApusConfiguration
import ApusFormats
import Foundation

/// Files of texts, or folders of them: `book.txt`, or `[one.txt, more/]`.
///
/// ```swift
/// let source = CorpusSource(["one.txt", "more"])
/// print(source.files.paths.count)   // 2
/// ```
public struct TextPaths: Sendable, Hashable {
    /// The paths; a folder stands for all files in it that are called `.txt`, and in its sub-folders.
    public var paths: [String]

    /// Files, or folders of them.
    public init(_ paths: [String]) { self.paths = paths }

    /// The texts of all files, a folder's by the bytes of their names, with a line between two of them.
    ///
    /// - Throws: `FormatError` for a file that is missing or no text, and for a folder without texts.
    func text(_ request: SampleRequest) throws(FormatError) -> String {
        var texts: [String] = []
        for path in paths.map(request.path) {
            for file in try TextPaths.files(path) { texts.append(try TextFile.whole(file)) }
        }
        return texts.joined(separator: "\n")
    }

    private static func files(_ path: String) throws(FormatError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return [path]
        }
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        let texts = names.filter { $0.lowercased().hasSuffix(".txt") }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        guard !texts.isEmpty else {
            throw FormatError(
                .missing, path: path, "the folder holds no texts", expected: "files that end in .txt",
                remedy: "Check the path.")
        }
        return texts.map { "\(path)/\($0)" }
    }
}

extension TextPaths: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    public init(stringLiteral path: String) { self.init([path]) }
    public init(arrayLiteral paths: String...) { self.init(paths) }
}

extension TextPaths: Codable, FileRepresentable, CustomStringConvertible {
    public static var form: Form { .either([.text, .list(.text)]) }

    public init(from decoder: any Decoder) throws {
        let single = try? decoder.singleValueContainer().decode(String.self)
        self.init(try single.map { [$0] } ?? [String](from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        if paths.count == 1 { try paths[0].encode(to: encoder) } else { try paths.encode(to: encoder) }
    }

    public var description: String {
        paths.count == 1 ? paths[0].quoted : "[" + paths.map(\.quoted).joined(separator: ", ") + "]"
    }
}
