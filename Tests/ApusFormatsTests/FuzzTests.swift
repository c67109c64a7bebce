import ApusFormats
import ApusGraph
import Foundation
import Testing

/// Damaged files must lead to errors or arrays: no crash, no hang, no allocation beyond 4 times the file's size and 16
/// MB.
///
/// Each format runs in a process of its own, whose memory is limited by the system, and each file has ten seconds.
/// The environment variable `APUS_FUZZ_COUNT` gives the number of files for each format (3000 without it),
/// `APUS_FUZZ_SEED` another beginning. `Tests/Scripts/fuzz.sh` runs a million each under AddressSanitizer, which finds
/// more, but limits no memory.
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
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func idxHere() throws { try Fuzzing.idx(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func npyHere() throws { try Fuzzing.npy(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func npzHere() throws { try Fuzzing.npz(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func safetensorsHere() throws { try Fuzzing.safetensors(limited: false) }
}

enum Fuzzing {
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

    /// Whether to read the files in this process, with no limit on its memory: where there are no exit tests, or the
    /// environment variable `APUS_FUZZ_HERE` is set, so that a sanitizer's report is to be seen.
    static let isHere: Bool = {
        #if compiler(>=6.2)
            ProcessInfo.processInfo.environment["APUS_FUZZ_HERE"] != nil
        #else
            true
        #endif
    }()

    private static func number(_ name: String, _ fallback: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? fallback
    }

    static func run(
        _ samples: [[UInt8]], limited: Bool, name: String = #function,
        _ read: (_ bytes: [UInt8], inout Mutator) throws(FormatError) -> Void
    ) throws {
        let seed = number("APUS_FUZZ_SEED", 1)
        let count = number("APUS_FUZZ_COUNT", 3000)
        var mutator = Mutator(samples, seed: seed)
        // What is loaded and cached at the first use is not the readers' fault.
        for sample in samples { try? read(sample, &mutator) }
        var refused = 0
        if limited { limitMemory() }
        for _ in 0..<count {
            let bytes = mutator.next()
            if limited { alarm(10) }
            do throws(FormatError) {
                try read(bytes, &mutator)
            } catch {
                refused += 1
                if error.problem.isEmpty || error.remedy.isEmpty || error.description.count > 2000 + 8 * bytes.count {
                    throw error
                }
            }
        }
        alarm(0)
        if isHere {
            print("fuzz \(name): \(count) files, \(refused) refused, seed \(seed)")
        }
        // Damage that is never noticed, or always, means that the harness does not work.
        try #require(refused > 0 && refused < count)
    }

    /// Lets this process take only what the promise allows; more ends it.
    private static func limitMemory() {
        #if os(Linux) && canImport(Glibc)
            // AddressSanitizer takes memory of its own without end.
            guard dlsym(nil, "__asan_init") == nil else { return }
            // Freed memory would be used again unseen if it did not go back to the system.
            // Glibc's module lacks the function: mallopt(M_MMAP_THRESHOLD, 128 KiB).
            guard let mallopt = dlsym(nil, "mallopt") else { return }
            _ = unsafeBitCast(mallopt, to: (@convention(c) (Int32, Int32) -> Int32).self)(-3, 128 << 10)
            guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
                let pages = text.split(separator: " ").first.flatMap({ UInt($0) })
            else { return }
            let bytes = pages * UInt(sysconf(Int32(_SC_PAGESIZE))) + 4 * 65536 + 16 << 20
            var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        #endif
    }
}
