import ApusGraph

/// The name of an axis in Einstein's sum: a letter, or a place in the ellipsis, counted from its end.
enum EinsumAxis: Hashable {
    case letter(Character)
    case ellipsis(Int)
}

/// What is wrong with the subscripts of Einstein's sum.
struct EinsumProblem: Error {
    let message: String
}

/// The names of the axes of all tensors and of the result: `ij,jk->ik`, read and compared with the tensors.
struct EinsumAxes {
    let terms: [[EinsumAxis]]
    let result: [EinsumAxis]

    init(_ subscripts: String, _ tensors: [Tensor]) throws(EinsumProblem) {
        let text = subscripts.filter { $0 != " " }
        let sides = text.split(separator: "->", omittingEmptySubsequences: false)
        let parts = sides[0].split(separator: ",", omittingEmptySubsequences: false)
        guard sides.count <= 2, parts.count == tensors.count else {
            throw EinsumProblem(
                message: sides.count > 2
                    ? "expected one arrow, as in \"ij,jk->ik\", but received \"\(subscripts)\""
                    : "the subscripts \"\(subscripts)\" name \(parts.count) tensors but there are \(tensors.count)")
        }
        var terms: [[EinsumAxis]] = []
        for (place, part) in parts.enumerated() {
            terms.append(try EinsumAxes.axes(part, rank: tensors[place].rank, tensors[place], place))
        }
        try EinsumAxes.checkExtents(terms, tensors)
        let widest = terms.map { $0.filter(\.isEllipsis) }.max { $0.count < $1.count } ?? []
        guard sides.count == 2 else {
            let letters = terms.joined().filter { !$0.isEllipsis }
            let counts = Dictionary(letters.map { ($0, 1) }, uniquingKeysWith: +)
            let once = counts.filter { $0.value == 1 }.keys.compactMap(\.character).sorted()
            (self.terms, result) = (terms, widest + once.map { .letter($0) })
            return
        }
        let result = try EinsumAxes.names(sides[1], ellipsis: widest)
        for (place, name) in result.enumerated() {
            guard let letter = name.character else { continue }
            guard terms.joined().contains(name) else {
                throw EinsumProblem(message: "the result's axis \(letter) is in none of the tensors")
            }
            guard !result[..<place].contains(name) else {
                throw EinsumProblem(message: "the axis \(letter) stands twice in the result")
            }
        }
        (self.terms, self.result) = (terms, result)
    }

    /// The axes of one tensor.
    private static func axes(
        _ part: Substring, rank: Int, _ tensor: Tensor, _ place: Int
    ) throws(EinsumProblem) -> [EinsumAxis] {
        let letters = part.filter(\.isLetter).count
        let hidden = rank - letters
        let hasEllipsis = part.contains(".")
        let names = try names(part, ellipsis: hidden > 0 ? (0..<hidden).reversed().map { .ellipsis($0) } : [])
        guard hasEllipsis ? hidden >= 0 : hidden == 0 else {
            throw EinsumProblem(
                message: "\"\(part)\" names \(letters) axes but tensor \(place) has the shape \(tensor.shape)")
        }
        return names
    }

    /// Letters and an ellipsis as names.
    private static func names(_ part: Substring, ellipsis: [EinsumAxis]) throws(EinsumProblem) -> [EinsumAxis] {
        var (rest, names, isWhole) = (part, [EinsumAxis](), false)
        while let first = rest.first {
            if first.isLetter, first.isASCII {
                names.append(.letter(first))
                rest = rest.dropFirst()
            } else if rest.hasPrefix("..."), !isWhole {
                names += ellipsis
                isWhole = true
                rest = rest.dropFirst(3)
            } else {
                throw EinsumProblem(
                    message: "expected letters and at most one ellipsis \"...\" for a tensor but received \"\(part)\"")
            }
        }
        return names
    }

    private static func checkExtents(_ terms: [[EinsumAxis]], _ tensors: [Tensor]) throws(EinsumProblem) {
        var known: [EinsumAxis: (extent: Int, place: Int)] = [:]
        for (place, (names, tensor)) in zip(terms, tensors).enumerated() {
            for (name, extent) in zip(names, tensor.shape.dimensions) {
                if name.isEllipsis, extent == 1 { continue }
                if let other = known[name], other.extent != extent {
                    let what = name.character.map { "the axis \($0)" } ?? "an axis of the ellipsis"
                    throw EinsumProblem(
                        message: "\(what) has the extent \(other.extent) in tensor \(other.place) but \(extent) "
                            + "in tensor \(place)")
                }
                known[name] = (extent, place)
            }
        }
    }
}

extension EinsumAxis {
    var isEllipsis: Bool { character == nil }
    var character: Character? { if case .letter(let letter) = self { letter } else { nil } }
}
