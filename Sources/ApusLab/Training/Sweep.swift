import Synchronization

/// What a sweep over learning rates has shown, computed once in a process: all seeds of an experiment share it.
///
/// A sweep is a pure function of what its name says, so measurements stay functions of setting and seed.
enum Sweep {
    /// The seed of every sweep, apart from those of pilots and verdicts.
    static let seed: UInt64 = 1_000_000

    private static let known = Mutex<[String: [Double]]>([:])

    /// The numbers of a sweep; computed unless one of that name was before.
    static func numbers(_ name: String, _ compute: () throws -> [Double]) rethrows -> [Double] {
        if let found = known.withLock({ $0[name] }) { return found }
        let numbers = try compute()
        known.withLock { $0[name] = numbers }
        return numbers
    }
}
