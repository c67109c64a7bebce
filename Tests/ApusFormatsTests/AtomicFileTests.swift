import ApusFormats
import Foundation
import Testing

@Suite struct AtomicFileTests {
    @Test func writesAndReplaces() throws {
        let folder = try TemporaryFolder()
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

    @Test func linksAreFollowed() throws {
        let folder = try TemporaryFolder()
        let target = try folder.file("target", [1])
        let link = try folder.file("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        try AtomicFile.write([2], to: link)
        #expect(try contents(target) == [2])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
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
        let folder = try TemporaryFolder()
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

    @Test func failuresOfTheBodyLeaveTheOldFile() throws {
        let folder = try TemporaryFolder()
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

    @Test func placesThatTakeNoFile() throws {
        let folder = try TemporaryFolder()
        #expect(
            message { () throws(FormatError) in try AtomicFile.write([1], to: "\(folder.path)/none/t") }
                == "\(folder.path)/none/t: the file can't be written: No such file or directory (ENOENT), while "
                + "creating "
                + "it. Create its folder first, or check the path.")
        #expect(
            message { () throws(FormatError) in try AtomicFile.write([1], to: folder.path) }
                == "\(folder.path): the file can't be written: Is a directory (EISDIR), while creating it. The "
                + "path names a "
                + "folder: give the path of a file.")
        #expect(
            message { () throws(FormatError) in try AtomicFile.write([1], to: "/dev/null") }
                == "/dev/null: this is not a regular file. Expected a file that can be replaced; received a pipe or a "
                + "device. Give the path of a file.")
        #expect(throws: FormatError.self) { try AtomicFile.write([1], to: "") }
        #expect(throws: FormatError.self) { try AtomicFile.write([1], to: "\(folder.path)/x/") }
        #expect(throws: FormatError.self) {
            try AtomicFile.write([1], to: "\(folder.path)/\(String(repeating: "n", count: 300))")
        }
        #expect(try folder.names == [])
    }

    #if os(Linux)
        /// A disk of one megabyte, really full.
        @Test(.enabled(if: geteuid() == 0, "mounting takes root"))
        func aFullDisk() throws {
            let folder = try TemporaryFolder()
            let disk = try folder.file("disk")
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
            // Containers may forbid it even to root.
            guard mount("tmpfs", disk, "tmpfs", 0, "size=1m") == 0 else { return }
            defer { umount2(disk, Int32(MNT_DETACH)) }
            let path = "\(disk)/t.safetensors"
            let small = try NumericArray(shape: [1000], elements: [Float](repeating: 1, count: 1000))
            let large = try NumericArray(shape: [300_000], elements: [Float](repeating: 2, count: 300_000))
            try SafetensorsFile.write([("w", small)], to: path)
            #expect(
                message { () throws(FormatError) in try SafetensorsFile.write([("w", large)], to: path) }
                    == "\(path): the file can't be written: No space left on device (ENOSPC), while writing its "
                    + "bytes. Free space "
                    + "on that disk, or choose a folder on another one.")
            #expect(try SafetensorsFile(path).array("w") == small)
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["t.safetensors"])
            try SafetensorsFile.write([("w", small), ("v", small)], to: path)
            #expect(try SafetensorsFile(path).names == ["w", "v"])
        }
    #endif
}
