import Foundation

/// Which process runs a trial: so that another one can tell whether it still does.
struct ProcessIdentity: Hashable, Sendable, Codable {
    /// The machine, and which numbering of processes on it: containers have their own.
    var host: String
    var process: Int32
    /// When it started, for numbers of processes are used again; empty where the system does not say.
    var start: String

    static let current = ProcessIdentity(
        host: ProcessInfo.processInfo.hostName + " " + numbering, process: ProcessInfo.processInfo.processIdentifier,
        start: startTime(of: ProcessInfo.processInfo.processIdentifier) ?? "")

    private static var numbering: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    }

    /// Whether the process certainly is no more. Processes of other machines may live.
    var isGone: Bool {
        guard host == Self.current.host else { return false }
        guard process > 0 else { return true }
        if kill(process, 0) != 0, errno == ESRCH { return true }
        return !start.isEmpty && Self.startTime(of: process).map { $0 != start } == true
    }

    /// The system's start and the process's, in ticks since then; a process that ended but was not collected has none.
    private static func startTime(of process: Int32) -> String? {
        #if os(Linux)
            guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return nil }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 19 else { return nil }
            if fields[0] == "Z" || fields[0] == "X" { return "ended" }
            let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            return (boot ?? "").trimmingCharacters(in: .whitespacesAndNewlines) + " " + fields[19]
        #else
            return nil
        #endif
    }
}
