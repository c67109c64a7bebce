import CKernels

/// The one place where programs run.
///
/// The main thread runs programs itself; any other thread hands them to one engine thread and waits. See `apus_engine.h`.
package enum Engine {
    /// The number of threads that kernels use.
    package static var threadCount: Int {
        get { Int(apus_thread_count()) }
        set { apus_set_thread_count(Int32(clamping: newValue)) }
    }

    /// Calls a function in which programs use another number of threads; those of other threads keep theirs.
    package static func withThreads<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
        let before = apus_own_thread_count()
        apus_set_own_thread_count(Int32(clamping: count))
        defer { apus_set_own_thread_count(before) }
        return try body()
    }
}
