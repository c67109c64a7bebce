import Foundation

/// What a data source gives to the reader of its samples.
///
/// ```swift
/// let request = SampleRequest(directory: "/data", seed: 7)
/// print(request.path("iris.csv"))   // /data/iris.csv
/// let raw = try DataGenerator.moons().read(request)
/// ```
public struct SampleRequest: Sendable, Hashable {
    /// The folder from which relative paths start; where the program runs if `nil`.
    public var directory: String?
    /// The seed of samples that are drawn.
    public var seed: UInt64
    /// A column of a table that is wanted as the group of each row.
    public var groupColumn: String?

    /// A request for a reader.
    ///
    /// - Parameters:
    ///   - directory: The folder from which relative paths start; the current one if `nil`.
    ///   - seed: The seed of samples that are computed.
    ///   - groupColumn: The column of a table whose equal values belong together.
    public init(directory: String? = nil, seed: UInt64 = 7, groupColumn: String? = nil) {
        self.directory = directory
        self.seed = seed
        self.groupColumn = groupColumn
    }

    /// A path of the settings, from `directory` on if it is relative.
    public func path(_ path: String) -> String {
        guard let directory, !path.hasPrefix("/") else { return path }
        return path == "." ? directory : "\(directory)/\(path)"
    }

    /// A folder that exists, by its path in the settings.
    ///
    /// - Parameters:
    ///   - name: The path, from `directory` on if it is relative.
    ///   - content: What it should hold, for the message.
    /// - Throws: `DatasetError` if there is none.
    public func folder(_ name: String, holding content: String) throws(DatasetError) -> String {
        let path = path(name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw DatasetError(
                .missing, "\(path): there is no such folder", expected: "a folder with \(content)",
                remedy:
                    "Check the path; relative ones start from data.directory (--data), or else from where the command runs."
            )
        }
        return path
    }
}
