import ApusConfiguration

/// Runs pickles as `torch.save` writes them, with no Python behind: what they may call is tensors, dictionaries and sizes.
///
/// Protocol 2, and of later ones what texts and names are written by. Each instruction makes one value at most, so that memory is
/// bounded by the size of the file.
///
/// Source: https://docs.python.org/3/library/pickletools.html
struct PickleMachine {
    static let advice = "Save the numbers alone: torch.save(model.state_dict(), path)."

    var nodes: [PickleNode] = []
    var storages: [PickleStorage] = []
    var tensors: [PickleTensor] = []
    var input: PickleInput
    var stack: [PickleValue] = []
    /// Where groups of values begin on the stack.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    /// What calls have copied.
    var copied = 0
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

    func top() throws(FormatError) -> PickleValue {
        guard let value = stack.last, marks.last ?? 0 < stack.count else {
            throw input.failure("the pickle is damaged: a value is missing")
        }
        return value
    }

    mutating func pop() throws(FormatError) -> PickleValue {
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
}
