import ApusGraph
import ApusTestKit
import Foundation
import SwiftProtobuf
import Testing

import ApusInterchange

/// The comparison with outputs that belong to a model.
@Suite struct VerificationTests {
    /// The folder of a case: y = relu(x) with an input and an output.
    private func write(
        _ folder: String, _ sample: Sample? = nil, set: Int = 0, output: [Float], shape: [Int] = [2, 2],
        change: (inout Onnx_TensorProto) -> Void = { _ in }
    ) throws {
        let model = sample ?? Sample().input("x", [2, 2]).output("y", [2, 2]).node("Relu", ["x"], ["y"])
        let data = "\(folder)/test_data_set_\(set)"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try Data(model.bytes()).write(to: URL(filePath: "\(folder)/model.onnx"))
        let input = Sample.tensor("x", [2, 2], [-1, 2, 3, -4])
        var expected = Sample.tensor("y", shape, output)
        change(&expected)
        try (input.serializedData() as Data).write(to: URL(filePath: "\(data)/input_0.pb"))
        try (expected.serializedData() as Data).write(to: URL(filePath: "\(data)/output_0.pb"))
    }

    private func reason(_ folder: String, tolerance: ONNXVerification.Tolerance = .init()) throws -> String {
        let result = try ONNXVerification(of: [folder], tolerance: tolerance)
        #expect(result.passed.count + result.failures.count + result.skipped.count == 1)
        return result.failures.first?.reason ?? result.skipped.first.map { "skipped: \($0.reason)" } ?? "passed"
    }

    @Test("The first difference, where it is and what was expected")
    func differences() throws {
        try withTemporaryFolder { folder in
            try write("\(folder)/a", output: [0, 2, 3, 0])
            #expect(try reason("\(folder)/a") == "passed")
            try write("\(folder)/b", output: [0, 2, 3.5, 1])
            #expect(try reason("\(folder)/b") == "output \"y\": at [1, 0] expected 3.5, received 3.0")
            try write("\(folder)/c", output: [0, 2, 3, .nan])
            #expect(try reason("\(folder)/c") == "output \"y\": at [1, 1] expected nan, received 0.0")
            try write("\(folder)/d", output: [0, 2, 3, .infinity])
            #expect(try reason("\(folder)/d") == "output \"y\": at [1, 1] expected inf, received 0.0")
            try write("\(folder)/e", output: [0, 2, 3, 0], shape: [4])
            #expect(try reason("\(folder)/e") == "output \"y\": expected float32[4], received float32[2, 2]")
            // A second set of data counts as well.
            try write("\(folder)/a", set: 1, output: [1, 2, 3, 0])
            #expect(try reason("\(folder)/a") == "output \"y\": at [0, 0] expected 1.0, received 0.0")
            #expect(throws: Never.self) {
                let all = try ONNXVerification(of: [folder])
                #expect(all.passed.isEmpty)
                #expect(all.failures.count == 5)
            }
        }
    }

    @Test("Tolerances: a share of what is expected, and a number")
    func tolerances() throws {
        try withTemporaryFolder { folder in
            try write(folder, output: [0, 2.0019, 3, 0])
            #expect(try reason(folder) == "passed")
            #expect(try reason(folder, tolerance: .init(relative: 1e-4)).hasPrefix("output"))
            #expect(try reason(folder, tolerance: .init(relative: 0, absolute: 0.0018)).hasPrefix("output"))
            #expect(try reason(folder, tolerance: .init(relative: 0, absolute: 0.002)) == "passed")
            try write(folder, output: [1e-6, 2, 3, 0])
            #expect(try reason(folder).hasPrefix("output"))
        }
    }

    @Test("What is not known is skipped, and data of another model too")
    func skipped() throws {
        try withTemporaryFolder { folder in
            let sample = Sample().input("x", [2, 2]).output("y", [2, 2]).node("Foo", ["x"], ["y"])
            try write(folder, sample, output: [0, 2, 3, 0])
            #expect(try reason(folder).hasPrefix("skipped: ") && reason(folder).contains("Foo (1×)"))
            try write(folder, output: [0, 2, 3, 0]) {
                ($0.dataType, $0.int32Data, $0.floatData) = (6, [0, 2, 3, 0], [])
            }
            #expect(try reason(folder) == "skipped: the model declares the output \"y\" as FLOAT, the data hold INT32")
            // A file that is damaged is no reason to skip.
            try write(
                folder, Sample().input("x", [2, 2]).output("y").node("Relu", ["z"], ["y"]), output: [0, 2, 3, 0])
            let damaged = try reason(folder)
            #expect(!damaged.hasPrefix("skipped") && damaged.contains("which nothing yields"))
        }
    }

    @Test("A model with the folders of its data, and paths that lead nowhere")
    func paths() throws {
        try withTemporaryFolder { folder in
            try write("\(folder)/a", output: [0, 2, 3, 0])
            let model = "\(folder)/a/model.onnx"
            for paths in [[model], [model, "\(folder)/a"], [model, "\(folder)/a/test_data_set_0"]] {
                #expect(try ONNXVerification(of: paths).passed.count == 1)
            }
            #expect(
                message { try ONNXVerification(of: ["\(folder)/a/test_data_set_0"]) }.contains("there are no test data")
            )
            #expect(message { try ONNXVerification(of: [model, folder]) }.contains("there are no test data"))
            #expect(
                message { try ONNXVerification(of: ["\(folder)/a", "\(folder)/none"]) }.contains(
                    "there is no such folder"))
        }
    }
}
