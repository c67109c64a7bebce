@_spi(Backend) package import ApusBackend
package import ApusGraph

extension ReferenceBackend: Backend, ExactEvaluator {
    package var device: Device { .reference }

    package func compile(_ graph: Graph, options: CompileOptions) throws -> any Executable {
        try graph.validateStructure()
        try graph.validateMemory()
        return ReferenceProgram(graph)
    }
}

/// A graph that is computed node by node when it is run; its results are rounded to their element types.
///
/// Options do not matter to it: nothing is fused, kept or prepared.
final class ReferenceProgram: Executable {
    let signature: ProgramSignature
    let report: ProgramReport
    private let graph: Graph

    init(_ graph: Graph) {
        self.graph = graph
        signature = ProgramSignature(graph)
        let nodes = graph.nodes.filter { if case .input = $0.operation { false } else { true } }
        report = ProgramReport(
            device: .reference, signature: signature,
            steps: nodes.map { .init(name: $0.operation.name, cost: $0.cost) },
            arenaByteCount: nodes.reduce(0) { $0 +| 8 *| $1.shape.count }, constantByteCount: 0)
    }

    func run(_ inputs: [Buffer], into outputs: [Buffer]) throws(ProgramError) {
        let values = zip(inputs, signature.inputs).map { ReferenceValue($0, $1) }
        do {
            // Everything is computed before anything is overwritten.
            for (result, output) in zip(try ReferenceBackend().run(graph, inputs: values), outputs) {
                output.write(result)
                output.generation += 1
            }
        } catch let error as ReferenceError {
            throw ProgramError(step: error.operation, status: 1)
        } catch {
            preconditionFailure("a graph that was validated fails: \(error)")
        }
    }

    /// The time of single nodes is not measured.
    var isTiming: Bool {
        get { false }
        set {}
    }

    var stepNanoseconds: [Int] { report.steps.map { _ in 0 } }
}

extension ReferenceValue {
    /// The numbers of a buffer.
    init(_ buffer: Buffer, _ type: TensorType) {
        func numbers<T: BitwiseCopyable>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
            buffer.elements(as: T.self).prefix(type.shape.count).map(convert)
        }
        let values =
            switch type.elementType {
            case .float32: numbers(Float.self) { Double($0) }
            case .bfloat16: numbers(UInt16.self) { Double(BFloat16(bitPattern: $0).float) }
            case .float64: numbers(Double.self) { $0 }
            case .int32: numbers(Int32.self) { Double($0) }
            case .int64: numbers(Int64.self) { Double($0) }
            case .uint8, .bool: numbers(UInt8.self) { Double($0) }
            }
        self.init(shape: type.shape, elementType: type.elementType, values: values)
    }
}

extension Buffer {
    /// Overwrites the numbers, rounded to the value's element type.
    fileprivate func write(_ value: ReferenceValue) {
        func put<T: BitwiseCopyable>(_ convert: (Double) -> T) {
            let elements = mutableElements(as: T.self)
            for (index, number) in value.values.enumerated() { elements[index] = convert(number) }
        }
        switch value.elementType {
        case .float32: put { Float($0) }
        case .bfloat16: put { BFloat16(Float($0)).bitPattern }
        case .float64: put { $0 }
        case .int32: put { Int32(truncatingIfNeeded: Int64($0)) }
        case .int64: put { Int64($0) }
        case .uint8: put { UInt8(truncatingIfNeeded: Int64($0)) }
        case .bool: put { UInt8($0 == 0 ? 0 : 1) }
        }
    }
}
