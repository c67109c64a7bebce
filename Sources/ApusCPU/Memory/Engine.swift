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
}
