import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

/// What a thread asks for holds on the engine and in loops, and nowhere else.
@Suite struct EngineTests {
    /// What the threads that take part in a piece of work saw.
    private final class Seen: @unchecked Sendable {
        let lock = NSLock()
        var sets: [apus_isa.RawValue] = []
        var threads: [pthread_t] = []
        var ranges: [Range<Int64>] = []
        var products: [Float] = []

        var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

        static func of(_ context: UnsafeMutableRawPointer?) -> Seen {
            Unmanaged<Seen>.fromOpaque(context!).takeUnretainedValue()
        }

        func note(_ range: Range<Int64> = 0..<1) {
            lock.withLock {
                sets.append(apus_isa().rawValue)
                threads.append(pthread_self())
                ranges.append(range)
                products += Seen.factors.map { $0 * $1 }
            }
        }

        /// Notes what every thread of a loop sees.
        func noteLoop(_ tasks: Int64) {
            apus_parallel_for(tasks, { Seen.of($0).note($1..<$2) }, context)
        }

        /// Products that are too small to be normal, and one of a number that is; the compiler does not know them.
        nonisolated(unsafe) static var factors: [(Float, Float)] = [
            (1e-30, 1e-10), (-1e-20, 1e-20), (Float(bitPattern: 70000), 1),
        ]
    }

    /// Does something on the engine, for which the calling thread has asked for a number of threads.
    private func onEngine(threads: Int32, _ seen: Seen, _ body: @convention(c) (UnsafeMutableRawPointer?) -> Void) {
        let before = apus_own_thread_count()
        apus_set_own_thread_count(threads)
        defer { apus_set_own_thread_count(before) }
        apus_engine_run(body, seen.context)
    }

    // MARK: Instruction sets

    @Test(arguments: InstructionSet.available) func instructionSetsOfThreads(set: InstructionSet) {
        let usual = apus_isa()
        let seen = Seen()
        set.use(threads: 3) {
            apus_engine_run(
                {
                    Seen.of($0).note()
                    Seen.of($0).noteLoop(64)
                }, seen.context)
        }
        #expect(seen.sets == Array(repeating: set.isa.rawValue, count: 4))
        // Another thread's work is not concerned.
        let other = Seen()
        let done = DispatchSemaphore(value: 0)
        Thread {
            apus_engine_run({ Seen.of($0).note() }, other.context)
            done.signal()
        }.start()
        done.wait()
        #expect(other.sets == [usual.rawValue])
    }

    // MARK: Loops

    /// Each thread does one range, and each task is done once.
    @Test(arguments: [(2, 7, 2), (3, 7, 3), (3, 2, 2), (1, 7, 1), (2, 1, 1), (3, 0, 0)] as [(Int32, Int64, Int)])
    func loopsUseAsManyThreadsAsAskedFor(threads: Int32, tasks: Int64, expected: Int) {
        let seen = Seen()
        InstructionSet.available[0].use(threads: threads) { seen.noteLoop(tasks) }
        #expect(seen.ranges.count == expected)
        #expect(Set(seen.threads).count == expected)
        #expect(seen.ranges.flatMap(Array.init).sorted() == Array(0..<tasks))
        let lengths = seen.ranges.map(\.count)
        #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1)
    }

    @Test func loopsInsideLoopsStayOnTheirThread() {
        let seen = Seen()
        InstructionSet.available[0].use(threads: 2) {
            apus_parallel_for(2, { context, _, _ in Seen.of(context).noteLoop(5) }, seen.context)
        }
        #expect(seen.ranges == [0..<5, 0..<5])
    }

    // MARK: Denormal numbers

    /// They count as zero in a program, on every thread that takes part, and nowhere else.
    @Test(arguments: [1, 2, 3] as [Int32]) func denormalsAreFlushedWhileAProgramRuns(threads: Int32) {
        let (inside, after, outside) = (Seen(), Seen(), Seen())
        let seen = [inside, after]
        let kernel: apus_kernel = { buffers, _ in
            Seen.of(buffers![0]).noteLoop(6)
            return 0
        }
        final class Run {
            let kernel: apus_kernel
            let seen: [Seen]
            var status: Int32 = -1
            init(_ kernel: apus_kernel, _ seen: [Seen]) { (self.kernel, self.seen) = (kernel, seen) }
        }
        let run = Run(kernel, seen)
        InstructionSet.available[0].use(threads: threads) {
            outside.note()
            apus_engine_run(
                { context in
                    let run = Unmanaged<Run>.fromOpaque(context!).takeUnretainedValue()
                    var buffers: [UnsafeMutableRawPointer?] = [run.seen[0].context]
                    buffers.withUnsafeMutableBufferPointer {
                        var step = apus_step(kernel: run.kernel, buffers: $0.baseAddress, parameters: nil)
                        _ = apus_engine_run_steps(&step, 1, &run.status, nil)
                    }
                    run.seen[1].noteLoop(6)
                }, Unmanaged.passUnretained(run).toOpaque())
            outside.note()
        }
        #expect(run.status == 0)
        #expect(inside.threads.count == threads && inside.products.allSatisfy { $0 == 0 })
        for seen in [after, outside] {
            #expect(seen.products.count >= 3 && seen.products.allSatisfy { $0 != 0 && abs($0) < 1e-37 })
        }
        #expect(Set(after.threads) == Set(inside.threads))
    }
}

@Suite struct InstructionSetTests {
    /// Names the sets with which this suite's checks run.
    @Test(arguments: InstructionSet.available) func isUsedAndGivenBack(set: InstructionSet) {
        let before = (apus_isa(), apus_own_thread_count())
        set.use(threads: 3) {
            #expect(apus_isa() == set.isa)
            #expect(apus_own_thread_count() == 3 && apus_thread_count() == 3)
        }
        #expect((apus_isa(), apus_own_thread_count()) == before)
    }
}
