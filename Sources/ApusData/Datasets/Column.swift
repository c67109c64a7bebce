import ApusCPU
import ApusGraph
import ApusTensor

/// One value for every sample, such as its image or its label: rows of equal type, one after the other in memory.
struct Column: Sendable {
    let buffer: Buffer
    /// The type of one row.
    let row: TensorType

    var rowByteCount: Int { row.byteCount }

    /// The type of some rows together: `[count] + row`.
    func type(count: Int) -> TensorType {
        TensorType(Shape([count] + row.shape.dimensions), row.elementType)
    }

    /// The bytes of one row.
    func bytes(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffer.pointer + index * rowByteCount, count: rowByteCount)
    }

    /// Copies rows one behind the other.
    ///
    /// - Parameter target: memory of `rows.count * rowByteCount` bytes that nobody else uses
    func gather(_ rows: ArraySlice<Int>, into target: Buffer) {
        let width = rowByteCount
        precondition(target.byteCount >= rows.count * width)
        rows.withUnsafeBufferPointer { rows in
            if width == 4 {
                // Labels: a call a row would cost more than the copy.
                let from = buffer.pointer.assumingMemoryBound(to: UInt32.self)
                let to = target.pointer.assumingMemoryBound(to: UInt32.self)
                for index in rows.indices { to[index] = from[rows[index]] }
            } else {
                var to = target.pointer
                for row in rows {
                    to.copyMemory(from: buffer.pointer + row * width, byteCount: width)
                    to += width
                }
            }
        }
    }

    /// One row as a tensor.
    func tensor(_ index: Int) -> Tensor { Tensor(Buffer(copying: bytes(index)), row) }
}
