@_spi(Backend) import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// Every result is near what is expected, each element relative to its own size and that of the others.
func expectClose(
    _ received: [ReferenceValue], _ expected: [ReferenceValue], _ tolerance: Double,
    _ comment: @autoclosure () -> String = "",
    location: SourceLocation = #_sourceLocation
) {
    #expect(received.count == expected.count, "\(comment())", sourceLocation: location)
    for (index, (a, b)) in zip(received, expected).enumerated() {
        let difference = difference(a, from: b, Tolerance(norm: 2 * tolerance, element: 8 * tolerance))
        #expect(difference == nil, "output \(index) \(comment())", sourceLocation: location)
    }
}

extension Buffer {
    /// The elements of a reference value, in its element type.
    convenience init(_ value: ReferenceValue) {
        self.init(scalars: value.values.map { Scalar.floating($0) }, value.elementType)
    }

    /// The elements as the reference backend holds them.
    func value(_ type: TensorType) -> ReferenceValue {
        func elements<T>(_: T.Type, _ convert: (T) -> Double) -> [Double] {
            (0..<type.shape.count).map {
                convert(pointer.load(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
            }
        }
        let values =
            switch type.elementType {
            case .float32: elements(Float.self) { Double($0) }
            case .bfloat16: elements(UInt16.self) { Double(BFloat16(bitPattern: $0).float) }
            case .float64: elements(Double.self) { $0 }
            case .int32: elements(Int32.self) { Double($0) }
            case .int64: elements(Int64.self) { Double($0) }
            case .uint8, .bool: elements(UInt8.self) { Double($0) }
            }
        return ReferenceValue(shape: type.shape, elementType: type.elementType, values: values)
    }
}

extension CPU {
    /// Compiles and runs a graph once.
    static func values(
        _ graph: Graph, _ inputs: [ReferenceValue], options: CompileOptions = CompileOptions()
    ) throws -> [ReferenceValue] {
        try CPU.compile(graph, options: options).values(inputs)
    }
}

extension Program {
    /// Runs the program on copies of some values.
    func values(_ inputs: [ReferenceValue]) throws -> [ReferenceValue] {
        zip(try run(inputs.map { Buffer($0) }), outputTypes).map { $0.value($1) }
    }

    var steps: [ProgramReport.Step] { report.steps }
    var outputTypes: [TensorType] { signature.outputs.map(\.type) }
    var arenaByteCount: Int { report.arenaByteCount }

    /// The names of the steps.
    var stepNames: [String] { steps.map(\.name) }
}

extension CompileOptions {
    static let fused = CompileOptions(fuses: true)
    static let unfused = CompileOptions(fuses: false)
}
