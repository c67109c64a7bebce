import ApusFormats
import Foundation

/// Reads damaged files.
///
/// Damaged files must lead to errors or values: no crash, no hang, no allocation beyond 4 times the file's size and 16 MB. Each
/// format runs in a process of its own, whose memory is limited by the system, and each file has ten seconds.
package enum Fuzzing {
    /// Whether to read the files in this process, with no limit on its memory: where there are no exit tests, or the
    /// environment variable `APUS_FUZZ_HERE` is set, so that a sanitizer's report is to be seen.
    package static let isHere: Bool = {
        #if compiler(>=6.2)
            ProcessInfo.processInfo.environment["APUS_FUZZ_HERE"] != nil
        #else
            true
        #endif
    }()

    private static let environment = ProcessInfo.processInfo.environment

    /// Where damage begins: 1, so that tests repeat; a new number where it is asked for, and where files are read by the million.
    private static var seed: UInt64 {
        guard let text = environment["APUS_FUZZ_SEED"], text != "new" else {
            return isHere || environment["APUS_FUZZ_SEED"] != nil ? .random(in: .min ... .max) : 1
        }
        return UInt64(text) ?? 1
    }

    package static func run(
        _ samples: [[UInt8]], limited: Bool, name: String = #function,
        _ read: (_ bytes: [UInt8], inout Mutator) throws -> Void
    ) throws {
        let (seed, count) = (seed, environment["APUS_FUZZ_COUNT"].flatMap { UInt64($0) } ?? 3000)
        // A crash says nothing: what it read is known by this line.
        print("fuzz \(name): begins with APUS_FUZZ_SEED=\(seed)")
        fflush(nil)
        var mutator = Mutator(samples, seed: seed)
        // What is loaded and cached at the first use is not the readers' fault.
        for sample in samples { try? read(sample, &mutator) }
        var refused = 0
        if limited { limitMemory() }
        for _ in 0..<count {
            let bytes = mutator.next()
            if limited { alarm(10) }
            do {
                try read(bytes, &mutator)
            } catch {
                refused += 1
                // Errors are for people: not empty, not endless.
                let length = "\(error)".count
                if length == 0 || length > 2000 + 8 * bytes.count { throw Failure(error: error, seed: seed) }
                if let error = error as? FormatError, error.problem.isEmpty || error.remedy.isEmpty {
                    throw Failure(error: error, seed: seed)
                }
            }
        }
        alarm(0)
        if isHere {
            print("fuzz \(name): \(count) files, \(refused) refused, seed \(seed)")
        }
        // Damage that is never noticed, or always, means that the harness does not work; of few files all may be so by chance.
        guard count < 1000 || refused > 0 && refused < Int(count) else {
            throw Useless(refused: refused, count: Int(count), seed: seed)
        }
    }

    private struct Useless: Error {
        var refused: Int
        var count: Int
        var seed: UInt64
    }

    /// An error that tells people nothing, or too much; with the seed it comes again.
    private struct Failure: Error {
        var error: any Error
        var seed: UInt64
    }

    /// Lets this process take only what the promise allows; more ends it.
    private static func limitMemory() {
        #if os(Linux)
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
