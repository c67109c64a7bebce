import ApusTestKit
import CKernels
import Testing

/// How many threads loops use when other processes hold the cores.
@Suite struct CrowdTests {
    private let milliseconds: Int64 = 1_000_000

    /// Loops that follow each other on a clock of the test's own.
    private struct Loops {
        var crowd = apus_crowd()
        var now: Int64 = 0
        var threads: [Int32] = []

        /// Runs one loop for each pair: how long it takes, and the thread that is done first.
        mutating func run(_ count: Int, of wanted: Int32, _ duration: Int64, least: Int64) {
            for _ in 0..<count {
                let isMeasured = apus_crowd_measures(&crowd)
                if isMeasured { apus_crowd_begin(&crowd, now) }
                let used = apus_crowd_threads(&crowd, wanted)
                threads.append(used)
                now += duration
                if isMeasured && used > 1 { apus_crowd_note(&crowd, used, now, duration, least) }
            }
        }
    }

    @Test func evenLoopsKeepTheirThreads() {
        var loops = Loops()
        // Half a millisecond; two tasks for one thread and one for the other; a thread that had to wake up.
        loops.run(4000, of: 2, milliseconds / 2, least: milliseconds / 2 - 1000)
        loops.run(4000, of: 2, 2 * milliseconds, least: milliseconds)
        loops.run(4000, of: 2, milliseconds / 4, least: milliseconds / 20)
        #expect(loops.threads.allSatisfy { $0 == 2 })
    }

    @Test func aRareStallKeepsTheThreads() {
        var loops = Loops()
        // 3 of 35 milliseconds are lost.
        for _ in 0..<200 {
            loops.run(64, of: 2, milliseconds / 2, least: milliseconds / 2)
            loops.run(1, of: 2, 3 * milliseconds, least: milliseconds / 2)
        }
        #expect(loops.threads.allSatisfy { $0 == 2 })
    }

    @Test func stallsTakeAThreadAndSilenceGivesItBack() throws {
        var loops = Loops()
        loops.run(64, of: 2, 4 * milliseconds, least: milliseconds / 4)
        let first = try #require(loops.threads.firstIndex(of: 1))
        // Two measured loops of 4 milliseconds, of which nearly all are lost.
        #expect(first <= 16)
        #expect(loops.crowd.fewer == 1)
        // Loops of one thread, until the pause is over; then the other one is tried, and stays.
        loops.run(1000, of: 2, milliseconds / 2, least: milliseconds / 2)
        #expect(loops.crowd.fewer == 0)
        #expect(loops.threads.suffix(500).allSatisfy { $0 == 2 })
    }

    /// While the neighbour stays, trials become rare: the time that they take is less than a twentieth.
    @Test func trialsThatFailBecomeRare() {
        var loops = Loops()
        var (tried, all) = (Int64(0), Int64(0))
        for round in 0..<200_000 {
            let before = loops.now
            let isAlone = loops.crowd.fewer == 1 && loops.now < loops.crowd.until
            loops.run(1, of: 2, isAlone ? milliseconds / 2 : 4 * milliseconds, least: milliseconds / 4)
            guard round > 20_000 else { continue }
            all += loops.now - before
            if loops.threads.last == 2 { tried += loops.now - before }
        }
        #expect(tried > 0)
        #expect(tried * 20 < all, "\(tried) of \(all)")
        #expect(loops.crowd.pause == 3200 * milliseconds)
    }

    @Test func severalThreadsAreTakenOneByOne() {
        var loops = Loops()
        loops.run(64, of: 8, 4 * milliseconds, least: milliseconds / 4)
        #expect(Set(loops.threads).isSuperset(of: [8, 7, 6]))
        for (before, after) in zip(loops.threads, loops.threads.dropFirst()) { #expect(abs(before - after) <= 1) }
        #expect(loops.threads.allSatisfy { $0 >= 1 })
    }

    @Test func atLeastOneThreadIsLeft() {
        var crowd = apus_crowd()
        crowd.fewer = 7
        #expect(apus_crowd_threads(&crowd, 4) == 1)
        #expect(apus_crowd_threads(&crowd, 8) == 1)
        #expect(apus_crowd_threads(&crowd, 9) == 2)
    }
}
