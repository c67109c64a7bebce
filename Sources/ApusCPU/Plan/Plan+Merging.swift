import ApusGraph

extension Plan {
    /// The number of steps that one may be moved over: far moves keep values alive for long.
    private static let longestMove = 256
    /// The number of elements from which on a call's overhead does not matter, but memory and caches do.
    private static let largest = 1 << 18

    /// Joins steps that run one elementwise program over different tensors (the parameters of an optimizer) into one call each.
    mutating func mergeElementwiseSteps() {
        let conflicts = nextConflicts()
        var removed: Set<Int> = []
        for late in steps.indices.reversed() where !removed.contains(late) {
            guard var merged = steps[late].elementwise, merged.counts[0] <= Self.largest else { continue }
            var joined: [Int] = []
            // A step can run later if none in between must come after it.
            for early in (max(0, late - Self.longestMove)..<late).reversed()
            where conflicts[early] > late && !removed.contains(early) {
                guard let candidate = steps[early].elementwise, candidate.program == merged.program,
                    candidate.counts[0] <= Self.largest
                else { continue }
                merged = merged.joined(after: candidate)
                joined.append(early)
                removed.insert(early)
            }
            guard !joined.isEmpty else { continue }
            let cost = joined.reduce(steps[late].cost) { cost, early in cost + steps[early].cost }
            guard var step = PlanStep(steps[late].name + " ×\(merged.counts.count)", merged, cost: cost) else {
                joined.forEach { removed.remove($0) }
                continue
            }
            step.unit = steps[late].unit
            steps[late] = step
        }
        steps = steps.indices.filter { !removed.contains($0) }.map { steps[$0] }
    }

    /// For each step the next one that reads or writes what it writes, or writes what it reads.
    private func nextConflicts() -> [Int] {
        func memory(_ id: ValueID) -> Storage {
            let owner = owner(of: id)
            // Arena offsets are not known yet: there, the owner itself is the memory.
            if case .arena = self[owner].storage { return .alias(owner) }
            return self[owner].storage
        }
        var nextRead: [Storage: Int] = [:]
        var nextWrite: [Storage: Int] = [:]
        var conflicts = Array(repeating: Int.max, count: steps.count)
        for (index, step) in steps.enumerated().reversed() {
            let (reads, writes) = (step.reads.map(memory), step.writes.map(memory))
            let next = writes.flatMap { [nextRead[$0], nextWrite[$0]] } + reads.map { nextWrite[$0] }
            conflicts[index] = next.compactMap { $0 }.min() ?? .max
            for read in reads { nextRead[read] = index }
            for write in writes { nextWrite[write] = index }
        }
        return conflicts
    }
}
