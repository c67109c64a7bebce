import Foundation
import Testing

/// `apus export`
@Suite struct ExportTests {
    @Test func runsAreExported() throws {
        try Command.inFolder { command in
            try command.write(
                """
                data: {source: {blobs: {count: 20, classes: 2}}, validation: 0.2, test: 0.4}
                model: [{dense: 2}]
                batchSize: 10
                epochs: 1
                """, to: "i.yaml")
            try command.apus("train i.yaml --run runs/i")
            let result = try command.apus("export runs/i --format onnx -o i.onnx")
            #expect(result.output.hasPrefix("wrote i.onnx; its outputs "), "\(result.output)")
            let bytes = try Data(contentsOf: URL(filePath: "\(command.folder)/i.onnx"))
            #expect(bytes.prefix(2) == Data([8, 8]) && bytes.range(of: Data("0.dense.kernel".utf8)) != nil)
            // By default it is ONNX.
            try command.apus("export runs/i --images channelsLast --output j.onnx")
            #expect(FileManager.default.fileExists(atPath: "\(command.folder)/j.onnx"))
            let unknown = try command.shell("apus export runs/i --format tar -o i.tar")
            #expect(unknown.code == 64 && unknown.errors.contains("onnx"), "\(unknown.errors)")
            let none = try command.shell("apus export nothing -o a.onnx")
            #expect(none.code == 66, "\(none.errors)")
            let folder = try command.shell("apus export runs/i -o missing/a.onnx")
            #expect(
                folder.code == 74 && folder.errors.hasPrefix("error: missing/a.onnx: the file can't be written"),
                "\(folder.errors)")
        }
    }
}
