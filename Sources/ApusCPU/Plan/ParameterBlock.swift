/// Owns the parameters of a kernel call.
final class ParameterBlock: @unchecked Sendable {
    let pointer: UnsafeRawPointer
    private let destroy: (UnsafeRawPointer) -> Void

    /// A copy of a C struct.
    init<Parameters: BitwiseCopyable>(_ parameters: Parameters) {
        let memory = UnsafeMutablePointer<Parameters>.allocate(capacity: 1)
        memory.initialize(to: parameters)
        pointer = UnsafeRawPointer(memory)
        destroy = { $0.assumingMemoryBound(to: Parameters.self).deallocate() }
    }

    /// An object that a C function made.
    init(adopting pointer: UnsafeRawPointer, destroy: @escaping (UnsafeRawPointer) -> Void) {
        self.pointer = pointer
        self.destroy = destroy
    }

    deinit { destroy(pointer) }

    /// Writes numbers to the start of a C array.
    static func fill<Tuple>(_ array: inout Tuple, _ values: [Int]) {
        withUnsafeMutableBytes(of: &array) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(of: Int64(value), toByteOffset: 8 * index, as: Int64.self)
            }
        }
    }
}
