import ApusTestKit
import Foundation
import Testing

/// A call of the built `apus`, in a folder of its own.
struct Command {
    /// Where the build puts programs and tests.
    static let path = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
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
        try withTemporaryFolder { try body(Command(folder: $0)) }
    }

    /// Runs a line of the shell in which `apus` is the program; what it prints goes through files, unless the line says otherwise.
    ///
    /// - Parameter during: Receives the process while it runs.
    func shell(_ line: String, during: (Process) throws -> Void = { _ in }) throws -> Result {
        let process = Process()
        let (output, errors) = ("\(folder)/stdout", "\(folder)/stderr")
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "exec >'\(output)' 2>'\(errors)'; \(line.replacing("apus ", with: "'\(Command.path)' "))",
        ]
        process.currentDirectoryURL = URL(filePath: folder)
        try process.run()
        try during(process)
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "",
            errors: (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "")
    }

    /// Runs `apus` with arguments as the shell reads them, and expects that it ends with 0.
    @discardableResult
    func apus(_ arguments: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Result {
        let result = try shell("apus \(arguments)")
        #expect(result.code == 0, "\(arguments): \(result.errors)", sourceLocation: sourceLocation)
        return result
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

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    func bytes(_ name: String) -> Data? { FileManager.default.contents(atPath: "\(folder)/\(name)") }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }

    /// The JSON of a text.
    static func json(_ text: some StringProtocol) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    /// Writes `d.yaml`, an experiment on 48 + 12 points of two classes, and `n.yaml`, one on numbers.
    func writeExperiments() throws {
        try write(
            """
            data: {source: {blobs: {count: 60, classes: 2}}, validation: 0.2, test: 0.2}
            model: [{dense: 4}, {dense: 2}]
            batchSize: 10
            epochs: 2
            schedule: constant
            """, to: "d.yaml")
        try write(
            """
            data: {source: {sine: {count: 60}}, validation: 0.2, test: 0.2}
            model: [{dense: 4}, {dense: 1}]
            loss: meanSquaredError
            metrics: [meanAbsoluteError]
            batchSize: 10
            epochs: 1
            """, to: "n.yaml")
    }
}

extension Command.Result {
    /// Lines of standard error.
    var errorLines: [Substring] { errors.split(separator: "\n") }
    var lines: [Substring] { output.split(separator: "\n") }
}
