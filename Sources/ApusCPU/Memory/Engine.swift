import CKernels

/// The one place where programs run.
public enum Engine {
    /// Runs a body while no program runs elsewhere: on the calling thread if that is the main thread, otherwise on the engine
    /// thread, while the caller waits.
    ///
    /// A loop that runs many programs from another thread should be one body, so that it is handed over once.
    public static func run<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var result: Swift.Result<Result, Failure>?
        withoutActuallyEscaping({ () -> Void in
            do throws(Failure) { result = .success(try body()) } catch { result = .failure(error) }
        }) { work in
            var work: () -> Void = work
            withUnsafeMutablePointer(to: &work) { pointer in
                apus_engine_run({ $0!.assumingMemoryBound(to: (() -> Void).self).pointee() }, pointer)
            }
        }
        // The body has run: apus_engine_run returns only then.
        return try result!.get()
    }

    /// The number of threads that kernels use.
    public static var threadCount: Int {
        get { Int(apus_thread_count()) }
        set { apus_set_thread_count(Int32(clamping: newValue)) }
    }
}
