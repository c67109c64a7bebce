import ApusFormats
import Foundation

/// Where outputs of frozen layers are kept, so that an epoch does not compute them again: `trainer.featureCache = FeatureCache()`.
///
/// A training whose first layers are frozen from its first step to its last, as where a new head is put on a published network,
/// computes in every epoch the same numbers in them. With a cache it computes them once, writes them to a file, one row a sample, and
/// trains the layers behind on these rows. Weights, losses and metrics are the same, bit for bit: before the first epoch a step is done
/// both ways and compared. A later training with the same layers, weights and samples finds the file.
///
/// ```swift
/// let data = Dataset.moons(seed: 1)
/// let net = Sequential { Dense(64, activation: .tanh); Dropout(0.2); Dense(2) }
/// var trainer = Trainer(
///     net, loss: .softmaxCrossEntropy, optimizer: .adam().freezing("0.dense/*"), metrics: [.accuracy], seed: 7)
/// trainer.featureCache = FeatureCache()
/// try trainer.fit(data, epochs: 3, batchSize: 32)   // 0.dense is computed once
/// ```
public struct FeatureCache: Sendable, Hashable {
    /// The folder of the files; it is made when it is needed.
    public var folder: String
    /// The bytes that the files may take together: those that were not used for longest go. Files in use stay, whatever their size.
    public var byteLimit: Int

    /// A cache in a folder.
    ///
    /// - Parameters:
    ///   - folder: Where the files are; `usualFolder` if `nil`.
    ///   - byteLimit: The bytes that they may take together.
    public init(folder: String? = nil, byteLimit: Int = 10_000_000_000) {
        self.folder = folder ?? FeatureCache.usualFolder
        self.byteLimit = byteLimit
    }

    /// What the environment names with `APUS_FEATURES`; otherwise `apus/features` in `XDG_CACHE_HOME` or `~/.cache`.
    public static var usualFolder: String { CacheFolder.path("features", variable: "APUS_FEATURES") }
}

extension FeatureCache {
    /// What the names of files end with.
    private static let suffix = ".features"

    /// Where the rows of a key are.
    func path(_ key: UInt64) -> String {
        "\(folder)/\(XXH3.digits(key))\(FeatureCache.suffix)"
    }

    /// The rows of a file that is there and whole.
    ///
    /// - Parameter report: Receives a message if it is damaged.
    func rows(_ path: String, _ header: FeatureFile.Header, report: (String) -> Void) -> FeatureFile? {
        do {
            return try FeatureFile(path, header)
        } catch let error as FormatError {
            if error.kind != .missing { report("\(error)") }
        } catch {
            report("\(path): \(error)")
        }
        return nil
    }

    /// Writes rows, and gives them.
    ///
    /// - Parameters:
    ///   - isKept: Whether the file stays for later trainings.
    ///   - rows: Hands over all rows in their order, some at a time.
    /// - Throws: `FormatError` if the disk refuses; what computing the rows throws.
    func write(
        _ path: String, _ header: FeatureFile.Header, isKept: Bool,
        rows: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> FeatureFile {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw FormatError(
                .system(EACCES), path: folder, "the folder of features can't be made: \(error.localizedDescription)",
                remedy: "Name another one with APUS_FEATURES.")
        }
        try FeatureFile.write(path, header, rows)
        let file = try FeatureFile(path, header)
        // The open file stays readable until it is closed.
        if !isKept { unlink(path) }
        return file
    }

    /// Removes the files that were not used for longest until the rest keeps the limit, and what writers left half done.
    ///
    /// - Parameter used: The files in use.
    func trim(keeping used: Set<String>) {
        let files = FileManager.default
        let entries = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        var kept: [(path: String, used: Date, bytes: Int)] = []
        for name in entries {
            let path = "\(folder)/\(name)"
            guard let facts = try? files.attributesOfItem(atPath: path),
                let date = facts[.modificationDate] as? Date, let bytes = facts[.size] as? Int
            else { continue }
            if name.hasSuffix(FeatureCache.suffix) {
                kept.append((path, date, bytes))
            } else if name.hasPrefix(".apus-"), name.hasSuffix(".tmp"), date.timeIntervalSinceNow < -86_400 {
                try? files.removeItem(atPath: path)
            }
        }
        var total = kept.reduce(0) { $0 + $1.bytes }
        for file in kept.sorted(by: { $0.used < $1.used }) where total > byteLimit && !used.contains(file.path) {
            try? files.removeItem(atPath: file.path)
            total -= file.bytes
        }
    }
}
