import CKernels
import Foundation
import Testing

/// What a thread asks for holds on the engine and in loops, and nowhere else.
@Suite struct EngineTests {
    private final class Seen: @unchecked Sendable {
        let lock = NSLock()
        var sets: [apus_isa.RawValue] = []
        func note() { lock.withLock { sets.append(apus_isa().rawValue) } }
    }

    @Test(arguments: [APUS_ISA_BASELINE.rawValue, APUS_ISA_AVX2.rawValue]) func instructionSetsOfThreads(
        _ number: UInt32
    ) {
        let isa = apus_isa(number)
        let best = apus_isa()
        apus_set_isa(isa)
        defer { apus_set_isa(best) }
        let expected = apus_isa()
        let seen = Seen()
        apus_engine_run(
            { context in
                let seen = Unmanaged<Seen>.fromOpaque(context!).takeUnretainedValue()
                seen.note()
                apus_parallel_for(
                    64, { context, _, _ in Unmanaged<Seen>.fromOpaque(context!).takeUnretainedValue().note() }, context)
            }, Unmanaged.passUnretained(seen).toOpaque())
        #expect(seen.sets.count >= 2 && Set(seen.sets) == [expected.rawValue])
        // Another thread's work is not concerned.
        let other = Seen()
        let done = DispatchSemaphore(value: 0)
        Thread {
            apus_engine_run(
                { Unmanaged<Seen>.fromOpaque($0!).takeUnretainedValue().note() },
                Unmanaged.passUnretained(other).toOpaque())
            done.signal()
        }.start()
        done.wait()
        #expect(other.sets == [best.rawValue])
    }
}
