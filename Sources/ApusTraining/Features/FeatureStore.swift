import ApusData
import ApusFormats
import ApusNN
import Foundation

/// The files of features that one training takes from a cache, or puts there.
struct FeatureStore {
    private let cache: FeatureCache
    private let report: (String) -> Void
    private let start = ContinuousClock.now
    private var used: Set<String> = []
    /// Samples and bytes that were computed, and samples that were there.
    private var (computed, byteCount, found) = (0, 0, 0)

    /// - Parameter report: Receives messages about damaged files, and in the end what was done.
    init(_ cache: FeatureCache, _ report: @escaping (String) -> Void) {
        self.cache = cache
        self.report = report
    }

    /// Whether there are files for all of a set.
    func holds(_ set: FeatureSet) -> Bool {
        set.sources.allSatisfy { $0.key.map { FileManager.default.fileExists(atPath: cache.path($0)) } ?? false }
    }

    /// The samples of a set with features in their place: those of the cache, or computed now.
    ///
    /// - Parameter isRight: Whether training with features gives the bits that it should. It receives the files that are there, or `nil` for
    ///   some that are computed.
    /// - Returns: `nil` if computed ones do not.
    mutating func features(_ set: FeatureSet, isRight: ([FeatureFile]?) throws -> Bool) throws -> Dataset? {
        let places = set.sources.map { source in
            let key = source.key
            // Who can't be told from others is not found again.
            return (
                path: cache.path(key ?? .random(in: .min ... .max)), isKept: key != nil,
                header: FeatureFile.Header(key: key ?? 0, row: source.row, count: source.dataset.count)
            )
        }
        let count = set.dataset.count
        var files = places.compactMap { $0.isKept ? cache.rows($0.path, $0.header, report: report) : nil }
        if files.count == places.count, try !isRight(files) {
            report("\(places[0].path): training on these features would give other bits. They are computed again.")
            files = []
        }
        if files.count == places.count {
            found += count
        } else {
            guard try isRight(nil) else { return nil }
            files = try zip(set.sources, places).map { source, place in
                try cache.write(place.path, place.header, isKept: place.isKept) { try source.forEachRows($0) }
            }
            computed += count
            byteCount += files.reduce(0) { $0 + $1.byteCount }
        }
        used.formUnion(places.map(\.path))
        return set.replacing(set.dataset, by: files, of: set.dataset, isStored: true)
    }

    /// Says what was done, and makes room.
    ///
    /// - Parameter next: The path of the first layer behind the features; `nil` if there is none.
    func finish(next: String?) {
        cache.trim(keeping: used)
        let seconds = String(format: "%.1f s", (ContinuousClock.now - start) / .seconds(1))
        let size = byteCount < 1_000_000 ? "\((byteCount + 999) / 1000) kB" : "\((byteCount + 500_000) / 1_000_000) MB"
        var parts: [String] = []
        if computed > 0 { parts.append("computed features of \(computed) samples: \(seconds), \(size)") }
        if found > 0 { parts.append("\(computed > 0 ? "" : "features of ")\(found) samples from the cache") }
        report(parts.joined(separator: "; ") + (next.map { "; what trains begins with \($0)" } ?? ""))
    }
}
