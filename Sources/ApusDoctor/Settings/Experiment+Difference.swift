import ApusExperiments

extension Experiment {
    /// The lines of the experiment's file that settings change, as `diff` writes them; empty where they do not fit.
    func difference(_ settings: [String]) -> String {
        guard let changed = try? setting(settings), let old = try? yaml(), let new = try? changed.yaml() else {
            return ""
        }
        let (before, after) = (Experiment.lines(old), Experiment.lines(new))
        let difference = after.difference(from: before)
        let removed = Set(difference.removals.map(\.place))
        let inserted = Set(difference.insertions.map(\.place))
        var lines: [(mark: Character, text: String)] = []
        var place = 0
        for (index, line) in before.enumerated() {
            if removed.contains(index) {
                lines.append(("-", line))
                continue
            }
            while inserted.contains(place) {
                lines.append(("+", after[place]))
                place += 1
            }
            lines.append((" ", line))
            place += 1
        }
        lines += after[place...].map { ("+", $0) }
        return Experiment.withContext(lines).map { "\($0.mark) \($0.text)" }.joined(separator: "\n")
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    }

    /// What changes, with the line before it and the lines that it stands under.
    private static func withContext(_ lines: [(mark: Character, text: String)]) -> [(mark: Character, text: String)] {
        func depth(_ line: String) -> Int { line.prefix { $0 == " " || $0 == "-" }.count }
        var kept = Set<Int>()
        for (index, line) in lines.enumerated() where line.mark != " " {
            kept.insert(index)
            var least = depth(line.text)
            for above in lines[..<index].indices.reversed() where depth(lines[above].text) < least {
                least = depth(lines[above].text)
                kept.insert(above)
                if least == 0 { break }
            }
        }
        return kept.sorted().map { lines[$0] }
    }
}

extension CollectionDifference.Change {
    fileprivate var place: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
