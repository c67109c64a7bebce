import Apus
import Foundation
import Testing

/// What `import Apus` brings, and what it does not.
@Suite struct ImportTests {
    /// A name of Foundation that the graphs below have as well.
    @Test func operationIsThatOfFoundation() {
        let operation: Operation = BlockOperation {}
        operation.start()
        #expect(operation.isFinished)
    }

    @Test func describesTensorsAndFailures() throws {
        let type = TensorType(Shape([2, 3]), ElementType.float32)
        #expect(Tensor.zeros(type.shape).elementType == type.elementType)
        #expect(Device.reference { Tensor(2).item() } == 2)
        let failures: [any Error.Type] = [GraphError.self, ProgramError.self, BackendError.self, FormatError.self]
        #expect(failures.count == 4)
        #expect(GraphProblem(scope: [], operation: "add", message: "no").description == "add: no")
    }
}
