@_spi(Backend) import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import Foundation

/// Held while programs are compiled and run: the instruction set and the number of threads are global, and memory plans depend on
/// the instruction set.
let kernelLock = NSRecursiveLock()

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
        try kernelLock.withLock {
            try CPU.compile(graph, options: options).values(inputs)
        }
    }
}

extension Program {
    /// Runs the program on copies of some values.
    func values(_ inputs: [ReferenceValue]) throws -> [ReferenceValue] {
        try kernelLock.withLock {
            zip(try run(inputs.map { Buffer($0) }), outputTypes).map { $0.value($1) }
        }
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
