package import CKernels
import Foundation
package import Testing

/// An instruction set that kernels are compiled for and that is there: the CPU has it, and `APUS_ISA` does not ask for less.
package struct InstructionSet: Sendable, Hashable, CustomTestStringConvertible {
    package static let available = [APUS_ISA_BASELINE, APUS_ISA_AVX2, APUS_ISA_AVX512].map(InstructionSet.init(isa:))
        .filter { $0.isa.rawValue <= apus_isa().rawValue }

    package let isa: apus_isa

    package var testDescription: String { ["baseline", "AVX2", "AVX-512"][Int(isa.rawValue)] }

    package static func == (a: InstructionSet, b: InstructionSet) -> Bool { a.isa.rawValue == b.isa.rawValue }

    package func hash(into hasher: inout Hasher) { hasher.combine(isa.rawValue) }

    /// Kernels that the calling thread starts use this set and a number of threads (0: as many as others do); afterwards what they used
    /// before.
    package func use<Result>(
        threads: Int32 = 0, location: SourceLocation = #_sourceLocation, _ body: () throws -> Result
    ) rethrows -> Result {
        try teamLock.withLock {
            let before = (isa: apus_isa(), threads: apus_own_thread_count())
            defer {
                apus_set_isa(before.isa)
                apus_set_own_thread_count(before.threads)
            }
            apus_set_isa(isa)
            apus_set_own_thread_count(threads)
            #expect(apus_isa() == isa, "the CPU lacks \(testDescription)", sourceLocation: location)
            return try body()
        }
    }
}

/// Every thread that opens parallel loops has a team of its own; on few cores, teams that spin beside each other take turns only.
private let teamLock = NSRecursiveLock()

/// Does a check with every instruction set and with each number of threads. What it returns must not depend on the threads, to the bit.
package func everywhere<Results: Equatable>(
    threads: [Int32] = [1, 3], location: SourceLocation = #_sourceLocation,
    _ check: (_ place: String) throws -> Results
) rethrows {
    for set in InstructionSet.available {
        var first: Results?
        for count in threads {
            let place = "\(set.testDescription), \(count) threads"
            let results = try set.use(threads: count, location: location) { try check(place) }
            #expect(
                first == nil || first == results, "the bits depend on the threads: \(place)", sourceLocation: location)
            first = first ?? results
        }
    }
}

/// Does a check with every instruction set and number of threads that has no results to compare.
package func everywhere(
    threads: [Int32] = [1, 3], location: SourceLocation = #_sourceLocation, _ check: (_ place: String) throws -> Void
)
    rethrows
{
    try everywhere(threads: threads, location: location) { place in
        try check(place)
        return 0
    }
}

/// Does a check with every instruction set.
package func onEveryInstructionSet(location: SourceLocation = #_sourceLocation, _ check: () throws -> Void) rethrows {
    for set in InstructionSet.available { try set.use(location: location, check) }
}
