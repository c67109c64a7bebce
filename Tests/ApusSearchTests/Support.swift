import ApusSearch
import ApusTestKit
import Foundation
import Yams

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

/// The path of a store in a folder of its own, which is removed afterwards.
func withStorePath(_ body: (String) async throws -> Void) async throws {
    try await withTemporaryFolder { try await body("\($0)/apus.sqlite") }
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
