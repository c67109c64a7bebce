#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A lock with two conditions that threads wait for.
///
/// One thread waits for each condition at most; a signal that nobody waits for costs nothing.
final class Monitor: @unchecked Sendable {
    enum Condition: Int {
        case batch, room
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let conditions = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 2)
    /// Whether a thread waits for each condition; guarded by the mutex.
    private var isAwaited = [false, false]

    init() {
        mutex.initialize(to: pthread_mutex_t())
        conditions.initialize(repeating: pthread_cond_t(), count: 2)
        pthread_mutex_init(mutex, nil)
        for index in 0..<2 { pthread_cond_init(conditions + index, nil) }
    }

    deinit {
        for index in 0..<2 { pthread_cond_destroy(conditions + index) }
        pthread_mutex_destroy(mutex)
        conditions.deallocate()
        mutex.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Sleeps until the condition is signalled, or for no reason; only within `locked`.
    func wait(for condition: Condition) {
        isAwaited[condition.rawValue] = true
        pthread_cond_wait(conditions + condition.rawValue, mutex)
        isAwaited[condition.rawValue] = false
    }

    /// Wakes the thread that waits for the condition; only within `locked`.
    func signal(_ condition: Condition) {
        if isAwaited[condition.rawValue] { pthread_cond_signal(conditions + condition.rawValue) }
    }
}
