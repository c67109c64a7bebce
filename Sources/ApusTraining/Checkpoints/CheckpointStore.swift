import ApusConfiguration
import ApusFormats
import Foundation

/// A folder of checkpoints: `last`, `last-1`, …, `best`, `best-1`, …
///
/// A checkpoint is written aside, synced and then renamed into place; where the system can exchange two names, `last` is there at
/// every moment.
package struct CheckpointStore: Sendable {
    let folder: String

    package init(_ folder: String) {
        self.folder = folder
    }

    /// What the folder of checkpoints is called in the folder of a training.
    package static let usualName = "checkpoints"

    /// The weights of the last checkpoint, whether they exist or not.
    package var lastWeights: String { "\(folder)/last/\(TrainingCheckpoint.tensors)" }

    /// The weights of the best epoch, or of the last where there is no best.
    package var keptWeights: String {
        let best = "\(folder)/best/\(TrainingCheckpoint.tensors)"
        return FileManager.default.fileExists(atPath: best) ? best : lastWeights
    }

    private static let asidePrefix = ".apus-"

    static func name(_ kind: String, _ rank: Int) -> String { rank == 0 ? kind : "\(kind)-\(rank)" }

    /// The folders of checkpoints that there are, the last ones first.
    func names() -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        func ranked(_ kind: String) -> [String] {
            entries.compactMap { entry -> (Int, String)? in
                if entry == kind { return (0, entry) }
                guard entry.hasPrefix("\(kind)-"), let rank = Int(entry.dropFirst(kind.count + 1)) else { return nil }
                return (rank, entry)
            }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return ranked("last") + ranked("best")
    }

    // MARK: Saving

    /// Writes a checkpoint as the last one, and among the best at a rank.
    ///
    /// - Parameter removesOthers: Whether what else is in the folder belongs to another training.
    /// - Returns: The folder of the checkpoint.
    func save(
        _ checkpoint: TrainingCheckpoint, keepLast: Int, best: (rank: Int, keep: Int)?, removesOthers: Bool
    ) throws -> String {
        let aside = try makeAside()
        var copy: String?
        do {
            try checkpoint.write(aside)
            if best != nil { copy = try duplicate(aside) }
            if removesOthers { for name in names() where name != "last" { remove("\(folder)/\(name)") } }
            if let best, let copy { try insert(copy, "best", at: best.rank, keep: best.keep) }
            try insert(aside, "last", at: 0, keep: removesOthers ? 1 : keepLast)
        } catch {
            for path in [aside, copy ?? aside] { remove(path) }
            throw error
        }
        // What could not be removed in its time, and what a killed process left.
        removeHalf()
        return "\(folder)/last"
    }

    /// Writes a checkpoint among the best only.
    func saveBest(_ checkpoint: TrainingCheckpoint, rank: Int, keep: Int) throws {
        let aside = try makeAside()
        do {
            try checkpoint.write(aside)
            try insert(aside, "best", at: rank, keep: keep)
        } catch {
            remove(aside)
            throw error
        }
    }

    /// A new folder beside the checkpoints.
    func makeAside() throws -> String {
        let path = "\(folder)/\(CheckpointStore.asidePrefix)\(String(UInt64.random(in: .min ... .max), radix: 16))"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FormatError(
                .system(errno), path: path, "the folder can't be made: \(error.localizedDescription)",
                remedy: "Check that its parent is a folder that may be written.")
        }
        return path
    }

    /// Another folder with the same files, without their bytes once more where the system can.
    private func duplicate(_ source: String) throws -> String {
        let copy = try makeAside()
        for name in try FileManager.default.contentsOfDirectory(atPath: source) where !name.hasPrefix(".") {
            if link("\(source)/\(name)", "\(copy)/\(name)") == 0 { continue }
            try AtomicFile.write(Array(try Data(contentsOf: URL(filePath: "\(source)/\(name)"))), to: "\(copy)/\(name)")
        }
        sync(copy)
        return copy
    }

    /// Gives a folder a rank; those from there on move down.
    private func insert(_ aside: String, _ kind: String, at rank: Int, keep: Int) throws {
        func path(_ rank: Int) -> String { "\(folder)/\(CheckpointStore.name(kind, rank))" }
        if rank + 1 < keep {
            remove(path(keep - 1))
            for place in stride(from: keep - 1, to: rank + 1, by: -1) { _ = rename(path(place - 1), path(place)) }
        }
        // What was at the rank is in `aside` now.
        if try exchange(aside, path(rank)) {
            if rank + 1 >= keep || rename(aside, path(rank + 1)) != 0 { remove(aside) }
        }
        sync(folder)
    }

    /// Puts a folder in the place of another.
    func replace(_ name: String, by aside: String) throws {
        if try exchange(aside, "\(folder)/\(name)") { remove(aside) }
        sync(folder)
    }

    /// Gives a folder a name; one that had it gets the other's name.
    ///
    /// - Returns: Whether there was one.
    private func exchange(_ aside: String, _ target: String) throws -> Bool {
        if rename(aside, target) == 0 { return false }
        #if canImport(Glibc)
            // The header hides the call from Swift; old libraries lack it.
            typealias Call = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
            let exchanges: UInt32 = 2
            if let call = dlsym(nil, "renameat2").map({ unsafeBitCast($0, to: Call.self) }),
                call(AT_FDCWD, aside, AT_FDCWD, target, exchanges) == 0
            {
                return true
            }
        #elseif canImport(Darwin)
            if renamex_np(aside, target, UInt32(RENAME_SWAP)) == 0 { return true }
        #endif
        // For a moment there is nothing in the place; other checkpoints are.
        let old = "\(aside)-old"
        guard rename(target, old) == 0, rename(aside, target) == 0, rename(old, aside) == 0 else {
            let code = errno
            throw FormatError(
                .system(code), path: target, "it can't be renamed: \(String(cString: strerror(code)))",
                remedy: "Check that nothing but checkpoints is in its folder.")
        }
        return true
    }

    private func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Makes new names survive a power failure.
    private func sync(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    // MARK: Order

    /// Removes what a process left that was killed while it wrote a checkpoint.
    func removeHalf() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(CheckpointStore.asidePrefix) { remove("\(folder)/\(name)") }
    }

    private struct Position: Decodable {
        var step: Int
        var epoch: Int
        var batch: Int
    }

    private func position(_ name: String) -> Position? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)/state.json") else { return nil }
        return try? FileJSON.decoder().decode(Position.self, from: data)
    }

    /// Brings the folder into the order that a training remembers, after a process was killed in the midst of changes.
    ///
    /// - Parameters:
    ///   - last: Step and epoch of the checkpoint from which the training continues.
    ///   - best: The epochs of the best, best first.
    func arrange(last: (step: Int, epoch: Int), best: [Int]) throws {
        let known = names().map { (name: $0, position: position($0)) }
        /// Whole checkpoints of a place.
        func find(_ matches: (Position) -> Bool) -> String? {
            known.first { entry in
                entry.position.map(matches) ?? false
                    && (try? TrainingCheckpoint.checkedText("\(folder)/\(entry.name)")) != nil
            }?.name
        }
        var moves: [(aside: String, name: String)] = []
        var kept: Set<String> = []
        func place(_ name: String, _ matches: (Position) -> Bool) throws {
            kept.insert(name)
            guard let source = find(matches), source != name else { return }
            if known.contains(where: { $0.name == name && $0.position.map(matches) ?? false }), source == name {
                return
            }
            moves.append((try duplicate("\(folder)/\(source)"), name))
        }
        try place("last") { $0.step == last.step && $0.epoch == last.epoch }
        for (rank, epoch) in best.enumerated() {
            let name = CheckpointStore.name("best", rank)
            // In its place already?
            if let there = position(name), there.epoch == epoch, there.batch == 0 {
                kept.insert(name)
                continue
            }
            try place(name) { $0.epoch == epoch && $0.batch == 0 }
        }
        for (aside, name) in moves { try replace(name, by: aside) }
        // What is newer than where the training continues is damaged; best ones that it does not know come again.
        for (name, position) in known where !kept.contains(name) {
            let isOlder = position.map { ($0.step, $0.epoch) < last } ?? false
            if name.hasPrefix("best") || !isOlder { remove("\(folder)/\(name)") }
        }
    }
}
