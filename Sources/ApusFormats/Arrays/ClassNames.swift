/// The order of classes.
package enum ClassNames {
    /// Names in the order of their labels: by value if all are whole numbers (2 before 10), else by their bytes.
    ///
    /// - Returns: The names, and the place of each that was given.
    package static func sorted(_ names: [String]) -> (names: [String], places: [Int]) {
        let numbers = names.compactMap { name in name.utf8.allSatisfy { $0 != UInt8(ascii: "+") } ? Int(name) : nil }
        func precedes(_ a: Int, _ b: Int) -> Bool {
            if numbers.count == names.count, numbers[a] != numbers[b] { return numbers[a] < numbers[b] }
            return names[a].utf8.lexicographicallyPrecedes(names[b].utf8)
        }
        let order = names.indices.sorted(by: precedes)
        var places = Array(repeating: 0, count: names.count)
        for (place, index) in order.enumerated() { places[index] = place }
        return (order.map { names[$0] }, places)
    }
}
