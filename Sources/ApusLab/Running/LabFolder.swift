import ApusConfiguration
import ApusFormats
import Foundation

/// The folder of one experiment: finished measurements, the results, pictures and the page.
///
/// ```swift
/// let folder = LabFolder("histograms", in: "lab")
/// print(folder.pagePath)   // lab/histograms/report.html
/// ```
public struct LabFolder: Sendable, Hashable {
    /// Where it is.
    public let path: String

    /// The folder of an experiment within that of the lab.
    public init(_ id: String, in lab: String) { path = lab + "/" + id }

    /// The file of results.
    public var resultsPath: String { path + "/results.json" }
    /// The page.
    public var pagePath: String { path + "/report.html" }
    /// The folder of the pictures.
    public var plotsPath: String { path + "/plots" }

    // MARK: Measurements

    /// What is kept of a measurement: with it, that it is the one that is looked for.
    private struct Record<Setting: Codable & Hashable>: Codable {
        let arm: String
        let revision: Int
        let seed: UInt64
        let setting: Setting
        let measurement: LabMeasurement
    }

    private func file(_ arm: String, _ setting: some Encodable, seed: UInt64, revision: Int) throws -> String {
        let text = try FileJSON.text(setting)
        var hash = XXH3()
        hash.add(UInt64(bitPattern: Int64(revision)))
        Array(text.utf8).withUnsafeBytes { hash.add($0) }
        return "\(path)/measurements/\(arm)-\(seed)-\(XXH3.digits(hash.value)).json"
    }

    /// A measurement that an earlier run finished, whole and of the same setting; `nil` if there is none.
    func measurement<Setting>(of arm: LabArm<Setting>, seed: UInt64, revision: Int) throws -> LabMeasurement? {
        let file = try file(arm.id, arm.setting, seed: seed, revision: revision)
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let record: Record<Setting> = try? FileJSON.value(text),
            record.revision == revision, record.seed == seed, record.setting == arm.setting
        else { return nil }
        return record.measurement
    }

    /// Keeps a measurement.
    func keep<Setting>(_ measurement: LabMeasurement, of arm: LabArm<Setting>, seed: UInt64, revision: Int) throws {
        let file = try file(arm.id, arm.setting, seed: seed, revision: revision)
        try LabFolder.make((file as NSString).deletingLastPathComponent)
        let record = Record(
            arm: arm.id, revision: revision, seed: seed, setting: arm.setting, measurement: measurement)
        try AtomicFile.write(try FileJSON.text(record) + "\n", to: file)
    }

    // MARK: Files

    /// Makes a folder where there is none.
    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw LabError("the folder \(path.quoted) can't be made: \(error.localizedDescription)", .file)
        }
    }
}
