import Apus
import ApusConfiguration
import ApusInterchange
import ApusFormats
import ArgumentParser
import Foundation

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares models of ONNX with the outputs that belong to them.",
        discussion: """
            Example: apus verify model.onnx test_data_set_0, or apus verify node/ for a folder of many cases: each is a folder with \
            model.onnx and test_data_set_0, in which input_0.pb and output_0.pb are.
            """)

    @Argument(
        help: ArgumentHelp(
            "A model and the folders of its data, or folders of cases.", valueName: "path"))
    var paths: [String]

    @Option(help: "How far outputs may be off: the share of the expected number.")
    var rtol = 1e-3

    @Option(help: "What is added to that.")
    var atol = 1e-7

    func validate() throws {
        guard rtol >= 0, atol >= 0 else { throw ValidationError("--rtol and --atol can't be negative") }
    }

    func run() throws {
        for path in paths where !FileManager.default.fileExists(atPath: path) {
            throw FormatError(
                .missing, path: path, "there is no such file or folder",
                remedy: "Check the path.")
        }
        let result = try ONNXVerification(of: paths, tolerance: .init(relative: rtol, absolute: atol))
        for failure in result.failures { try Terminal.print("failed  \("\(failure)".printable)") }
        for remark in result.skipped { try Terminal.print("skipped  \("\(remark)".printable)") }
        try Terminal.print(
            "\(result.passed.count) passed, \(result.failures.count) failed, \(result.skipped.count) skipped")
        if !result.failures.isEmpty { throw ExitCode(1) }
    }
}
