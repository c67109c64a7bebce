import Foundation

/// The system calls that can fail after a file was opened for writing, so that tests can make them fail.
///
/// Each returns its result, or the negative error number.
package struct FileCalls: Sendable {
    package var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    package var sync: @Sendable (_ descriptor: Int32) -> Int
    package var close: @Sendable (_ descriptor: Int32) -> Int
    package var rename: @Sendable (_ from: String, _ to: String) -> Int

    package static let system = FileCalls(
        write: systemWrite, sync: systemSync, close: systemClose, rename: systemRename)

    /// Those of the system without waiting for the disk: for files that are written again soon.
    package static let unsynced = FileCalls(
        write: systemWrite, sync: { _ in 0 }, close: systemClose, rename: systemRename)
}

@Sendable private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    // Linux takes at most 2 GiB at a time.
    retrying { write(descriptor, bytes.baseAddress, min(bytes.count, 1 << 30)) }
}

@Sendable private func systemSync(_ descriptor: Int32) -> Int {
    retrying { Int(fsync(descriptor)) }
}

@Sendable private func systemClose(_ descriptor: Int32) -> Int {
    // An interrupted close has closed.
    close(descriptor) == 0 || errno == EINTR ? 0 : -Int(errno)
}

@Sendable private func systemRename(_ from: String, _ to: String) -> Int {
    retrying { Int(rename(from, to)) }
}

private func retrying(_ call: () -> Int) -> Int {
    while true {
        let value = call()
        if value >= 0 { return value }
        let code = errno
        if code != EINTR { return -Int(code) }
    }
}
