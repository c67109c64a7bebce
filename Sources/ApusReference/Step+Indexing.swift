import ApusBackend
import ApusGraph

extension Step {
    /// An operand, as a rule the second, as indices into an axis of the given extent.
    func checkedIndices(extent: Int, operand: Int = 1) throws -> [Int] {
        try operands[operand].values.map { value in
            let index = Int(value.integer)
            guard (0..<extent).contains(index) else {
                throw ReferenceError.indexOutOfRange(operation: operation.name, index: index, extent: extent)
            }
            return index
        }
    }

    func gather(_ axis: Int) throws -> [Double] {
        let x = operands[0]
        let indices = try checkedIndices(extent: x.shape[axis])
        let indexShape = operands[1].shape
        return shape.allIndices.map { index in
            let (before, place, after) = split(index, axis, indexShape.rank)
            return x.values[x.shape.position(of: before + [indices[indexShape.position(of: place)]] + after)]
        }
    }

    func scatterAdd(_ axis: Int, _ size: Int) throws -> [Double] {
        let updates = operands[0]
        let indices = try checkedIndices(extent: size)
        let indexShape = operands[1].shape
        var result = Array(repeating: 0.0, count: shape.count)
        for (position, index) in updates.shape.allIndices.enumerated() {
            let (before, place, after) = split(index, axis, indexShape.rank)
            let target = shape.position(of: before + [indices[indexShape.position(of: place)]] + after)
            result[target] = sum(result[target], updates.values[position])
        }
        return result
    }

    /// The parts of an index before `axis`, of the `count` axes from there, and behind them.
    private func split(_ index: [Int], _ axis: Int, _ count: Int) -> ([Int], [Int], [Int]) {
        (Array(index[..<axis]), Array(index[axis..<(axis + count)]), Array(index[(axis + count)...]))
    }

    func gatherAlong(_ axis: Int) throws -> [Double] {
        let x = operands[0]
        let indices = try checkedIndices(extent: x.shape[axis])
        return shape.allIndices.enumerated().map { position, index in
            var source = index
            source[axis] = indices[position]
            return x.values[x.shape.position(of: source)]
        }
    }

    func scatterAddAlong(_ axis: Int, _ size: Int) throws -> [Double] {
        let updates = operands[0]
        let indices = try checkedIndices(extent: size)
        var result = Array(repeating: 0.0, count: shape.count)
        for (position, index) in updates.shape.allIndices.enumerated() {
            var target = index
            target[axis] = indices[position]
            let place = shape.position(of: target)
            result[place] = sum(result[place], updates.values[position])
        }
        return result
    }

    func oneHot(_ classes: Int) throws -> [Double] {
        try checkedIndices(extent: classes, operand: 0).flatMap { index in (0..<classes).map { $0 == index ? 1 : 0 } }
    }

    /// a + b in the result's type.
    func sum(_ a: Double, _ b: Double) -> Double {
        elementType.isInteger ? elementType.wrapped(a.integer &+ b.integer) : a + b
    }

    /// a · b in the result's type.
    func product(_ a: Double, _ b: Double) -> Double {
        elementType.isInteger ? elementType.wrapped(a.integer &* b.integer) : a * b
    }
}
