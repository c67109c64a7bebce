import ApusGraph

extension Shape {
    /// Every index of the shape in row-major order; one empty index for a scalar.
    var allIndices: [[Int]] {
        var index = Array(repeating: 0, count: rank)
        var result: [[Int]] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            result.append(index)
            // Count up like an odometer.
            var axis = rank - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < dimensions[axis] { break }
                index[axis] = 0
                axis -= 1
            }
        }
        return result
    }

    /// The position of an index in row-major order.
    func position(of index: [Int]) -> Int {
        var position = 0
        for axis in 0..<rank { position = position * dimensions[axis] + index[axis] }
        return position
    }

    /// The positions of the elements of every line along an axis; lines in row-major order of the other axes.
    func lines(along axis: Int) -> [[Int]] {
        let inner = dimensions[(axis + 1)...].reduce(1, *)
        let outer = dimensions[..<axis].reduce(1, *)
        let extent = dimensions[axis]
        return (0..<outer).flatMap { o in
            (0..<inner).map { i in (0..<extent).map { (o * extent + $0) * inner + i } }
        }
    }
}
