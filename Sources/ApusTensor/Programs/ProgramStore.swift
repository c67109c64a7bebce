import ApusBackend
import Synchronization

/// What a store keeps.
package protocol StoredProgram: Sendable {
    /// The memory that it holds while it is kept.
    var byteCount: Int { get }
}

/// How much memory compiled programs may hold together, whoever compiled them: where it is exceeded, those that were not used for
/// longest go.
package final class ProgramStore: Sendable {
    /// The store of the process. An eighth of the machine's memory, at least 512 MiB.
    package static let shared = ProgramStore(
        limit: max(512 << 20, MachineMemory.byteCount / 8))

    private struct WeakShelf: Sendable {
        weak var shelf: (any Shelf)?
    }

    private let owners = Mutex<[WeakShelf]>([])
    private let clock = Atomic(0)

    package init(limit: Int) { self.limit = limit }

    /// The bytes that programs may hold.
    package let limit: Int

    /// The bytes that programs hold now.
    package var byteCount: Int { shelves.reduce(0) { $0 + $1.byteCount } }

    fileprivate func add(_ shelf: any Shelf) {
        owners.withLock { owners in
            owners.removeAll { $0.shelf == nil }
            owners.append(WeakShelf(shelf: shelf))
        }
    }

    /// A number that rises with each use of a program.
    fileprivate func now() -> Int { clock.add(1, ordering: .relaxed).newValue }

    private var shelves: [any Shelf] { owners.withLock { $0.compactMap(\.shelf) } }

    /// Drops programs until the rest keeps the limit; the one that was used last stays.
    fileprivate func enforce() {
        let shelves = shelves
        var total = shelves.reduce(0) { $0 + $1.byteCount }
        let newest = shelves.compactMap(\.newest).max()
        while total > limit {
            let candidates = shelves.compactMap { shelf in shelf.oldest.map { (use: $0, shelf: shelf) } }
            guard let (use, shelf) = candidates.min(by: { $0.use < $1.use }), use != newest else { return }
            total -= shelf.drop(use)
        }
    }
}

/// The programs of one owner.
private protocol Shelf: AnyObject, Sendable {
    var byteCount: Int { get }
    /// When the program that was not used for longest was used last.
    var oldest: Int? { get }
    /// When a program was used last.
    var newest: Int? { get }
    /// Drops the program that was used then last; its bytes.
    func drop(_ use: Int) -> Int
}

/// The compiled programs of one owner by what they were compiled for. They go with their owner, or when the store needs room.
package final class Programs<Key: Hashable & Sendable, Program: StoredProgram>: Sendable {
    private struct Entry {
        let program: Program
        let byteCount: Int
        var lastUse: Int
    }

    private let store: ProgramStore
    private let entries = Mutex<[Key: Entry]>([:])

    package init(in store: ProgramStore = .shared) {
        self.store = store
        store.add(self)
    }

    /// The number of programs that are kept.
    package var count: Int { entries.withLock { $0.count } }

    /// The program for a key, made if there is none.
    ///
    /// - Parameter isCurrent: Whether a program that is kept still fits; it is made anew otherwise.
    package func callAsFunction(
        _ key: Key, where isCurrent: (Program) -> Bool = { _ in true }, make: () throws -> Program
    ) rethrows -> Program {
        let known = entries.withLock { entries -> Program? in
            guard let index = entries.index(forKey: key), isCurrent(entries.values[index].program) else { return nil }
            entries.values[index].lastUse = store.now()
            return entries.values[index].program
        }
        if let known { return known }
        // Not under the lock: compiling takes long, and may itself evaluate tensors. Two threads may make the same program.
        let made = try make()
        entries.withLock {
            $0[key] = Entry(program: made, byteCount: made.byteCount, lastUse: store.now())
        }
        store.enforce()
        return made
    }
}

extension Programs: Shelf {
    fileprivate var byteCount: Int { entries.withLock { $0.values.reduce(0) { $0 + $1.byteCount } } }
    fileprivate var oldest: Int? { entries.withLock { $0.values.lazy.map(\.lastUse).min() } }
    fileprivate var newest: Int? { entries.withLock { $0.values.lazy.map(\.lastUse).max() } }

    fileprivate func drop(_ use: Int) -> Int {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.value.lastUse == use }) else { return 0 }
            return entries.remove(at: index).value.byteCount
        }
    }
}
