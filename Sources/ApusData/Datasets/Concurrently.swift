import ApusBackend
import ApusTensor
import Dispatch
import Synchronization

/// Calls a function with the numbers from 0 up to `count`, on as many threads as compute.
///
/// - Throws: what it threw for the least number; greater ones may then be left out.
func concurrently(_ count: Int, _ body: @Sendable (Int) throws -> Void) throws {
    let next = Atomic(0)
    let failure = Mutex<(place: Int, error: any Error)?>(nil)
    // Numbers are taken in their order: each one below a failure was taken before it.
    DispatchQueue.concurrentPerform(iterations: max(1, min(count, Device.threadCount))) { _ in
        while failure.withLock({ $0 == nil }) {
            let place = next.add(1, ordering: .relaxed).oldValue
            guard place < count else { return }
            do {
                try body(place)
            } catch {
                failure.withLock { if place < $0?.place ?? count { $0 = (place, error) } }
            }
        }
    }
    if let error = failure.withLock({ $0?.error }) { throw error }
}
