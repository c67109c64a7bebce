import ApusFormats
import ApusTestKit
import Foundation
import Synchronization
import Testing

@Suite struct AtomicFileTests {
    @Test func writesAndReplaces() throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t")
            try AtomicFile.write("one", to: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let large = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try AtomicFile.write(to: path) { (output) throws(FormatError) in
                for start in stride(from: 0, to: 300_000, by: 7) {
                    try output.append(contentsOf: Array(large[start..<min(start + 7, 300_000)]))
                }
                try output.append(contentsOf: Array(large[300_000...]))
            }
            #expect(try contents(path) == large)
            #expect(try folder.names == ["t"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
        }
    }

    @Test func linksAreFollowed() throws {
        try withTemporaryFolder { folder in
            let target = try folder.file("target", [1])
            let link = try folder.file("link")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            try AtomicFile.write([2], to: link)
            #expect(try contents(target) == [2])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
        }
    }

    enum Step: CaseIterable { case write, laterWrite, sync, close, rename }

    @Test(
        arguments: Step.allCases,
        [
            (ENOSPC, "No space left on device (ENOSPC)", "Free space on that disk, or choose a folder on another one."),
            (
                EDQUOT, "Disk quota exceeded (EDQUOT)",
                "Delete files of yours there, ask for a greater quota, or choose a folder on another disk."
            ),
            (
                EIO, "Input/output error (EIO)",
                "The disk or its connection fails: look at the system's log, and choose a folder on another disk."
            ),
        ])
    func failuresLeaveTheOldFile(step: Step, failure: (code: Int32, text: String, remedy: String)) throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t", [1, 2, 3])
            let code = -Int(failure.code)
            var calls = FileCalls.system
            switch step {
            case .write: calls.write = { _, _ in code }
            case .laterWrite:
                // The disk takes half of a piece, then nothing.
                calls.write = { descriptor, bytes in
                    bytes.count < 1_000_000
                        ? code : FileCalls.system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<500_001]))
                }
            case .sync: calls.sync = { _ in code }
            case .close:
                calls.close = { descriptor in
                    _ = FileCalls.system.close(descriptor)
                    return code
                }
            case .rename: calls.rename = { _, _ in code }
            }
            let action =
                switch step {
                case .write, .laterWrite: "writing its bytes"
                case .sync: "syncing it to the disk"
                case .close: "closing it"
                case .rename: "renaming it"
                }
            let error = #expect(throws: FormatError.self) {
                try AtomicFile.write(to: path, calls: calls) { (output) throws(FormatError) in
                    try output.append(contentsOf: [UInt8](repeating: 7, count: 1_000_000))
                }
            }
            #expect(error?.kind == .system(failure.code))
            #expect(
                error?.description
                    == "\(path): the file can't be written: \(failure.text), while \(action). \(failure.remedy)")
            #expect(try contents(path) == [1, 2, 3])
            #expect(try folder.names == ["t"])
        }
    }

    @Test func failuresOfTheBodyLeaveTheOldFile() throws {
        try withTemporaryFolder { folder in
            let path = try folder.file("t", [1])
            let planned = FormatError(.mismatch, path: path, "planned", remedy: "None.")
            #expect(throws: planned) {
                try AtomicFile.write(to: path) { (output) throws(FormatError) in
                    try output.append(contentsOf: [2])
                    throw planned
                }
            }
            #expect(try contents(path) == [1])
            #expect(try folder.names == ["t"])
        }
    }

    @Test func placesThatTakeNoFile() throws {
        try withTemporaryFolder { folder throws in
            #expect(
                message { try AtomicFile.write([1], to: "\(folder)/none/t") }
                    == "\(folder)/none/t: the file can't be written: No such file or directory (ENOENT), while "
                    + "creating "
                    + "it. Create its folder first, or check the path.")
            #expect(
                message { try AtomicFile.write([1], to: folder) }
                    == "\(folder): the file can't be written: Is a directory (EISDIR), while creating it. The "
                    + "path names a "
                    + "folder: give the path of a file.")
            #expect(
                message { try AtomicFile.write([1], to: "/dev/null") }
                    == "/dev/null: this is not a regular file. Expected a file that can be replaced; received a pipe or a "
                    + "device. Give the path of a file.")
            #expect(throws: FormatError.self) { try AtomicFile.write([1], to: "") }
            #expect(throws: FormatError.self) { try AtomicFile.write([1], to: "\(folder)/x/") }
            #expect(throws: FormatError.self) {
                try AtomicFile.write([1], to: "\(folder)/\(String(repeating: "n", count: 300))")
            }
            #expect(try folder.names == [])
        }
    }

    /// A disk with room for little: what was there stays, and a smaller file still fits.
    @Test func aFullDisk() throws {
        try withTemporaryFolder { folder in
            var calls = FileCalls.system
            final class Room: Sendable { let bytes = Mutex(20_000) }
            let room = Room()
            calls.write = { descriptor, bytes in
                room.bytes.withLock { left in
                    guard left > 0 else { return -Int(ENOSPC) }
                    let count = FileCalls.system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(left)))
                    left -= max(0, count)
                    return count
                }
            }
            let path = try folder.file("t")
            func write(_ count: Int) throws(FormatError) {
                try AtomicFile.write(to: path, calls: calls) { (output) throws(FormatError) in
                    try output.append(contentsOf: [UInt8](repeating: 1, count: count))
                }
            }
            try write(4000)
            #expect(
                message { try write(1_000_000) }
                    == "\(path): the file can't be written: No space left on device (ENOSPC), while writing its "
                    + "bytes. Free space on that disk, or choose a folder on another one.")
            #expect(try contents(path).count == 4000)
            #expect(try folder.names == ["t"])
            room.bytes.withLock { $0 = 20_000 }
            try write(8000)
            #expect(try contents(path).count == 8000)
        }
    }

    /// A name may lead to a file only when the bytes are on the disk; then the name itself is synced.
    @Test func theOrderOfCalls() throws {
        try withTemporaryFolder { folder in
            let seen = Collector<String>()
            var calls = FileCalls.system
            calls.write = {
                seen.add("write"); return FileCalls.system.write($0, $1)
            }
            calls.sync = {
                seen.add("sync"); return FileCalls.system.sync($0)
            }
            calls.close = {
                seen.add("close"); return FileCalls.system.close($0)
            }
            calls.rename = {
                seen.add("rename"); return FileCalls.system.rename($0, $1)
            }
            try AtomicFile.write(to: try folder.file("t"), calls: calls) { (output) throws(FormatError) in
                try output.append(contentsOf: [1, 2, 3])
            }
            #expect(seen.elements == ["write", "sync", "close", "rename", "sync", "close"])
        }
    }
}
