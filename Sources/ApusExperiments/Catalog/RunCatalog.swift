public import ApusSearch
import ApusTraining
import Foundation

/// The runs below a folder, as a list that is kept in the folder's `runs.sqlite` beside studies and their trials.
///
/// The folders are what counts: `update` reads them, so a run that was copied here is found, and one that was removed is forgotten.
public struct RunCatalog: Sendable {
    private static let fileName = "runs.sqlite"

    /// The folder of runs: `runs`.
    public let folder: String
    /// The database with the list; studies and their trials are in it as well.
    public let store: TrialStore

    /// - Throws: `TrainingError` if the folder can't be made; `SearchError` if its database can't be made or is damaged.
    public init(_ folder: String = "runs") throws {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw TrainingError("the folder \(folder) can't be made: \(error.localizedDescription)", kind: .file)
        }
        store = try TrialStore(path: "\(folder)/\(RunCatalog.fileName)")
    }

    /// Whether a folder has a catalog.
    public static func exists(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/\(RunCatalog.fileName)")
    }

    /// Brings the list up to date with the folders.
    ///
    /// - Parameter report: Receives the folders that are damaged; they are left out.
    public func update(report: (String) -> Void = { _ in }) throws {
        var found: Set<String> = []
        for name in names() {
            do {
                let run = try RunFolder(existing: "\(folder)/\(name)")
                // It is said anyway; a folder that can't be written keeps what it has.
                try? run.noteCrash()
                let entry = try RunEntry(run, name: name)
                found.insert(name)
                try store.record(entry)
            } catch let error where !(error is SearchError) {
                report("\(folder)/\(name) is left out: \(error)")
            }
        }
        for entry in try store.runs() where !found.contains(entry.folder) { try store.removeRun(entry.folder) }
    }

    /// Notes how a run stands.
    public func note(_ run: RunFolder) throws {
        let prefix = folder + "/"
        guard run.path.hasPrefix(prefix) else { return }
        let name = String(run.path.dropFirst(prefix.count))
        try store.record(try RunEntry(run, name: name))
    }

    /// The path of a run's folder.
    public func path(_ entry: RunEntry) -> String { "\(folder)/\(entry.folder)" }

    /// The folders below that hold runs, as paths from the catalog's folder; runs of trials and folds lie two levels deeper.
    private func names() -> [String] {
        let manager = FileManager.default
        var found: [String] = []
        func search(_ name: String, depth: Int) {
            let path = name.isEmpty ? folder : "\(folder)/\(name)"
            if RunFolder.exists(path) { return found.append(name) }
            guard depth < 4, let inner = try? manager.contentsOfDirectory(atPath: path) else { return }
            for child in inner.sorted() where !child.hasPrefix(".") {
                var isFolder: ObjCBool = false
                guard manager.fileExists(atPath: "\(path)/\(child)", isDirectory: &isFolder), isFolder.boolValue else {
                    continue
                }
                search(name.isEmpty ? child : "\(name)/\(child)", depth: depth + 1)
            }
        }
        search("", depth: 0)
        return found
    }
}
