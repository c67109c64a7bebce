import Foundation

/// A call of the built `apus`, in a folder of its own.
struct Command {
    /// Where the build puts programs and tests.
    private static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "apus").path

    /// What a call came to.
    struct Result {
        let code: Int32
        let output: String
        let errors: String
    }

    let folder: String

    /// Calls `body` with commands in a folder that is removed afterwards.
    static func inFolder<Value>(_ body: (Command) throws -> Value) throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-command-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(Command(folder: folder))
    }

    /// Runs a line of the shell in which `apus` is the program; what it prints goes through files, unless the line says otherwise.
    ///
    /// - Parameter during: Receives the process while it runs.
    func shell(_ line: String, during: (Process) throws -> Void = { _ in }) throws -> Result {
        let process = Process()
        let (output, errors) = ("\(folder)/stdout", "\(folder)/stderr")
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "exec >'\(output)' 2>'\(errors)'; \(line.replacing("apus ", with: "'\(Command.program)' "))",
        ]
        process.currentDirectoryURL = URL(filePath: folder)
        try process.run()
        try during(process)
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "",
            errors: (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "")
    }

    /// The text of a file in the folder.
    func text(_ name: String) -> String { (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? "" }

    /// Waits until a file has some lines.
    ///
    /// - Returns: Whether it came to that within a minute.
    func waits(for name: String, lines: Int) -> Bool {
        for _ in 0..<6000 {
            if text(name).count(where: \.isNewline) >= lines { return true }
            usleep(10_000)
        }
        return false
    }
}
