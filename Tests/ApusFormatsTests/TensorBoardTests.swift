import ApusFormats
import ApusTestKit
import Foundation
import Synchronization
import Testing

@Suite struct TensorBoardTests {
    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }

    private func writer(_ folder: String, _ calls: FileCalls = .system) throws -> TensorBoardWriter {
        try TensorBoardWriter(folder: folder, time: 1_700_000_000.5, host: "machine", calls: calls)
    }

    /// The contents of the records, after a look at their frames' lengths.
    private func records(_ bytes: [UInt8]) throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            try #require(rest.count >= length + 16)
            records.append(Array(rest.dropFirst(12).prefix(length)))
            rest = rest.dropFirst(length + 16)
        }
        return records
    }

    /// Every sort of record, byte for byte as TensorBoard's own `Event` messages and record writer give them.
    @Test func golden() throws {
        try withTemporaryFolder { folder in
            let writer = try writer(folder)
            let (time, huge) = (1.7e9, Double.greatestFiniteMagnitude)
            try writer.write([("loss", .scalar(0.5)), ("zero", .scalar(0))], step: 0, time: time)
            try writer.write([("bounded", .scalar(1e300)), ("low", .scalar(-huge))], step: 1, time: time)
            try writer.write([("nan", .scalar(.nan)), ("infinite", .scalar(-.infinity))], step: -1, time: time)
            let histogram = TensorBoardHistogram(
                minimum: -1, maximum: 3, count: 5, sum: 0, sumOfSquares: 11, limits: [0, 1e300], counts: [2, 3])
            try writer.write([("h/é", .histogram(histogram))], step: 300, time: time)
            try writer.write([("t", .text("ä *b*"))], step: 1 << 40, time: time)
            let image = TensorBoardImage(png: [1, 2, 255], height: 200, width: 7, channels: 3)
            try writer.write([("i", .image(image))], step: 3, time: time)
            try writer.start(at: 4, time: time)
            try writer.close()
            let expected = """
                1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110
                2500000000000000eabc36f30900000040fc54d9412a1a0a0b0a046c6f7373150000003f0a0b0a047a65726f15000000
                008e985eea
                290000000000000037ff5f000900000040fc54d94110012a1c0a0e0a07626f756e64656415ffff7f7f0a0a0a036c6f77
                15ffff7fff87f4c4e0
                33000000000000000ca720560900000040fc54d94110ffffffffffffffffff012a1d0a0a0a036e616e150000c07f0a0f
                0a08696e66696e69746515000080ff1a97758d
                60000000000000002821c6da0900000040fc54d94110ac022a520a500a04682fc3a92a4809000000000000f0bf110000
                00000000084019000000000000144029000000000000264032100000000000000000000000e0ffffef473a1000000000
                00000040000000000000084018254c8e
                3500000000000000d6c55de60900000040fc54d941108080808080202a230a210a0174421008071204120208014206c3
                a4202a622a4a0a0a060a04746578742002fc4ab451
                200000000000000029eda9500900000040fc54d94110032a130a110a0169220c08c8011007180322030102ff91ee6db3
                0f000000000000006d532b090900000040fc54d94110043a020801dbdea3a7
                """
            #expect(hex(try bytes(writer.path)) == expected.filter { !$0.isNewline })
        }
    }

    @Test func namesAndFolders() throws {
        try withTemporaryFolder { folder in
            let nested = "\(folder)/a/b"
            let first = try writer(nested)
            let second = try writer(nested)
            #expect(first.path == "\(nested)/events.out.tfevents.1700000000.machine")
            #expect(second.path == "\(nested)/events.out.tfevents.1700000000.machine.1")
            // A clock may be wrong.
            for time in [-5.0, -1e300, 1e300] {
                let writer = try TensorBoardWriter(folder: folder, time: time, host: "machine", calls: .system)
                #expect(writer.path.contains("/events.out.tfevents.") && !writer.path.contains(".-"))
            }
            let real = try TensorBoardWriter(folder: folder)
            #expect(real.path.hasPrefix("\(folder)/events.out.tfevents."))
            try Data().write(to: URL(filePath: "\(folder)/file"))
            for path in ["\(folder)/file/x", "\(folder)/file"] {
                let error = #expect(throws: FormatError.self) { try TensorBoardWriter(folder: path) }
                #expect(
                    error?.description
                        == "\(path): the file can't be written: Not a directory (ENOTDIR), while creating it. Create its folder "
                        + "first, or check the path.")
            }
            #expect(throws: FormatError.self) { try TensorBoardWriter(folder: "\(folder)/a\0b") }
        }
    }

    /// Records are there after each flush, and never half of one.
    @Test func readableWhileBeingWritten() throws {
        try withTemporaryFolder { folder in
            let writer = try writer(folder)
            #expect(try records(try bytes(writer.path)).count == 1)
            for step in 1...3 {
                try writer.write([("loss", .scalar(1))], step: step)
                #expect(try records(try bytes(writer.path)).count == step)
                try writer.flush()
                #expect(try records(try bytes(writer.path)).count == step + 1)
            }
            try writer.write([("text", .text(String(repeating: "x", count: 1 << 18)))], step: 4)
            #expect(try records(try bytes(writer.path)).count == 5)
            try writer.write([], step: 5)
            try writer.write([("loss", .scalar(1))], step: 5)
            try writer.close()
            try writer.close()
            #expect(try records(try bytes(writer.path)).count == 6)
            #expect(throws: FormatError.self) { try writer.write([("loss", .scalar(1))], step: 6) }
        }
    }

    /// A disk that is full in the middle of a record: the file stays readable, and nothing is lost if there is room again.
    @Test func aFullDiskCutsNoRecord() throws {
        try withTemporaryFolder { folder in
            final class Room: Sendable { let bytes = Mutex(60) }
            let room = Room()
            var calls = FileCalls.system
            calls.write = { descriptor, bytes in
                room.bytes.withLock { left in
                    let count = min(left, bytes.count)
                    left -= count
                    guard count > 0 else { return -28 }
                    return FileCalls.system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                }
            }
            let writer = try writer(folder, calls)
            try writer.write([("loss", .scalar(1))], step: 1)
            #expect(throws: FormatError.self) { try writer.flush() }
            #expect(try records(try bytes(writer.path)).count == 1)
            room.bytes.withLock { $0 = 1 << 20 }
            try writer.flush()
            #expect(try records(try bytes(writer.path)).count == 2)
        }
    }
}
