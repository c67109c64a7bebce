import Foundation

/// Batches on their way from the thread that makes them to the one that uses them.
///
/// The maker sleeps until half of the batches are used and then fills up, so that it wakes once for several batches. The two
/// never sleep at once, for one waits for a first batch and the other until there are fewer; so one condition is enough.
package final class BatchQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    // Guarded by the condition's lock.
    private var ready: [Batch] = []
    private var isComplete = false
    private var isStopped = false

    package init(capacity: Int) {
        self.capacity = capacity
        ready.reserveCapacity(capacity)
    }

    // MARK: The user's side

    /// The next batch, as soon as there is one; `nil` after the last.
    package func take() -> Batch? {
        condition.withLock {
            while ready.isEmpty, !isComplete { condition.wait() }
            guard !ready.isEmpty else { return nil }
            let batch = ready.removeFirst()
            if ready.count <= capacity / 2 { condition.signal() }
            return batch
        }
    }

    /// Makes the maker end, whatever it waits for.
    package func stop() {
        condition.withLock {
            isStopped = true
            ready.removeAll()
            condition.signal()
        }
    }

    // MARK: The maker's side

    /// Makes batches until there are no more or nobody wants them.
    package func fill(from gatherer: Gatherer) {
        while true {
            for _ in 0..<awaitRoom() {
                let batch = gatherer.nextBatch()
                guard put(batch) else { return }
            }
        }
    }

    /// Waits until half of the batches are used; returns how many are missing, at least one.
    private func awaitRoom() -> Int {
        condition.withLock {
            while ready.count > capacity / 2, !isStopped { condition.wait() }
            return capacity - ready.count
        }
    }

    /// Adds a batch, `nil` after the last; returns whether to continue.
    private func put(_ batch: Batch?) -> Bool {
        condition.withLock {
            if let batch, !isStopped { ready.append(batch) } else { isComplete = true }
            condition.signal()
            return !isComplete
        }
    }
}
