import Foundation

/// A thread that makes batches ahead of their use; it ends when the last one is made or this object is released.
///
/// One of the system's, for Foundation's `Thread` neither says when the system has none left nor waits for its end.
package final class PreparingThread {
    package let queue: BatchQueue
    private let thread: pthread_t

    /// `nil` if the system has no thread left.
    package init?(_ gatherer: Gatherer, ahead: Int) {
        let queue = BatchQueue(capacity: ahead)
        guard let thread = startThread({ queue.fill(from: gatherer) }) else { return nil }
        self.queue = queue
        self.thread = thread
    }

    deinit {
        queue.stop()
        pthread_join(thread, nil)
    }
}

/// What a thread is to do.
private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let work = Unmanaged.passRetained(Work(body))
    #if canImport(Glibc)
        var thread = pthread_t()
    #else
        var thread: pthread_t?
    #endif
    #if canImport(Darwin)
        let status = pthread_create(&thread, nil, { runWork($0) }, work.toOpaque())
    #else
        let status = pthread_create(&thread, nil, { runWork($0!) }, work.toOpaque())
    #endif
    guard status == 0 else {
        work.release()
        return nil
    }
    return thread
}

private func runWork(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
