import ApusConfiguration
import ApusFormats
import Foundation

/// A file that some experiments need and that is no part of the repository: `make lab-data` fetches it.
///
/// ```swift
/// for file in LabFile.allCases where !file.isThere { print(file.path, "is missing") }
/// ```
public enum LabFile: String, Sendable, Hashable, CaseIterable {
    /// 5,000 digits of MNIST, 28 × 28, as a table: 500 of each, sorted by class.
    case mnist = "mnist_5k.csv"
    /// A sheet of 5,000 digits of 20 × 20 pixels, which belongs to OpenCV's examples: those of `mnist` in their order, made smaller.
    case digits = "digits.png"
    /// 10,605 sentences of film reviews with the mean of 20 ratings.
    case sentences = "movieReviewSnippets_GroundTruth.txt"

    /// Where the files are: what the environment names with `APUS_LAB_DATA`; otherwise `apus/lab` in `XDG_CACHE_HOME` or `~/.cache`.
    public static var folder: String { CacheFolder.path("lab", variable: "APUS_LAB_DATA") }

    /// Where it is, if it was fetched.
    public var path: String { "\(LabFile.folder)/\(rawValue)" }

    /// Whether it was fetched.
    public var isThere: Bool { FileManager.default.fileExists(atPath: path) }

    /// What it holds.
    private var content: String {
        switch self {
        case .mnist: "5,000 digits of MNIST"
        case .digits: "5,000 small digits"
        case .sentences: "sentences of film reviews"
        }
    }

    /// The error of files that are missing; `nil` if all are there.
    static func problem(_ files: [LabFile]) -> LabError? {
        let missing = files.filter { !$0.isThere }
        guard !missing.isEmpty else { return nil }
        let list = missing.map { "\($0.rawValue) (\($0.content))" }.joined(separator: " and ")
        return LabError(
            "this experiment needs \(list), not found in \(LabFile.folder.quoted); fetch with: make lab-data, which is Scripts/lab-data.sh",
            .missing)
    }

    /// The bytes.
    ///
    /// - Throws: `LabError` if it is missing or can't be read.
    func bytes() throws -> [UInt8] {
        if let problem = LabFile.problem([self]) { throw problem }
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw LabError("\(path.quoted) can't be read: \(error.localizedDescription)", .file)
        }
    }

    /// The error of a file that holds something else.
    func malformed(_ problem: String) -> LabError {
        LabError("\(path.quoted) does not hold \(content): \(problem); remove it and run make lab-data", .malformed)
    }
}
