import SwiftProtobuf
import Testing

@testable import ApusInterchange

@Suite struct MessagesTests {
    @Test("What is written is read: names, shapes, weights of a model")
    func roundTrip() throws {
        var model = Onnx_ModelProto()
        model.irVersion = 8
        model.graph.name = "net"
        model.graph.initializer = [
            .with {
                $0.name = "w"; $0.dims = [2, 1]; $0.dataType = 1; $0.floatData = [1, 2]
            }
        ]
        let read = try Onnx_ModelProto(serializedBytes: try model.serializedData())
        #expect(read == model)
        #expect(read.graph.initializer[0].dims == [2, 1])
    }
}
