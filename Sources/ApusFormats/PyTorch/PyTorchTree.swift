import ApusConfiguration

/// The tensors of a pickle by name, and which of them are the model's.
///
/// Names are the keys on the way to a tensor, with dots between them: `state_dict.conv1.weight`.
struct PyTorchTree {
    private static let maximumDepth = 64
    /// Where programs keep the model in a checkpoint, the usual place first.
    private static let usualKeys = ["state_dict", "model_state_dict", "model", "net", "network", "weights", "params"]

    /// In the order of the file.
    private(set) var tensors: [(name: String, tensor: PickleTensor)] = []
    /// Those of the model: by their names in the state dict, and by those in the file.
    private(set) var stateDict: [(name: String, tensor: String)] = []
    private var known: Set<String> = []
    /// The dictionaries that hold tensors themselves: the names up to them, and the keys of the tensors.
    private var groups: [(prefix: String, keys: [String])] = []
    /// What may still be visited; the names that this makes are a part of the size of the file.
    private var rest: Int
    private let machine: PickleMachine
    private let path: String

    init(_ root: PickleValue, _ machine: PickleMachine, fileCount: Int, path: String) throws(FormatError) {
        self.machine = machine
        self.path = path
        rest = (1 << 20) + fileCount
        if case .tensor(let index) = root {
            try add("tensor", index)
        } else {
            try visit(root, "", depth: 0)
        }
        findStateDict()
    }

    private mutating func add(_ name: String, _ index: Int) throws(FormatError) {
        guard known.insert(name).inserted else {
            throw failure(
                .malformed, "two tensors of the file have the name \(name.quoted)", "Save them under other keys.")
        }
        tensors.append((name, machine.tensors[index]))
    }

    private mutating func visit(_ value: PickleValue, _ prefix: String, depth: Int) throws(FormatError) {
        guard case .node(let index) = value else { return }
        guard depth < PyTorchTree.maximumDepth else {
            throw failure(
                .unsupported,
                "dictionaries and lists of the file lie more than \(PyTorchTree.maximumDepth) deep in each other",
                PickleMachine.advice)
        }
        let node = machine.nodes[index]
        var keys: [String] = []
        for (key, value) in try entries(node) {
            let name = prefix.isEmpty ? key : "\(prefix).\(key)"
            rest -= 1 + name.utf8.count
            guard rest >= 0 else {
                throw failure(
                    .unsupported, "the file repeats the same values far more often than its size makes likely",
                    PickleMachine.advice)
            }
            if case .tensor(let index) = value {
                try add(name, index)
                keys.append(key)
            } else {
                try visit(value, name, depth: depth + 1)
            }
        }
        if node.kind == .dictionary, !keys.isEmpty { groups.append((prefix, keys)) }
    }

    /// What a container holds that may be or hold tensors, with the keys as texts.
    private mutating func entries(_ node: PickleNode) throws(FormatError) -> [(String, PickleValue)] {
        guard node.kind == .dictionary else {
            rest -= node.items.count
            return node.items.enumerated().compactMap { $0.element.mayHoldTensors ? ("\($0.offset)", $0.element) : nil }
        }
        var entries: [(String, PickleValue)] = []
        var places: [String: Int] = [:]
        for index in stride(from: 0, to: node.items.count, by: 2) {
            rest -= 1
            let value = node.items[index + 1]
            let key: String
            switch node.items[index] {
            case .text(let text): key = text
            case .int(let number): key = "\(number)"
            case .bool(let isTrue): key = isTrue ? "True" : "False"
            default:
                guard value.mayHoldTensors else { continue }
                throw failure(
                    .unsupported, "a dictionary of the file has a key that is neither a text nor a whole number",
                    PickleMachine.advice)
            }
            // As in Python, the last value of a key counts, in the place of the first.
            if let place = places[key] {
                entries[place].1 = value
            } else {
                places[key] = entries.count
                entries.append((key, value))
            }
        }
        return entries.filter { $0.1.mayHoldTensors }
    }

    /// The dictionary with a usual key; else the one with the most tensors, of several the outermost; else the file.
    private mutating func findStateDict() {
        let usual = PyTorchTree.usualKeys.compactMap { key in groups.first { $0.prefix == key } }.first
        let largest = groups.max { a, b in
            a.keys.count == b.keys.count ? a.prefix.utf8.count > b.prefix.utf8.count : a.keys.count < b.keys.count
        }
        guard let group = usual ?? largest else {
            stateDict = tensors.map { ($0.name, $0.name) }
            return
        }
        // The copies of a model that train side by side stand in one of this name.
        let wrapper = "module."
        let isWrapped = group.keys.allSatisfy { $0.hasPrefix(wrapper) }
        stateDict = group.keys.map { key in
            (
                isWrapped ? String(key.dropFirst(wrapper.count)) : key,
                group.prefix.isEmpty ? key : "\(group.prefix).\(key)"
            )
        }
    }

    private func failure(_ kind: FormatError.Kind, _ problem: String, _ remedy: String) -> FormatError {
        FormatError(kind, path: path, problem, expected: "named tensors", remedy: remedy)
    }
}

extension PickleValue {
    fileprivate var mayHoldTensors: Bool {
        switch self {
        case .node, .tensor: true
        default: false
        }
    }
}
