import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// What speaks of shapes, and changes them without moving elements.
    static let shapes: [String: Operator] = [
        "Shape": { call in
            let shape = try call.input().shape
            func bound(_ name: String, _ otherwise: Int) throws -> Int {
                let bound = try call.int(name, otherwise)
                return Swift.min(Swift.max(bound < 0 ? bound &+ shape.count : bound, 0), shape.count)
            }
            let (start, end) = (try bound("start", 0), try bound("end", shape.count))
            return [wholeNumbers(start < end ? Array(shape[start..<end]) : [])]
        },
        "Size": { [ONNXValue(Tensor([try $0.input().count], shape: []), .int64)] },
        "Identity": { [try $0.input()] },
        "Reshape": { [try reshaped($0)] },
        "Flatten": { call in
            let x = try call.input()
            let given = try call.int("axis", 1)
            let axis = given < 0 ? given &+ x.rank : given
            try call.demand((0...x.rank).contains(axis), "the axis \(given) is outside of a tensor of \(x.rank) axes")
            let rows = x.shape[..<axis].product
            let columns = x.shape[axis...].product
            return [ONNXValue(x.plain.reshaped(to: [rows, columns]), x.type)]
        },
        "Squeeze": { call in
            let x = try call.input()
            let shape = x.shape
            let axes =
                try call.ints("axes", orInput: 1).map { try call.axes($0, of: x.rank) }
                ?? shape.indices.filter { shape[$0] == 1 }
            for axis in axes { try call.demand(shape[axis] == 1, "the axis \(axis) has extent \(shape[axis]), not 1") }
            let rest = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
            return [ONNXValue(x.plain.reshaped(to: Shape(rest)), x.type)]
        },
        "Unsqueeze": { call in
            let x = try call.input()
            guard let given = try call.ints("axes", orInput: 1) else { throw ONNXProblem("the axes are missing") }
            try call.demand(given.count <= 32, "\(given.count) new axes are too many")
            let axes = try call.axes(given, of: x.rank + given.count)
            var old = x.shape.makeIterator()
            let shape = (0..<(x.rank + axes.count)).map { axes.contains($0) ? 1 : old.next() ?? 1 }
            return [ONNXValue(x.plain.reshaped(to: Shape(shape)), x.type)]
        },
        "Transpose": { call in
            let x = try call.input()
            let permutation = try call.ints("perm") ?? Array((0..<x.rank).reversed())
            try call.demand(
                permutation.sorted() == Array(0..<x.rank), "\(permutation) is no order of the \(x.rank) axes")
            // Nothing moves: the axes get other names.
            return [ONNXValue(x.tensor, x.type, order: x.order.map { permutation.firstIndex(of: $0) ?? $0 })]
        },
        "Expand": { call in
            let x = try call.input()
            let target = try call.checked(try call.known(try call.input(1), "the shape"))
            guard let shape = Shape.broadcast(Shape(x.shape), target) else {
                throw ONNXProblem("\(Shape(x.shape)) does not stretch to \(target)")
            }
            return [ONNXValue(x.plain.broadcast(to: try call.checked(shape.dimensions)), x.type)]
        },
    ]

    /// Whole numbers that a node yields about shapes.
    static func wholeNumbers(_ numbers: [Int]) -> ONNXValue { ONNXValue(Tensor(numbers), .int64) }

    private static func reshaped(_ call: ONNXCall) throws -> ONNXValue {
        let x = try call.input()
        guard var shape = try call.ints("shape", orInput: 1) else { throw ONNXProblem("the shape is missing") }
        if try call.int("allowzero", 0) == 0 {
            for (axis, extent) in shape.enumerated() where extent == 0 {
                try call.demand(axis < x.rank, "0 at place \(axis) stands for an axis that there is not")
                shape[axis] = x.shape[axis]
            }
        }
        try call.demand(shape.filter { $0 == -1 }.count <= 1, "at most one extent may be −1, received \(shape)")
        // The number of samples may be another one than that which the file was written for.
        let fixed = shape.filter { $0 != -1 }.product
        if let (declared, actual) = both(call.batch), declared != actual, shape.first == declared, fixed > 0,
            shape.contains(-1) ? x.rank > 0 && x.shape[0] == actual : fixed != x.count
        {
            shape[0] = actual
        }
        if let free = shape.firstIndex(of: -1) {
            let rest = shape.filter { $0 != -1 }.product
            try call.demand(rest > 0 && x.count % rest == 0, "\(x.count) elements do not fill the shape \(shape)")
            shape[free] = x.count / rest
        }
        let target = try call.checked(shape)
        try call.demand(target.count == x.count, "\(x.count) elements do not fill the shape \(target)")
        // Where channels stay and all else has extent 1, nothing moves.
        return ONNXValue(x.plain.reshaped(to: target), x.type)
    }

    private static func both(_ batch: (declared: Int?, actual: Int?)) -> (Int, Int)? {
        batch.declared.flatMap { declared in batch.actual.map { (declared, $0) } }
    }
}
