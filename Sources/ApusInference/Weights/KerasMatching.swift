import ApusGraph
import ApusNN
import ApusTensor

/// The layers of a file of Keras, and which of a model's variables their weights are.
struct KerasMatching {
    /// The variables by the names of the arrays that hold them.
    private(set) var forms: [String: [KerasForm]] = [:]

    /// - Parameters:
    ///   - names: The arrays: `layers/conv2d_1/vars/0`, `conv2d_1/conv2d_1/kernel:0`.
    ///   - isOrdered: Whether they are in the order of the model's layers.
    init(_ names: [String], isOrdered: Bool, shape: (String) throws -> Shape, of variables: Variables) rethrows {
        let all = KerasMatching.arrays(KerasForm.all(variables))
        let ordered = Dictionary(zip(names, all).map { ($0, $1) }) { first, _ in first }
        let fitsInOrder = try names.count >= all.count && zip(names, all).allSatisfy { $1[0].fits(try shape($0)) }
        if fitsInOrder, isOrdered {
            forms = ordered
            return
        }
        // By kinds where layers have the names that Keras gives them.
        let byName = Dictionary(all.map { ("\($0[0].layer)/\($0[0].place)", $0) }) { first, _ in first }
        let byKeeper = Dictionary(
            all.map { (KerasMatching.key($0[0].layer, $0[0].inside, $0[0].number), $0) }
        ) { first, _ in first }
        let places = Dictionary(names.map { ($0, KerasPlace($0)) }) { first, _ in first }
        let ranks = KerasMatching.ranks(Set(places.values.map(\.layer)))
        var counts: [String: Int] = [:]
        var known: [String: [KerasForm]] = [:]
        for name in names {
            guard let place = places[name], let layer = ranks[place.layer] else { continue }
            if let number = place.number {
                known[name] = byKeeper[KerasMatching.key(layer, place.inside, number)]
            } else {
                known[name] = byName["\(layer)/\(counts[layer, default: 0])"]
                counts[layer, default: 0] += 1
            }
        }
        let fits = try !known.isEmpty && known.allSatisfy { name, forms in forms[0].fits(try shape(name)) }
        forms = fitsInOrder && !fits ? ordered : known
    }

    /// Earlier versions of Keras 3 have a bar before the names of attention's layers.
    private static func key(_ layer: String, _ inside: String, _ number: Int) -> String {
        "\(layer)/\(inside.hasPrefix("_") ? inside.dropFirst() : inside[...])/\(number)"
    }

    /// Forms by the arrays that hold them, in order.
    private static func arrays(_ forms: [KerasForm]) -> [[KerasForm]] {
        forms.reduce(into: []) { arrays, form in
            if let last = arrays.last?.last, last.name == form.name {
                arrays[arrays.count - 1].append(form)
            } else {
                arrays.append([form])
            }
        }
    }

    /// What each layer of the file would be called in a fresh session: `dense_7` and `dense_8` are `dense` and `dense_1`.
    private static func ranks(_ layers: Set<String>) -> [String: String] {
        var numbers: [String: Set<Int>] = [:]
        func parts(_ layer: String) -> (kind: String, number: Int) {
            guard let bar = layer.lastIndex(of: "_"), let number = Int(layer[layer.index(after: bar)...]) else {
                return (layer, 0)
            }
            return (String(layer[..<bar]), number)
        }
        for layer in layers { numbers[parts(layer).kind, default: []].insert(parts(layer).number) }
        let places = numbers.mapValues { $0.sorted() }
        return Dictionary(
            uniqueKeysWithValues: layers.map { layer in
                let (kind, number) = parts(layer)
                let place = places[kind]!.firstIndex(of: number)!
                return (layer, place == 0 ? kind : "\(kind)_\(place)")
            })
    }
}

/// Where an array of a file of Keras stands.
private struct KerasPlace {
    /// What stands between `layers/` and `/vars/` but for what is within a layer, or the first word.
    let layer: String
    /// What within the layer keeps it.
    let inside: String
    /// Its number there, where the file has one.
    let number: Int?

    init(_ name: String) {
        let parts = name.split(separator: "/").map(String.init)
        guard let vars = parts.firstIndex(of: "vars"), vars + 1 < parts.count else {
            (layer, inside, number) = (parts.first ?? "", "", nil)
            return
        }
        let path = parts[..<vars].drop { $0 == "layers" }
        let start = path.dropFirst().firstIndex { KerasPlace.keepers.contains($0) } ?? path.endIndex
        layer = path[..<start].joined(separator: "/")
        inside = path[start...].joined(separator: "/")
        number = Int(parts[vars + 1])
    }

    private static let keepers: Set = [
        "cell", "forward_layer", "backward_layer", "query_dense", "key_dense", "value_dense", "output_dense",
        "_query_dense", "_key_dense", "_value_dense", "_output_dense",
    ]
}
