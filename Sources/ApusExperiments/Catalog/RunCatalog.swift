public import ApusSearch
import ApusTraining
import Foundation

/// The runs below a folder, as a list that is kept in the folder's `runs.sqlite` beside studies and their trials.
///
/// The folders are what counts: `update` reads them, so a run that was copied here is found, and one that was removed is forgotten.
///
/// ```swift
/// let catalog = try RunCatalog("runs")
/// try catalog.update()
/// print(catalog.folder, catalog.store.path)   // runs runs/runs.sqlite
/// ```
public struct RunCatalog: Sendable {
    private static let fileName = "runs.sqlite"

    /// The folder of runs: `runs`.
    public let folder: String
    /// The database with the list; studies and their trials are in it as well.
    public let store: TrialStore

    /// The catalog of a folder of runs, which is made if it does not exist.
    ///
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

    private init(_ folder: String, _ store: TrialStore) { (self.folder, self.store) = (folder, store) }

    /// The catalog of a folder that is only looked at: where it can't be written, as on a read-only file system, the list is made
    /// anew and not kept.
    ///
    /// - Parameters:
    ///   - folder: The folder that holds the folders of runs.
    ///   - report: Is told if it is not kept.
    public init(reading folder: String, report: (String) -> Void = { _ in }) throws {
        do {
            try self.init(folder)
        } catch let error as SearchError where error.failureKind == .file {
            let manager = FileManager.default
            let aside = manager.temporaryDirectory.appending(path: "apus-runs-\(UUID().uuidString)").path
            try manager.createDirectory(atPath: aside, withIntermediateDirectories: true)
            // The database lives on without a name.
            defer { try? manager.removeItem(atPath: aside) }
            self.init(folder, try TrialStore(path: "\(aside)/\(RunCatalog.fileName)"))
            report("the list of runs is not kept: \(error)")
        }
    }

    /// Whether a folder has a catalog.
    public static func exists(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/\(RunCatalog.fileName)")
    }

    /// Brings the list up to date with the folders.
    ///
    /// - Parameter report: Receives folders that are damaged and left out, and of files that are damaged.
    public func update(report: (String) -> Void = { _ in }) throws {
        var found: Set<String> = []
        for name in names() {
            do {
                let run = try RunFolder(existing: "\(folder)/\(name)")
                // It is said anyway; a folder that can't be written keeps what it has.
                try? run.noteCrash()
                let entry = try RunEntry(run, name: name, report: report)
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
        /// - Parameter above: The folders around it, in which links may lead again.
        func search(_ name: String, _ above: [String]) {
            let path = name.isEmpty ? folder : "\(folder)/\(name)"
            let place = URL(filePath: path).resolvingSymlinksInPath().path
            guard !above.contains(place) else { return }
            if RunFolder.exists(path) { return found.append(name) }
            guard above.count < 4, let inner = try? manager.contentsOfDirectory(atPath: path) else { return }
            for child in inner.sorted() where !child.hasPrefix(".") {
                var isFolder: ObjCBool = false
                guard manager.fileExists(atPath: "\(path)/\(child)", isDirectory: &isFolder), isFolder.boolValue else {
                    continue
                }
                search(name.isEmpty ? child : "\(name)/\(child)", above + [place])
            }
        }
        search("", [])
        return found
    }
}
