/// An array of a file of Keras.
struct KerasEntry: Sendable {
    let name: String
    let dataset: HDF5Dataset
    let layer: String?
    /// Not of an optimizer, a metric or a generator of random numbers.
    let isOfModel: Bool

    /// Layers and their weights, as lists of names give them.
    static func ofLayers(_ group: HDF5Group, path: String, byteCount: Int) throws(FormatError) -> [KerasEntry] {
        var entries: [KerasEntry] = []
        // Each takes at least a name and a header in the file.
        let limit = 16 + byteCount / 40
        let top = "top_level_model_weights"
        let layers = try texts("layer_names", group) ?? []
        for layer in layers + (group.contains(top) && !layers.contains(top) ? [top] : []) {
            let inner = try group.group(layer)
            for weight in try texts("weight_names", inner) ?? [] {
                guard entries.count < limit else {
                    throw FormatError(
                        .malformed, path: path, "the file lists more weights than its size makes likely",
                        expected: "at most \(limit)", remedy: "Save it again.")
                }
                entries.append(
                    KerasEntry(
                        name: "\(layer)/\(weight)", dataset: try inner.dataset(weight), layer: layer, isOfModel: true))
            }
        }
        return entries
    }

    /// Every data set; groups called `vars` say which layer they are of.
    static func ofWeights(_ file: HDF5File) throws(FormatError) -> [KerasEntry] {
        var entries: [(entry: KerasEntry, parts: [(text: String, number: Int)])] = []
        for (group, dataset) in try file.members() {
            let parts = dataset.name.split(separator: "/")
            let isVariable = parts.count > 1 && parts[parts.count - 2] == "vars"
            let entry = KerasEntry(
                name: dataset.name, dataset: dataset, layer: isVariable ? try text("name", group) : nil,
                isOfModel: parts[0] != "optimizer" && parts[0] != "metrics" && !parts.contains("seed_generator"))
            entries.append((entry, KerasEntry.parts(dataset.name)))
        }
        return entries.sorted { precedes($0.parts, $1.parts) }.map(\.entry)
    }

    /// A name as people count: its parts, each with the number at its end by itself.
    private static func parts(_ name: String) -> [(text: String, number: Int)] {
        name.split(separator: "/").map { part in
            let digits = part.reversed().prefix { $0.isASCII && $0.isNumber }.count
            guard digits > 0, let number = Int(part.suffix(digits)) else { return (String(part), -1) }
            let text = part.dropLast(digits)
            return (String(text.hasSuffix("_") ? text.dropLast() : text), number)
        }
    }

    private static func precedes(_ a: [(text: String, number: Int)], _ b: [(text: String, number: Int)]) -> Bool {
        a.lexicographicallyPrecedes(b) { $0.text == $1.text ? $0.number < $1.number : $0.text < $1.text }
    }

    /// An attribute that is one text.
    static func text(_ name: String, _ group: HDF5Group) throws(FormatError) -> String? {
        guard case .text(let text) = try group.attribute(name) else { return nil }
        return text
    }

    /// An attribute that is a list of texts, or several of them, if one would be too long.
    static func texts(_ name: String, _ group: HDF5Group) throws(FormatError) -> [String]? {
        if let value = try group.attribute(name) { return value.texts }
        var (texts, part) = ([String](), 0)
        while let value = try group.attribute("\(name)\(part)") {
            texts += value.texts
            part += 1
        }
        return part == 0 ? nil : texts
    }
}

extension HDF5Value {
    /// A list of texts; an empty one has no type that says so.
    fileprivate var texts: [String] {
        switch self {
        case .text(let text): [text]
        case .texts(let texts): texts
        case .array: []
        }
    }
}
