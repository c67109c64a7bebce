import ApusConfiguration

/// Names and calls: what a pickle makes besides containers.
extension PickleMachine {
    mutating func object(_ code: UInt8) throws(FormatError) -> Bool {
        switch code {
        case UInt8(ascii: "c"):
            let module = try input.line()
            stack.append(try global(module, input.line()))
        case 0x93:
            guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
                throw input.failure("the pickle is damaged: a name is no text")
            }
            stack.append(try global(module, name))
        case UInt8(ascii: "Q"):
            let identity = try tuple(pop(), "the place of a storage")
            stack.append(try storage(identity))
        case UInt8(ascii: "R"):
            let arguments = try tuple(pop(), "the arguments of a call")
            stack.append(try call(pop(), arguments))
        case UInt8(ascii: "b"):
            // Attributes of a dictionary: versions of layers, which have no meaning here.
            _ = try pop()
            guard case .node(let index) = try top(), nodes[index].kind == .dictionary else { throw refusedState() }
        default: return false
        }
        return true
    }

    private func global(_ module: String, _ name: String) throws(FormatError) -> PickleValue {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw FormatError(
                .unsupported, path: input.path, offset: input.offset,
                "the file asks for \("\(module).\(name)".shown): it holds more than tensors, and reading it in Python could run code",
                expected: "tensors, numbers, texts, lists and dictionaries", received: "\(module).\(name)".shown,
                remedy: PickleMachine.advice)
        }
        return .global(global)
    }

    private func refusedState() -> FormatError {
        FormatError(
            .unsupported, path: input.path, offset: input.offset, "the pickle sets attributes of an object",
            expected: "tensors, numbers, texts, lists and dictionaries", remedy: PickleMachine.advice)
    }

    private func tuple(_ value: PickleValue, _ what: String) throws(FormatError) -> [PickleValue] {
        guard case .node(let index) = value, nodes[index].kind == .tuple else {
            throw input.failure("the pickle is damaged: \(what) should be a tuple")
        }
        return nodes[index].items
    }

    private mutating func call(_ function: PickleValue, _ arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        guard case .global(let global) = function else { throw input.failure("the pickle calls what is no function") }
        switch global {
        case .dictionary: return try dictionary(arguments)
        case .size:
            guard arguments.count == 1 else { break }
            return arguments[0]
        case .device: return .other
        case .tensor(let version): return try tensor(arguments, version)
        case .parameter:
            guard case .tensor(let index)? = arguments.first else { break }
            return .tensor(index)
        case .storage, .type: break
        }
        throw input.failure("the pickle calls \(global) with other arguments than torch.save writes")
    }

    /// A dictionary, empty or of pairs, or of what another holds.
    private mutating func dictionary(_ arguments: [PickleValue]) throws(FormatError) -> PickleValue {
        var items: [PickleValue] = []
        if let first = arguments.first {
            guard arguments.count == 1, case .node(let index) = first, nodes[index].kind != .tuple else {
                throw input.failure("the pickle makes a dictionary of something else than pairs")
            }
            copied += nodes[index].items.count
            guard copied <= input.count else {
                throw input.failure("the pickle copies the same values again and again")
            }
            if nodes[index].kind == .dictionary {
                items = nodes[index].items
            } else {
                for item in nodes[index].items {
                    guard case .node(let pair) = item, nodes[pair].kind != .dictionary, nodes[pair].items.count == 2
                    else { throw input.failure("the pickle makes a dictionary of something else than pairs") }
                    items += nodes[pair].items
                }
            }
        }
        nodes.append(PickleNode(kind: .dictionary, items: items))
        return .node(nodes.count - 1)
    }

    /// `('storage', type, key, device, count)`, in old files with the part of it that is a storage of its own.
    private mutating func storage(_ identity: [PickleValue]) throws(FormatError) -> PickleValue {
        guard identity.count == 5 || identity.count == 6, case .text("storage") = identity[0],
            case .global(.storage(let type)) = identity[1], case .int(let count) = identity[4], count >= 0
        else { throw input.failure("the pickle is damaged: a storage is not what torch.save writes") }
        var storage = PickleStorage(type: type, key: try key(identity[2]), count: count)
        if identity.count == 6, case .node = identity[5] {
            let view = try tuple(identity[5], "a view of a storage")
            guard view.count == 3, case .int(let start) = view[1], case .int(let count) = view[2], start >= 0,
                count >= 0
            else { throw input.failure("the pickle is damaged: a view of a storage is not what torch.save writes") }
            (storage.start, storage.count) = (start, count)
        }
        storages.append(storage)
        return .storage(storages.count - 1)
    }

    private func key(_ value: PickleValue) throws(FormatError) -> String {
        switch value {
        case .text(let key): return key
        case .int(let key): return "\(key)"
        default: throw input.failure("the pickle is damaged: a storage has no name")
        }
    }

    /// The keys of a list, as the end of an old file has it.
    func keys(_ value: PickleValue) throws(FormatError) -> [String] {
        guard case .node(let index) = value, nodes[index].kind == .list else {
            throw input.failure("the list of storages is missing")
        }
        var keys: [String] = []
        for item in nodes[index].items { keys.append(try key(item)) }
        return keys
    }

    private mutating func tensor(_ arguments: [PickleValue], _ version: Int) throws(FormatError) -> PickleValue {
        guard arguments.count >= 4, case .storage(let index) = arguments[0], case .int(let start) = arguments[1],
            start >= 0
        else { throw input.failure("the pickle is damaged: a tensor is not what torch.save writes") }
        var storage = storages[index]
        if version == 3 {
            guard arguments.count >= 7, case .global(.type(let type)) = arguments[6], storage.type == .bytes else {
                throw input.failure("the pickle is damaged: a tensor has no type")
            }
            storage.type = type
            storage.count /= type.byteCount
        }
        // Negated and conjugated views have something here; others an empty dictionary, or nothing.
        if arguments.count > (version == 3 ? 7 : 6), case .node(let last)? = arguments.last, !nodes[last].items.isEmpty
        {
            throw FormatError(
                .unsupported, path: input.path, offset: input.offset, "a tensor is a conjugated or negated view",
                expected: "tensors as they lie in memory",
                remedy: "Save tensor.resolve_conj().resolve_neg() in its place.")
        }
        let (dimensions, strides) = (try sizes(arguments[2]), try sizes(arguments[3]))
        guard dimensions.count == strides.count else {
            throw input.failure("the pickle is damaged: a tensor has more axes than strides, or fewer")
        }
        tensors.append(PickleTensor(storage: storage, start: start, dimensions: dimensions, strides: strides))
        return .tensor(tensors.count - 1)
    }

    private func sizes(_ value: PickleValue) throws(FormatError) -> [Int] {
        let items = try tuple(value, "a shape")
        guard items.count <= Extent.maximumRank else {
            throw Extent.tooManyDimensions(items.count, path: input.path, offset: input.offset)
        }
        var sizes: [Int] = []
        for item in items {
            guard case .int(let size) = item, size >= 0 else {
                throw input.failure("the pickle is damaged: a shape has something else than sizes")
            }
            sizes.append(size)
        }
        return sizes
    }
}
