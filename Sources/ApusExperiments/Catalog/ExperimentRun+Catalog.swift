import Foundation

extension ExperimentRun {
    /// Notes how the run stands in the catalog of the folder that holds its own.
    ///
    /// Where there is none, a run in the usual place makes one; one whose folder was named does not.
    ///
    /// - Throws: `SearchError` if the catalog is damaged or can't be written.
    public func noteInCatalog() throws {
        guard let folder else { return }
        let parent = URL(filePath: folder.path).deletingLastPathComponent().relativePath
        guard RunCatalog.exists(parent) || !isPlaced else { return }
        try RunCatalog(parent).note(folder)
    }
}
