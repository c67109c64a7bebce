/// Looks names up and suggests others for those that do not exist.
package enum Names {
    /// The error for a name that does not exist: `there is no layer conv2 (did you mean conv2D?)`.
    package static func unknown(
        _ what: String, _ name: String, _ known: [String], _ path: [any CodingKey]
    ) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(
                codingPath: path, debugDescription: "there is no \(what) \(name.shown) (\(hint(name, known)))",
                underlyingError: UnknownName(name: name)))
    }

    /// The name that an error is about: readers of files look for its line.
    package struct UnknownName: Error {
        package let name: String
    }

    /// `did you mean dropout?`, or everything that is known.
    package static func hint(_ name: String, _ known: [String]) -> String {
        // Nothing known is so long.
        guard name.utf8.count <= 200 else { return "known are \(known.shown(40))" }
        let closest = known.map { ($0, distance($0, name)) }.min { $0.1 < $1.1 }
        if let closest, closest.1 <= max(2, name.count / 3) { return "did you mean \(closest.0.shown)?" }
        return "known are \(known.shown(100))"
    }

    /// The insertions, deletions and replacements that lead from one name to the other, in lower case (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                (diagonal, row[j + 1]) = (
                    row[j + 1], min(diagonal + (left == right ? 0 : 1), row[j] + 1, row[j + 1] + 1)
                )
            }
        }
        return row[b.count]
    }
}
