import ApusFormats
import ApusTestKit
import ApusGraph
import Foundation
import Testing

@Suite struct NPZWritingTests {
    private func arrays() throws -> [(name: String, array: NumericArray)] {
        [
            ("a", try NumericArray(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6] as [Float])),
            ("encoder/kernel", try NumericArray(shape: [], elements: [7] as [Int64])),
            ("größe", try NumericArray(shape: [0, 4], elements: [] as [Double])),
            ("flags", try NumericArray(shape: [3], elements: [true, false, true])),
        ]
    }

    @Test func whatIsWrittenIsRead() throws {
        let arrays = try arrays()
        let file = try NPZFile(ByteSource(try NPZFile.encode(arrays), name: "a.npz"))
        #expect(file.names == arrays.map(\.name))
        for (name, array) in arrays { #expect(try file.array(name) == array) }
        let empty = try NPZFile(ByteSource(try NPZFile.encode([]), name: "b.npz"))
        #expect(empty.names == [])
    }

    @Test func filesAppearWhole() throws {
        try withTemporaryFolder { folder in
            try NPZFile.write(try arrays(), to: "\(folder)/a.npz")
            #expect(try contents("\(folder)/a.npz") == NPZFile.encode(try arrays()))
        }
    }

    @Test func impossibleArchives() throws {
        let one = try NumericArray(shape: [1], elements: [1] as [Float])
        #expect(throws: FormatError.self) { try NPZFile.encode([("a", one), ("a", one)]) }
        #expect(throws: FormatError.self) { try NPZFile.encode([("", one)]) }
        let half = try NumericArray(shape: [1], elementType: .bfloat16, bytes: [0, 0])
        #expect(message { try NPZFile.encode([("a", half)]) }.contains("bfloat16"))
    }
}
