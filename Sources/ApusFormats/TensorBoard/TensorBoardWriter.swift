import Foundation
import Synchronization

/// Writes what TensorBoard shows to a new event file in a folder: `events.out.tfevents.TIME.HOST`.
///
/// The file is a sequence of TFRecords, each with its checksums, and can be read while it grows: records appear whole with the next
/// `flush()`. Several files in one folder are one run. Source: `tensorboard/summary/writer`.
public final class TensorBoardWriter: Sendable {
    /// The event file.
    public let path: String

    private struct State: ~Copyable {
        var descriptor: Int32
        /// Records that the system does not have yet.
        var pending: [UInt8] = []
        /// The bytes of whole records in the file.
        var written = 0
    }

    private let state: Mutex<State>
    private let calls: FileCalls
    /// The number of bytes that are gathered before they go to the system by themselves.
    private static let capacity = 1 << 18

    /// Makes an event file in a folder, and the folder if need be; a file that is there already is never touched.
    ///
    /// - Throws: `FormatError` if the system refuses.
    public convenience init(folder: String) throws(FormatError) {
        try self.init(folder: folder, time: Self.now, host: Self.host, calls: .system)
    }

    package init(folder: String, time: Double, host: String, calls: FileCalls) throws(FormatError) {
        try FormatError.checkPath(folder)
        try Self.makeFolder(folder)
        // A clock before 1970 is wrong, but no reason to stop.
        let digits = String(Int(min(max(time, 0), 0x1p53)))
        let name = String(repeating: "0", count: Swift.max(0, 10 - digits.count)) + digits
        let start = "\(folder.isEmpty ? "." : folder)/events.out.tfevents.\(name).\(host)"
        var path = start
        var descriptor: Int32 = -1
        var number = 0
        while descriptor < 0 {
            descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
            if descriptor >= 0 { break }
            let code = errno
            guard code == EEXIST || code == EINTR else { throw .writing(path, code: code, while: "creating it") }
            if code == EEXIST {
                number += 1
                path = "\(start).\(number)"
            }
        }
        self.path = path
        self.calls = calls
        state = Mutex(State(descriptor: descriptor))
        try append(TensorBoardEvent(time: time, step: 0, content: .version))
        try flush()
    }

    deinit {
        // Who wants to know of a full disk closes the file.
        try? close()
    }

    /// Adds values of a step under their tags; a `/` in a tag makes groups.
    ///
    /// - Parameter time: Seconds since 1970; now, unless given.
    /// - Throws: `FormatError` if the system refuses; the values are then still pending.
    public func write(
        _ values: [(tag: String, value: TensorBoardValue)], step: Int, time: Double? = nil
    ) throws(FormatError) {
        guard !values.isEmpty else { return }
        try append(TensorBoardEvent(time: time ?? Self.now, step: step, content: .summary(values)))
    }

    /// Says that a training starts, or is resumed, at a step: what earlier files of the folder hold of this step and later ones is not
    /// shown, provided that each of them says where it starts.
    public func start(at step: Int, time: Double? = nil) throws(FormatError) {
        try append(TensorBoardEvent(time: time ?? Self.now, step: step, content: .sessionStart))
    }

    /// Hands all records to the system, so that readers see them.
    ///
    /// - Throws: `FormatError` if the system refuses; the file then ends with a whole record, and the rest is still pending.
    public func flush() throws(FormatError) {
        try state.withLock { (state) throws(FormatError) in try flush(&state) }
    }

    /// Writes what is pending, and syncs and closes the file; nothing can be added afterwards.
    public func close() throws(FormatError) {
        try state.withLock { (state) throws(FormatError) in
            guard state.descriptor >= 0 else { return }
            let descriptor = state.descriptor
            var failure: FormatError?
            do throws(FormatError) { try flush(&state) } catch { failure = error }
            let synced = calls.sync(descriptor)
            let closed = calls.close(descriptor)
            state.descriptor = -1
            if let failure { throw failure }
            if synced < 0 { throw .writing(path, code: Int32(clamping: -synced), while: "syncing it to the disk") }
            if closed < 0 { throw .writing(path, code: Int32(clamping: -closed), while: "closing it") }
        }
    }

    private func append(_ event: TensorBoardEvent) throws(FormatError) {
        let record = event.record
        try state.withLock { (state) throws(FormatError) in
            guard state.descriptor >= 0 else { throw .writing(path, code: EBADF, while: "adding to it after its end") }
            state.pending += record
            if state.pending.count >= Self.capacity { try flush(&state) }
        }
    }

    private func flush(_ state: inout State) throws(FormatError) {
        guard state.descriptor >= 0 else { return }
        var done = 0
        while done < state.pending.count {
            let result = state.pending.withUnsafeBytes {
                calls.write(state.descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]))
            }
            guard result > 0 else {
                // A record that is cut would make everything after it unreadable.
                _ = ftruncate(state.descriptor, off_t(state.written))
                throw .writing(path, code: result == 0 ? ENOSPC : Int32(clamping: -result), while: "writing its bytes")
            }
            done += result
        }
        state.written += done
        state.pending.removeAll(keepingCapacity: true)
    }

    // MARK: Names

    private static func makeFolder(_ folder: String) throws(FormatError) {
        guard !folder.isEmpty else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue ?? EIO
            throw .writing(folder, code: code == EEXIST ? ENOTDIR : code, while: "creating it")
        }
    }

    /// Seconds since 1970.
    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The name of the machine.
    private static var host: String {
        var name = [UInt8](repeating: 0, count: 256)
        let result = name.withUnsafeMutableBytes {
            gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), 255)
        }
        let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        return result == 0 && !text.isEmpty && !text.contains("/") ? text : "localhost"
    }
}
