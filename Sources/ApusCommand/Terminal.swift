import Apus
import ApusConfiguration
import Foundation

/// What the command writes: results to standard output, progress and errors to standard error.
enum Terminal {
    /// Whether progress is seen by a person, on a terminal that can rewrite a line.
    static let isInteractive = isatty(2) != 0 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    private static let usesColor = isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Makes the standard streams safe to write to.
    ///
    /// A reader that went away and a file that may not grow become errors of `write`. A stream that is closed stays unwritable, so that
    /// no other file takes its number.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY) }
    }

    // MARK: Standard error

    /// Writes to standard error. What can't be written there is lost, and nothing else.
    static func write(_ text: String) { _ = send(text, to: 2) }

    /// Tells what may be of interest and stops nothing.
    static func note(_ text: String) { write("note: \(text.printable)\n") }

    static func dim(_ text: String) -> String { usesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
    static func bold(_ text: String) -> String { usesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    /// The columns of the terminal as it is now.
    static var width: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    // MARK: Standard output

    /// Writes a result to standard output.
    ///
    /// - Throws: `OutputError` if it can't be written: a command whose result is lost has failed.
    static func print(_ value: some CustomStringConvertible, terminator: String = "\n") throws(OutputError) {
        if let code = send(value.description + terminator, to: 1) { throw OutputError(code: code) }
    }

    /// - Returns: The system's error, if there is one.
    private static func send(_ text: String, to descriptor: Int32) -> Int32? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Foundation.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress!, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&request, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
    }
}

/// Standard output can't be written.
struct OutputError: ApusError {
    let code: Int32
    var failureKind: FailureKind { .file }
    var description: String { "standard output can't be written: \(String(cString: strerror(code)))" }
}
