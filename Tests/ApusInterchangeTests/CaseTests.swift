import ApusInterchange
import ApusTestKit
import Foundation
import Testing

/// The cases of ONNX itself, which Debian's package libonnx-testdata holds up to opset 17.
@Suite struct CaseTests {
    private static let folder = "/usr/share/libonnx-testdata/data"

    /// Models, inputs and outputs that do not belong together: the outputs were computed with ε = 0.01, which the model does not say.
    private static let wrong: Set = ["node/test_adam_multiple"]

    /// The cases of the operators of networks and of their training, and networks that PyTorch wrote.
    private static let listed: [String] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/onnx-cases.txt")
        return ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }()

    private static let isInstalled = FileManager.default.fileExists(atPath: folder)

    @Test("Every case that is listed gives the outputs that belong to it")
    func cases() throws {
        #expect(CaseTests.listed.count > 700)
        guard CaseTests.isInstalled else {
            print("the cases of ONNX are not installed: apt-get install libonnx-testdata")
            return
        }
        let names = CaseTests.listed.filter {
            FileManager.default.fileExists(atPath: "\(CaseTests.folder)/\($0)/model.onnx")
        }
        let result = try ONNXVerification(of: names.map { "\(CaseTests.folder)/\($0)" })
        print(
            "ONNX: \(names.count) of \(CaseTests.listed.count) cases are installed; \(result.passed.count) passed, "
                + "\(result.failures.count) failed, \(result.skipped.count) skipped")
        let failures = result.failures.filter { failure in
            !CaseTests.wrong.contains { failure.name.hasSuffix($0) }
        }
        #expect(failures.isEmpty)
        #expect(result.skipped.isEmpty)
        #expect(result.passed.count >= 627)
    }

    @Test("Recurrent operators with all that they take give what ONNX Runtime gives")
    func recurrent() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/recurrent").path
        let result = try ONNXVerification(of: [folder])
        #expect(result.failures.isEmpty && result.skipped.isEmpty)
        #expect(result.passed.count == 6)
    }

    @Test("What is not listed gives the outputs that belong to it, or is skipped with its reason")
    func others() throws {
        guard CaseTests.isInstalled else { return }
        for (folder, least) in [("node", 772), ("simple", 7)] {
            let result = try ONNXVerification(of: ["\(CaseTests.folder)/\(folder)"])
            let failures = result.failures.filter { failure in
                !CaseTests.wrong.contains { failure.name.hasSuffix($0) }
            }
            #expect(failures.isEmpty)
            #expect(result.passed.count >= least)
            #expect(result.skipped.allSatisfy { !$0.reason.isEmpty })
        }
    }
}
