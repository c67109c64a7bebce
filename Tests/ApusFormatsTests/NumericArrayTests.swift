import ApusFormats
import ApusTestKit
import ApusGraph
import Testing

@Suite struct NumericArrayTests {
    @Test func elementsComeBack() throws {
        let array = try NumericArray(shape: [2, 2], elements: [1, -2, 3.5, .infinity] as [Float])
        #expect(array.type == TensorType([2, 2], .float32))
        #expect(try array.elements(as: Float.self) == [1, -2, 3.5, .infinity])
        #expect(try array.withElements(as: Float.self) { $0.reduce(0, +) } == .infinity)
        #expect(try NumericArray(shape: [0, 7], elements: [Int64]()).elements(as: Int64.self) == [])
        #expect(try NumericArray(shape: [], elements: [true]).bytes == [1])
        #expect(try NumericArray(shape: [1], elements: [BFloat16(-2)]).bytes == [0x00, 0xc0])
    }

    @Test func wrongCountsAndTypesAreRefused() throws {
        #expect(
            message { try NumericArray(shape: [2, 3], elements: [1, 2] as [Float]) }
                == "the number of bytes does not fit the array's shape. Expected 24 bytes for float32[2, 3]; received "
                + "8 bytes. Give the shape that the data has.")
        #expect(
            message { try NumericArray(shape: [2], elementType: .bool, bytes: [1, 2]) }
                == "a bool is neither 0 nor 1 (at byte 1). Expected 0 or 1; received 2. Save the data as uint8.")
        let array = try NumericArray(shape: [2], elements: [1, 2] as [Int32])
        #expect(
            message { try array.elements(as: Float.self) }
                == "the array's elements are of another type. Expected float32; received int32[2]. Ask for int32 "
                + "elements, and convert them.")
        for shape: Shape in [
            [.max, 2], [0, .max, .max], [-1], [-1, -1], [.max], Shape(Array(repeating: 1, count: 65)),
        ] {
            #expect(throws: FormatError.self) { try NumericArray(shape: shape, elementType: .float32, bytes: []) }
        }
    }
}
