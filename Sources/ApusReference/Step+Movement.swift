import ApusBackend
import ApusGraph

extension Step {
    /// The result whose element at each index is the first operand's element at `source(index)`.
    private func moved(_ source: ([Int]) -> [Int]) -> [Double] {
        let x = operands[0]
        return shape.allIndices.map { x.values[x.shape.position(of: source($0))] }
    }

    func transpose(_ permutation: [Int]) -> [Double] {
        moved { index in
            var source = index
            for (axis, from) in permutation.enumerated() { source[from] = index[axis] }
            return source
        }
    }

    func broadcast() -> [Double] {
        let x = operands[0].shape
        return moved { index in
            zip(index.suffix(x.rank), x.dimensions).map { $1 == 1 ? 0 : $0 }
        }
    }

    func slice(_ slices: [AxisSlice]) -> [Double] {
        moved { index in zip(index, slices).map { $1.start + $0 * $1.stride } }
    }

    func reverse(_ axes: [Int]) -> [Double] {
        moved { index in
            index.indices.map { axes.contains($0) ? shape[$0] - 1 - index[$0] : index[$0] }
        }
    }

    func pad(_ padding: [AxisPadding], _ value: Scalar) -> [Double] {
        let x = operands[0]
        var result = Array(repeating: value.rounded(to: elementType).double, count: shape.count)
        for (position, index) in x.shape.allIndices.enumerated() {
            result[shape.position(of: zip(index, padding).map { $0 + $1.low })] = x.values[position]
        }
        return result
    }

    func concatenate(_ axis: Int) -> [Double] {
        var result = Array(repeating: 0.0, count: shape.count)
        var start = 0
        for x in operands {
            for (position, index) in x.shape.allIndices.enumerated() {
                var target = index
                target[axis] += start
                result[shape.position(of: target)] = x.values[position]
            }
            start += x.shape[axis]
        }
        return result
    }
}
