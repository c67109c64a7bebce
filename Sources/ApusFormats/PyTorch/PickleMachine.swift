import ApusConfiguration

/// Runs pickles as `torch.save` writes them, with no Python behind: what they may call is tensors, dictionaries and sizes.
///
/// Protocol 2, and of later ones what texts and names are written by. Each instruction makes one value at most, so that memory is
/// bounded by the size of the file.
///
/// Source: https://docs.python.org/3/library/pickletools.html
struct PickleMachine {
    static let advice = "Save the numbers alone: torch.save(model.state_dict(), path)."

    private(set) var nodes: [PickleNode] = []
    private(set) var storages: [PickleStorage] = []
    private(set) var tensors: [PickleTensor] = []
    private var input: PickleInput
    private var stack: [PickleValue] = []
    /// Where groups of values begin on the stack.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    /// What calls have copied.
    private var copied = 0
    /// How many instructions may still run: each may take 48 bytes of memory.
    private var rest: Int

    /// - Parameter fileCount: The size of the file that the pickles are from, which says how many values are credible.
    init(_ input: PickleInput, fileCount: Int) {
        self.input = input
        rest = (1 << 18) + fileCount / 12
    }

    /// The first byte that no pickle has taken.
    var offset: Int { input.offset }

    /// Runs the next pickle, and gives the value that it makes.
    mutating func run() throws(FormatError) -> PickleValue {
        (stack, marks, memo) = ([], [], [:])
        while true {
            let code = try input.byte()
            rest -= 1
            guard rest > 0 else {
                throw FormatError(
                    .unsupported, path: input.path, offset: input.offset,
                    "the pickle has more values than the size of the file makes likely", remedy: PickleMachine.advice)
            }
            if code == UInt8(ascii: ".") { return try pop() }
            if try constant(code) { continue }
            if try container(code) { continue }
            guard try object(code) else {
                throw FormatError(
                    .unsupported, path: input.path, offset: input.offset - 1,
                    "the pickle has an instruction that tensors do not need",
                    expected: "what torch.save writes for tensors, numbers, texts, lists and dictionaries",
                    received: "the instruction \(Signature.hexadecimal([code]))", remedy: PickleMachine.advice)
            }
        }
    }

    /// Runs a pickle of one whole number.
    mutating func runNumber() throws(FormatError) -> Int? {
        guard case .int(let number) = try run() else { return nil }
        return number
    }

    // MARK: Values

    private mutating func constant(_ code: UInt8) throws(FormatError) -> Bool {
        switch code {
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try input.number(4)))))
        case UInt8(ascii: "K"): stack.append(.int(try input.count(1)))
        case UInt8(ascii: "M"): stack.append(.int(try input.count(2)))
        case 0x8a: stack.append(try long(input.count(1)))
        case 0x8b: stack.append(try long(input.count(4)))
        case UInt8(ascii: "G"):
            _ = try input.number(8)
            stack.append(.float)
        case UInt8(ascii: "X"), UInt8(ascii: "T"): stack.append(try text(input.count(4)))
        case 0x8c, UInt8(ascii: "U"): stack.append(try text(input.count(1)))
        case 0x8d: stack.append(try text(input.count(8)))
        case UInt8(ascii: "B"):
            _ = try input.bytes(try input.count(4))
            stack.append(.other)
        case UInt8(ascii: "C"):
            _ = try input.bytes(try input.count(1))
            stack.append(.other)
        default: return false
        }
        return true
    }

    /// A whole number of any size; beyond 64 bits it is known to be one, and no more.
    private mutating func long(_ count: Int) throws(FormatError) -> PickleValue {
        let bytes = try input.bytes(count)
        guard let last = bytes.last else { return .int(0) }
        guard bytes.count <= 8 else { return .other }
        let start: UInt64 = last >= 0x80 ? .max : 0
        return .int(Int(truncatingIfNeeded: bytes.reversed().reduce(start) { $0 << 8 | UInt64($1) }))
    }

    private mutating func text(_ count: Int) throws(FormatError) -> PickleValue {
        .text(String(decoding: try input.bytes(count), as: UTF8.self))
    }

    // MARK: Containers, stack and memory

    private mutating func container(_ code: UInt8) throws(FormatError) -> Bool {
        switch code {
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: ")"): push(.tuple, [])
        case UInt8(ascii: "]"): push(.list, [])
        case UInt8(ascii: "}"): push(.dictionary, [])
        case UInt8(ascii: "t"): push(.tuple, try popToMark())
        case UInt8(ascii: "l"): push(.list, try popToMark())
        case UInt8(ascii: "d"): push(.dictionary, try pairs(popToMark()))
        case 0x85, 0x86, 0x87:
            var items: [PickleValue] = []
            for _ in 0..<code - 0x84 { items.append(try pop()) }
            push(.tuple, items.reversed())
        case UInt8(ascii: "a"): try append([try pop()], to: .list)
        case UInt8(ascii: "e"): try append(try popToMark(), to: .list)
        case UInt8(ascii: "s"):
            let value = try pop()
            try append([try pop(), value], to: .dictionary)
        case UInt8(ascii: "u"): try append(pairs(try popToMark()), to: .dictionary)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): stack.append(try top())
        case UInt8(ascii: "q"): memo[try input.count(1)] = try top()
        case UInt8(ascii: "r"): memo[try input.count(4)] = try top()
        case 0x94: memo[memo.count] = try top()
        case UInt8(ascii: "h"): stack.append(try remembered(input.count(1)))
        case UInt8(ascii: "j"): stack.append(try remembered(input.count(4)))
        case 0x95: _ = try input.number(8)
        case 0x80:
            let version = try input.byte()
            guard (2...5).contains(version) else {
                throw input.failure(
                    "the pickle has an unknown protocol", expected: "2 to 5", received: "\(version)")
            }
        default: return false
        }
        return true
    }

    private mutating func push(_ kind: PickleNode.Kind, _ items: [PickleValue]) {
        stack.append(.node(nodes.count))
        nodes.append(PickleNode(kind: kind, items: items))
    }

    private mutating func append(_ items: [PickleValue], to kind: PickleNode.Kind) throws(FormatError) {
        guard case .node(let index) = try top(), nodes[index].kind == kind else {
            throw input.failure("the pickle adds values to what is no list or dictionary")
        }
        nodes[index].items += items
    }

    private func pairs(_ items: [PickleValue]) throws(FormatError) -> [PickleValue] {
        guard items.count % 2 == 0 else { throw input.failure("a dictionary in the pickle has a key without a value") }
        return items
    }

    private func top() throws(FormatError) -> PickleValue {
        guard let value = stack.last, marks.last ?? 0 < stack.count else {
            throw input.failure("the pickle is damaged: a value is missing")
        }
        return value
    }

    private mutating func pop() throws(FormatError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private mutating func popToMark() throws(FormatError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw input.failure("the pickle is damaged: a group has no beginning") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private func remembered(_ index: Int) throws(FormatError) -> PickleValue {
        guard let value = memo[index] else {
            throw input.failure("the pickle is damaged: it recalls what it has not noted")
        }
        return value
    }

    // MARK: Names and calls

    private mutating func object(_ code: UInt8) throws(FormatError) -> Bool {
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
