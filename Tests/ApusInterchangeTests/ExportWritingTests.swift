import Apus
import ApusFormats
import ApusInterchange
import ApusTestKit
import Foundation
import Testing

/// Writes models as ONNX files beside what they compute, for a reader of another origin: `Scripts/interoperability`.
@Suite struct ExportWritingTests {
    private static let folder = ProcessInfo.processInfo.environment["APUS_EXPORT"]

    @Test(.enabled(if: folder != nil), arguments: ExportCase.all + ExportCase.random(400)) func modelsAreWritten(
        _ item: ExportCase
    ) throws {
        let folder = try #require(ExportWritingTests.folder)
        let variables = try item.variables()
        let graph = try item.model.exportedGraph(variables, item.inputs, images: item.images)
        // Some have their numbers beside them.
        try graph.write(
            to: "\(folder)/\(item.name).onnx",
            ExportedGraph.Description(name: item.name, version: "0", metadata: []),
            limit: item.name.contains("conv") ? 0 : ExportedGraph.inlineLimit)
        var arrays: [(name: String, array: NumericArray)] = []
        for count in [1, 3] {
            let samples = try item.samples(count)
            let outputs = try item.outputs(samples, variables)
            for (what, values, standing) in [("in", samples, "input"), ("out", outputs, "output")] {
                for (name, tensor) in values {
                    let images = item.images == .channelsFirst && tensor.rank == 4
                    let value = try (images ? tensor.transposed([0, 3, 1, 2]) : tensor).evaluated()
                    arrays.append(
                        (
                            "\(count)/\(what)/\(name.isEmpty ? standing : name)",
                            try NumericArray(
                                shape: value.shape, elementType: value.elementType, bytes: Array(value.elements().bytes)
                            )
                        ))
                }
            }
        }
        try NPZFile.write(arrays, to: "\(folder)/\(item.name).npz")
    }
}
