/// What each character of a text becomes, computed when it is first met.
final class CharacterMap {
    /// A few bytes; most characters become few.
    struct Replacement {
        var bytes = SIMD16<UInt8>()
        var count: UInt8 = 0
        /// Whether what it becomes may change places with its neighbours, so that texts are not replaced character by character.
        var isMovable = false
    }

    private let replacement: (Unicode.Scalar) -> (scalars: [UInt32], isMovable: Bool)
    private var pages: [[Replacement]]

    init(_ replacement: @escaping (Unicode.Scalar) -> (scalars: [UInt32], isMovable: Bool)) {
        self.replacement = replacement
        pages = Array(repeating: [], count: 0x1100)
    }

    /// The text with every character replaced; `nil` if it has one that is movable.
    func apply(to text: TextBytes) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 8 + 16)
        var place = 0
        while place < text.count {
            let (scalar, count) = text.scalar(at: place)
            place += count
            let page = Int(scalar >> 8)
            if pages[page].isEmpty { fill(page) }
            let replacement = pages[page][Int(scalar & 0xff)]
            if replacement.isMovable { return nil }
            for index in 0..<Int(replacement.count) { result.append(replacement.bytes[index]) }
        }
        return result
    }

    private func fill(_ page: Int) {
        pages[page] = (0..<256).map { low in
            guard let scalar = Unicode.Scalar(UInt32(page << 8 | low)) else { return Replacement() }
            let (scalars, isMovable) = self.replacement(scalar)
            var bytes: [UInt8] = []
            for scalar in scalars { bytes.append(scalar: scalar) }
            var replacement = Replacement()
            // No character becomes more than four of three bytes and two spaces.
            guard bytes.count <= 16 else { return Replacement(isMovable: true) }
            for (index, byte) in bytes.enumerated() { replacement.bytes[index] = byte }
            replacement.count = UInt8(bytes.count)
            replacement.isMovable = isMovable
            return replacement
        }
    }
}
