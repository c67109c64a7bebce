import Foundation
import Testing

/// Models of ONNX in the command.
@Suite struct ONNXTests {
    /// Files as onnx and NumPy write them: y = softmax(flatten(x) · W) for images [1, 2, 2], of which the left column speaks for class 0;
    /// y = max(sin(x)); a case of the first, whose output is a little off.
    private static let files: [String: String] = [
        "case/model.onnx":
            """
        CAg6nAEKDwoBeBIBZiIHRmxhdHRlbgoRCgFmCgF3EgFtIgZNYXRNdWwKDwoBbRIBeSIHU29mdG1heBIEdGVzdCorCAQIAhABQgF3\
        SiAAAIA/AAAAAAAAAAAAAIA/AACAPwAAAAAAAAAAAACAP1ocCgF4EhcKFQgBEhEKAxIBTgoCCAEKAggCCgIIAmIUCgF5Eg8KDQgB\
        EgkKAxIBTgoCCAJCBAoAEA0=
        """,
        "case/test_data_set_0/input_0.pb":
            """
        CAEIAQgCCAIQAUIBeEoQAACAPwAAAAAAAIA/AAAAAA==
        """,
        "case/test_data_set_0/output_0.pb":
            """
        CAEIAhABQgF5SgiygWE/6yb0PQ==
        """,
        "sine.onnx":
            """
        CAg6XwoLCgF4EgFzIgNTaW4KHgoBcxIBeSIJUmVkdWNlTWF4KgsKBGF4ZXNAAaABBxIEdGVzdFoUCgF4Eg8KDQgBEgkKAxIBTgoC\
        CAJiFAoBeRIPCg0IARIJCgMSAU4KAggBQgQKABAN
        """,
        "open.onnx":
            """
        CAg6YAoLCgF4EgFzIgNTaW4KHgoBcxIBeSIJUmVkdWNlTWF4KgsKBGF4ZXNAAaABBxIEdGVzdFoVCgF4EhAKDggBEgoKAxIBTgoD\
        EgFNYhQKAXkSDwoNCAESCQoDEgFOCgIIAUIECgAQDQ==
        """,
        "left.npy":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIsIDIsIDEpLCB9\
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAAAAAgD8AAAAA
        """,
        "numbers.npy":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIpLCB9ICAgICAg\
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAAA==
        """,
    ]

    private func prepare(_ command: Command) throws {
        try FileManager.default.createDirectory(
            atPath: "\(command.folder)/case/test_data_set_0", withIntermediateDirectories: true)
        for (name, text) in ONNXTests.files {
            let data = try #require(Data(base64Encoded: text))
            try data.write(to: URL(filePath: "\(command.folder)/\(name)"))
        }
    }

    @Test func predictions() throws {
        try Command.inFolder { command in
            try prepare(command)
            #expect(try command.apus("predict case/model.onnx left.npy").output == "left.npy  0 88.1 %\n")
            let two = try command.apus("predict case/model.onnx left.npy --top-k 2 --csv").output
            #expect(two == "input,class1,probability1,class2,probability2\nleft.npy,0,0.8808,1,0.1192\n")
            #expect(try command.apus("summary case/model.onnx").output.contains("ONNX: 3 nodes, 1 variables"))
        }
    }

    @Test func imports() throws {
        try Command.inFolder { command in
            try prepare(command)
            let text = try command.apus("import case/model.onnx m.trained").output
            #expect(text.contains("dense") && text.contains("flatten"))
            #expect(try command.apus("predict m.trained left.npy").output == "left.npy  0 88.1 %\n")
            // What is no layer stays as it is, and is said.
            let result = try command.apus("import sine.onnx s.trained")
            #expect(result.errors.hasPrefix("note: sine.onnx: not all of the model are layers."))
            #expect(try command.apus("predict s.trained numbers.npy").output == "numbers.npy  0.84147\n")
            let open = try command.shell("apus predict open.onnx numbers.npy")
            #expect(open.code == 65)
            #expect(open.errors.contains("the file leaves the size of the input \"x\" open"))
            let sized = try command.apus("predict open.onnx numbers.npy --input 2").output
            #expect(sized == "numbers.npy  0.84147\n")
        }
    }

    @Test func verification() throws {
        try Command.inFolder { command in
            try prepare(command)
            #expect(try command.apus("verify case").output == "1 passed, 0 failed, 0 skipped\n")
            #expect(
                try command.apus("verify case/model.onnx case/test_data_set_0").output
                    == "1 passed, 0 failed, 0 skipped\n")
            let strict = try command.shell("apus verify case --rtol 0 --atol 0")
            #expect(strict.code == 1)
            #expect(strict.output.hasPrefix("failed  case: output \"y\": at [0, 0] expected 0.88"))
            #expect(strict.output.hasSuffix("0 passed, 1 failed, 0 skipped\n"))
            #expect(try command.shell("apus verify none").code == 66)
            #expect(try command.shell("apus verify case --rtol=-1").code == 64)
        }
    }
}
