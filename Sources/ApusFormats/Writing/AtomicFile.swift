import Foundation

/// Writes files that appear whole or not at all.
///
/// The bytes go to a temporary file in the same folder (`.apus-….tmp`), which is synced to the disk and then renamed;
/// last,
/// the folder is synced. Whatever fails before the rename, a file that was there before stays as it was, and the
/// temporary file is removed. A process that is killed leaves its temporary file behind, and the old file intact.
package enum AtomicFile {
    /// Writes bytes to a file, replacing one that exists.
    package static func write(_ bytes: [UInt8], to path: String) throws(FormatError) {
        try write(to: path) { (output) throws(FormatError) in try output.append(contentsOf: bytes) }
    }

    /// Writes a text to a file, in UTF-8, replacing one that exists.
    package static func write(_ text: String, to path: String, calls: FileCalls = .system) throws(FormatError) {
        try write(to: path, calls: calls) { (output) throws(FormatError) in
            try output.append(contentsOf: Array(text.utf8))
        }
    }

    /// Writes a file piece by piece, replacing one that exists; if `body` throws, nothing changes.
    ///
    /// - Throws: what `body` throws, and the system's refusals (a full disk, no permission, a missing folder).
    package static func write(
        to path: String, _ body: (FileOutput) throws(FormatError) -> Void
    ) throws(FormatError) {
        try write(to: path, calls: .system, body)
    }

    package static func write(
        to path: String, calls: FileCalls, _ body: (FileOutput) throws(FormatError) -> Void
    ) throws(FormatError) {
        let target = try Target(path)
        let (temporary, descriptor) = try target.createTemporary()
        var isOpen = true
        do {
            let output = FileOutput(path: path, descriptor: descriptor, calls: calls)
            try body(output)
            try output.flush()
            try check(calls.sync(descriptor), path, "syncing it to the disk")
            isOpen = false
            try check(calls.close(descriptor), path, "closing it")
            try check(calls.rename(temporary, target.path), path, "renaming it")
        } catch {
            if isOpen { _ = calls.close(descriptor) }
            unlink(temporary)
            throw error
        }
        try syncFolder(target.folder, path, calls)
    }

    private static func check(_ result: Int, _ path: String, _ action: String) throws(FormatError) {
        if result < 0 { throw .writing(path, code: Int32(clamping: -result), while: action) }
    }

    /// Makes the new name survive a power failure.
    private static func syncFolder(_ folder: String, _ path: String, _ calls: FileCalls) throws(FormatError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A folder that may be written but not listed can't be synced.
        guard descriptor >= 0 else { return }
        let result = calls.sync(descriptor)
        _ = calls.close(descriptor)
        // Some file systems have nothing to sync in a folder, and say so.
        if result == -Int(EINVAL) || result == -Int(ENOTSUP) { return }
        try check(result, path, "syncing its folder; the new file is in place, but may not survive a power failure")
    }
}

extension AtomicFile {
    /// The place where a file will appear.
    private struct Target {
        /// Where symbolic links lead.
        let path: String
        let folder: String
        /// The permissions of the file that is replaced.
        private let mode: mode_t?
        private let name: String

        init(_ name: String) throws(FormatError) {
            try FormatError.checkPath(name)
            var path = name
            if let resolved = realpath(name, nil) {
                path = String(cString: resolved)
                free(resolved)
            }
            let slash = path.lastIndex(of: "/")
            let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            let leaf = slash.map { path[path.index(after: $0)...] } ?? path[...]
            var status = stat()
            let exists = stat(path, &status) == 0
            guard !exists || status.st_mode & S_IFMT != S_IFDIR, !["", ".", ".."].contains(leaf) else {
                throw .writing(name, code: path.isEmpty ? ENOENT : EISDIR, while: "creating it")
            }
            guard !exists || status.st_mode & S_IFMT == S_IFREG else {
                throw FormatError(
                    .mismatch, path: name, "this is not a regular file", expected: "a file that can be replaced",
                    received: "a pipe or a device", remedy: "Give the path of a file.")
            }
            self.name = name
            self.path = path
            self.folder = folder
            mode = exists ? status.st_mode & 0o7777 : nil
        }

        /// Creates a new, empty file beside the target.
        func createTemporary() throws(FormatError) -> (path: String, descriptor: Int32) {
            while true {
                let temporary = "\(folder)/.apus-\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
                let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
                if descriptor >= 0 {
                    // A file system without permissions refuses; then there is nothing to keep.
                    if let mode { _ = fchmod(descriptor, mode) }
                    return (temporary, descriptor)
                }
                let code = errno
                if code != EEXIST && code != EINTR { throw .writing(name, code: code, while: "creating it") }
            }
        }
    }
}
