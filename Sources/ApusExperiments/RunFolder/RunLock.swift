import ApusTraining
import Foundation
import Synchronization

/// One process at a time writes the folder of a run: a lock of the system on the folder itself, which ends with its process.
///
/// File systems without such locks have none; there a run that was killed is not told from one that runs.
final class RunLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock.
    ///
    /// - Throws: `TrainingError` if another writer has it.
    init(_ folder: RunFolder) throws {
        // A reader may hold it for a moment.
        for attempt in 0..<20 {
            switch RunLock.attempt(folder, LOCK_EX) {
            case .held(let descriptor):
                self.descriptor = Mutex(descriptor)
                return
            case .impossible:
                descriptor = Mutex(nil)
                return
            case .taken where attempt < 19: usleep(20_000)
            case .taken: break
            }
        }
        throw TrainingError(
            "the run \(folder.path) is being written by another process; wait until it ends, or choose another folder",
            kind: .file)
    }

    deinit { release() }

    /// Gives the lock back.
    func release() {
        descriptor.withLock {
            if let descriptor = $0 { close(descriptor) }
            $0 = nil
        }
    }

    /// Whether somebody writes the folder; `nil` where the file system does not say.
    static func isHeld(_ folder: RunFolder) -> Bool? {
        switch attempt(folder, LOCK_SH) {
        case .held(let descriptor):
            close(descriptor)
            return false
        case .taken: return true
        case .impossible: return nil
        }
    }

    private enum Attempt {
        case held(Int32)
        case taken
        case impossible
    }

    private static func attempt(_ folder: RunFolder, _ operation: Int32) -> Attempt {
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return .impossible }
        while flock(descriptor, operation | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(descriptor)
            return code == EWOULDBLOCK ? .taken : .impossible
        }
        return .held(descriptor)
    }
}

extension RunFolder {
    /// Writes down that the process of the run is gone, if it is.
    func noteCrash() throws {
        guard try record().state == .crashed else { return }
        let lock = try RunLock(self)
        defer { lock.release() }
        var record = try writtenRecord()
        guard record.state == .running else { return }
        record.state = .crashed
        try write(record)
    }
}
