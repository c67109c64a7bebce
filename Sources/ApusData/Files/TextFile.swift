package import ApusFormats
import Foundation

/// Files of texts in UTF-8.
package enum TextFile {
    /// The text of a file, without a byte order mark.
    package static func whole(_ path: String) throws(FormatError) -> String {
        let source = try ByteSource(path: path, content: "a text")
        let bytes = try source.bytes(0..<source.count)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FormatError(
                .malformed, path: path, "the file is not text in UTF-8",
                remedy: "Save it as UTF-8: iconv -f latin1 -t utf-8 OLD > NEW.")
        }
        return text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    }

    /// The lines of a file that are not empty; they end with LF, CR LF or CR.
    package static func lines(_ path: String) throws(FormatError) -> [String] {
        let lines = try whole(path).utf8.split { $0 == 10 || $0 == 13 }.map { String(Substring($0)) }
        guard !lines.isEmpty else {
            throw FormatError(
                .malformed, path: path, "the file has no lines", expected: "a text a line", remedy: "Check the path.")
        }
        return lines
    }
}

/// A folder of texts with one sub-folder a class, as `ImageFolder` is one of images: files called `.txt`, in sorted order.
struct TextFolder {
    private(set) var paths: [String] = []
    private(set) var labels: [Int] = []
    let classNames: [String]

    init(_ path: String) throws {
        let folders = TextFolder.names(path).filter { TextFolder.isFolder("\(path)/\($0)") }
        classNames = ClassNames.sorted(folders).names
        guard !classNames.isEmpty else {
            throw FormatError(
                .mismatch, path: path, "the folder has no sub-folders", expected: "one sub-folder a class",
                remedy: "Put the texts of each class into a folder with its name, or check the path.")
        }
        for (label, name) in classNames.enumerated() {
            let files = TextFolder.names("\(path)/\(name)").filter { $0.lowercased().hasSuffix(".txt") }
            guard !files.isEmpty else {
                throw FormatError(
                    .mismatch, path: "\(path)/\(name)", "the folder of a class holds no texts",
                    expected: "files called .txt", remedy: "Add texts, or remove the folder.")
            }
            paths += files.map { "\(path)/\(name)/\($0)" }
            labels += Array(repeating: label, count: files.count)
        }
    }

    /// The names in a folder by their bytes, but those that start with a point.
    private static func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
