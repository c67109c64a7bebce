/// Lines of very many points, reduced to what a screen can show.
package enum Polyline {
    /// The connected parts of a line; `nil` is a gap.
    ///
    /// Beyond `limit` points, of those that follow each other within one pixel column only the first, the lowest, the highest
    /// and the last are kept, so that no spike is lost. A gap inside one column is too small to be seen.
    package static func parts(_ points: [Point?], limit: Int) -> [[Point]] {
        let isLong = points.count { $0 != nil } > limit
        var parts: [[Point]] = []
        var part: [Point] = []
        var column: [Point] = []
        var hasGap = false

        func flush() {
            part += isLong ? extremes(column) : column
            column = []
        }
        for point in points {
            guard let point else {
                hasGap = true
                continue
            }
            let staysInColumn = column.last.map { $0.x.rounded(.down) == point.x.rounded(.down) } ?? false
            if !staysInColumn { flush() }
            if hasGap, !(isLong && staysInColumn) {
                flush()
                if !part.isEmpty { parts.append(part) }
                part = []
            }
            hasGap = false
            column.append(point)
        }
        flush()
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    /// The first, lowest, highest and last of points, in their order.
    private static func extremes(_ points: [Point]) -> [Point] {
        guard points.count > 4 else { return points }
        var (lowest, highest) = (0, 0)
        for index in points.indices {
            if points[index].y < points[lowest].y { lowest = index }
            if points[index].y > points[highest].y { highest = index }
        }
        return Set([0, lowest, highest, points.count - 1]).sorted().map { points[$0] }
    }

    /// `M1 2L3 4`; a part of one point becomes a dot under round line ends.
    static func path(_ parts: [[Point]]) -> String {
        var result = ""
        for part in parts {
            for (index, point) in part.enumerated() {
                result += "\(index == 0 ? "M" : "L")\(XML.number(point.x)) \(XML.number(point.y))"
            }
            if part.count == 1 { result += "h0" }
        }
        return result
    }
}
