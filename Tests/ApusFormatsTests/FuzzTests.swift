import ApusFormats
import ApusFuzzing
import ApusGraph
import Foundation
import Testing

/// Damaged files must lead to errors or arrays: no crash, no hang, no allocation beyond 4 times the file's size and 16
/// MB.
///
/// Each format runs in a process of its own, whose memory is limited by the system, and each file has ten seconds.
/// The environment variable `APUS_FUZZ_COUNT` gives the number of files for each format (3000 without it),
/// `APUS_FUZZ_SEED` another beginning. `make sanitize` reads them under AddressSanitizer, which finds more,
/// but limits no memory.
@Suite(.serialized) struct FuzzTests {
    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func idx() async {
            await #expect(processExitsWith: .success) { try Fuzzing.idx(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func npy() async {
            await #expect(processExitsWith: .success) { try Fuzzing.npy(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func npz() async {
            await #expect(processExitsWith: .success) { try Fuzzing.npz(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func safetensors() async {
            await #expect(processExitsWith: .success) { try Fuzzing.safetensors(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func pyTorch() async {
            await #expect(processExitsWith: .success) { try Fuzzing.pyTorch(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func hdf5() async {
            await #expect(processExitsWith: .success) { try Fuzzing.hdf5(limited: true) }
        }
        @Test(.enabled(if: !Fuzzing.isHere)) func keras() async {
            await #expect(processExitsWith: .success) { try Fuzzing.keras(limited: true) }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func idxHere() throws { try Fuzzing.idx(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func npyHere() throws { try Fuzzing.npy(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func npzHere() throws { try Fuzzing.npz(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func safetensorsHere() throws { try Fuzzing.safetensors(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func pyTorchHere() throws { try Fuzzing.pyTorch(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func hdf5Here() throws { try Fuzzing.hdf5(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func kerasHere() throws { try Fuzzing.keras(limited: false) }
}

extension Fuzzing {
    static func idx(limited: Bool) throws {
        let arrays: [NumericArray] = try [
            NumericArray(shape: [3, 4, 5], elements: (0..<60).map { UInt8($0) }),
            NumericArray(shape: [7], elements: (0..<7).map { Int32($0) }),
            NumericArray(shape: [2, 3], elements: (0..<6).map { Double($0) }),
        ]
        let samples = try arrays.map { try IDX.encode($0) } + [ApusFormatsTests.idx(9, [5], [1, 2, 3, 4, 5])]
        let compressed = try samples.map { try Gzip.compress($0) }
        try run(samples + compressed, limited: limited) { bytes, mutator throws(FormatError) in
            // Damage under the compression reaches further than damage to it.
            let bytes = mutator.chance(3) ? try Gzip.compress(bytes) : bytes
            _ = try IDX.read(ByteSource(bytes, name: "fuzz"), [.anything, .images, .labels][bytes.count % 3])
        }
    }

    static func npy(limited: Bool) throws {
        let names = [
            "little-i1", "big-f4", "fortran-i2", "fortran-f8", "version-2", "version-3", "scalar", "little-b1",
        ]
        try run(names.map { try Fixture.bytes("\($0).npy") }, limited: limited) { bytes, mutator throws(FormatError) in
            var bytes = bytes
            if mutator.chance(2), bytes.count > 12, bytes[6] == 1 {
                // A length that fits again, so that the damage inside the header counts.
                let length = (bytes.firstIndex(of: 0x0a) ?? 9) - 9
                bytes[8] = UInt8(truncatingIfNeeded: length)
                bytes[9] = UInt8(truncatingIfNeeded: length >> 8)
            }
            _ = try NPY.read(ByteSource(bytes, name: "fuzz"))
        }
    }

    static func npz(limited: Bool) throws {
        let samples = try ["stored.npz", "deflated.npz"].map { try Fixture.bytes($0) }
        try run(samples, limited: limited) { bytes, _ throws(FormatError) in
            let file = try NPZFile(ByteSource(bytes, name: "fuzz"))
            for name in file.names { _ = try file.array(name) }
        }
    }

    static func safetensors(limited: Bool) throws {
        let small = try SafetensorsFile.encode(
            [
                ("a", NumericArray(shape: [2, 2], elements: [1, 2, 3, 4] as [Float])),
                ("b", NumericArray(shape: [3], elements: [true, false, true])),
            ], metadata: ["k": "v\n"])
        let samples = [small, try Fixture.bytes("numpy.safetensors"), ApusFormatsTests.safetensors("{}")]
        try run(samples, limited: limited) { bytes, mutator throws(FormatError) in
            var bytes = bytes
            if mutator.chance(2), let end = bytes.lastIndex(of: 0x7d), end >= 8 {
                for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: (end - 7) >> (8 * index)) }
            }
            let file = try SafetensorsFile(ByteSource(bytes, name: "fuzz"))
            var failure: FormatError?
            for name in file.names {
                do throws(FormatError) { _ = try file.array(name) } catch { failure = error }
            }
            if let failure { throw failure }
        }
    }
}
