/// The tokens of a model: their texts in UTF-8, and their numbers.
struct TokenList: Sendable {
    private var texts = ByteTable()
    /// The number of each text.
    private var numbers: [Int32] = []
    /// The place of the text of each number; -1 where there is none.
    private var places: [Int32] = []

    /// How many tokens there are.
    var count: Int { numbers.count }
    /// One more than the greatest number.
    var limit: Int { places.count }

    /// The number of a token; `nil` if it is none.
    func number(of token: UnsafeRawBufferPointer) -> Int32? { texts.index(of: token).map { numbers[$0] } }

    func number(of token: some Collection<UInt8>) -> Int32? { texts.index(of: token).map { numbers[$0] } }

    /// The text of a number; `nil` if there is none.
    func text(of number: Int) -> ArraySlice<UInt8>? {
        guard places.indices.contains(number), places[number] >= 0 else { return nil }
        return texts[Int(places[number])]
    }

    /// All numbers in use, from the smallest.
    var used: [Int] { places.indices.filter { places[$0] >= 0 } }

    /// Adds a token.
    ///
    /// - Returns: Whether both text and number are new.
    mutating func insert(_ token: some Collection<UInt8>, number: Int) -> Bool {
        guard number >= places.count || places[number] < 0 else { return false }
        let (index, isNew) = texts.insert(token)
        guard isNew else { return false }
        numbers.append(Int32(number))
        while places.count <= number { places.append(-1) }
        places[number] = Int32(index)
        return true
    }
}
