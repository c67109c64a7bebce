import ApusSearch
import Foundation
import Yams

/// What a body throws, as text.
func message(_ body: () throws -> some Any) -> String {
    do { return "nothing was thrown: \(try body())" } catch { return "\(error)" }
}

/// What is wrong with a text that should describe a value.
func problem<Value: Decodable>(_ type: Value.Type, _ yaml: String) -> String {
    do {
        return "nothing is wrong with \(try YAMLDecoder().decode(type, from: yaml))"
    } catch DecodingError.dataCorrupted(let context) {
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return context.debugDescription + (path.isEmpty ? "" : " at \(path)")
    } catch DecodingError.keyNotFound(_, let context) {
        return context.debugDescription
    } catch {
        return "\(error)"
    }
}

/// A path in a folder of its own, which is removed afterwards.
func withStorePath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-search-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.appendingPathComponent("apus.sqlite").path)
}

extension Study.Next {
    /// The trial, if there is one.
    var trial: Trial? { if case .trial(let trial) = self { trial } else { nil } }
}

/// Runs a strategy without a store, one trial after the other.
func losses(
    _ strategy: Strategy, _ space: SearchSpace, trials: Int, seed: UInt64, _ function: (Assignment) -> Double
) -> [Double] {
    var observations: [Observation] = []
    for _ in 0..<trials {
        let history = SearchHistory(space: space, seed: seed, limit: trials, observations: observations)
        guard case .new(let assignment, _) = strategy.value.proposal(history) else { break }
        observations.append(Observation(assignment: assignment, state: .complete, loss: function(assignment)))
    }
    return observations.compactMap(\.loss)
}
