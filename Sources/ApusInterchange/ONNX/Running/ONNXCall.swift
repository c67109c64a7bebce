import ApusConfiguration
import ApusGraph
import ApusNN
import ApusTensor

/// What is wrong with a node while it is traced.
struct ONNXProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One node while it is traced: its inputs, its attributes, and what it may ask for.
struct ONNXCall {
    let node: ONNXNode
    let inputs: [ONNXValue?]
    /// The version of the set of operators.
    let version: Int
    let context: Context
    /// The number of samples for which the file was written, and of those that there are.
    let batch: (declared: Int?, actual: Int?)
    /// The weights that inputs are, by place.
    let weights: [ONNXWeight?]

    // MARK: Inputs

    /// An input that may be left out.
    func optional(_ place: Int) -> ONNXValue? { inputs.indices.contains(place) ? inputs[place] : nil }

    /// An input that must be there.
    func input(_ place: Int = 0) throws -> ONNXValue {
        guard let input = optional(place) else { throw ONNXProblem("the input \(place) is missing") }
        return input
    }

    /// All inputs that are there.
    func all() throws -> [ONNXValue] {
        let all = inputs.compactMap { $0 }
        guard !all.isEmpty else { throw ONNXProblem("there are no inputs") }
        return all
    }

    /// Whether an output is read.
    func wants(_ output: Int) -> Bool { node.outputs.indices.contains(output) && !node.outputs[output].isEmpty }

    // MARK: Attributes

    func int(_ name: String) throws -> Int? {
        switch node.attributes[name] {
        case nil: nil
        case .int(let value)?: value
        case let other?: throw wrong(name, "a whole number", other)
        }
    }

    func int(_ name: String, _ otherwise: Int) throws -> Int { try int(name) ?? otherwise }

    func float(_ name: String) throws -> Double? {
        switch node.attributes[name] {
        case nil: nil
        case .float(let value)?: value
        case .int(let value)?: Double(value)
        case let other?: throw wrong(name, "a number", other)
        }
    }

    func float(_ name: String, _ otherwise: Double) throws -> Double { try float(name) ?? otherwise }

    func string(_ name: String, _ otherwise: String) throws -> String {
        switch node.attributes[name] {
        case nil: otherwise
        case .string(let value)?: value
        case let other?: throw wrong(name, "a text", other)
        }
    }

    func strings(_ name: String) throws -> [String]? {
        switch node.attributes[name] {
        case nil: nil
        case .strings(let values)?: values
        case .floats(let values)? where values.isEmpty: []
        case let other?: throw wrong(name, "texts", other)
        }
    }

    func ints(_ name: String) throws -> [Int]? {
        switch node.attributes[name] {
        case nil: nil
        case .ints(let values)?: values
        case .int(let value)?: [value]
        // A list without members may come without a type.
        case .floats(let values)? where values.isEmpty: []
        case let other?: throw wrong(name, "whole numbers", other)
        }
    }

    func floats(_ name: String) throws -> [Double]? {
        switch node.attributes[name] {
        case nil: nil
        case .floats(let values)?: values
        case .ints(let values)?: values.map(Double.init)
        case let other?: throw wrong(name, "numbers", other)
        }
    }

    private func wrong(_ name: String, _ expected: String, _ received: ONNXAttribute) -> ONNXProblem {
        ONNXProblem("the attribute \(name) must be \(expected), received \(received.sort)")
    }

    /// Whole numbers that are an attribute in older files and an input in newer ones.
    func ints(_ name: String, orInput place: Int) throws -> [Int]? {
        if let values = try ints(name) { return values }
        return try optional(place).map { try known($0, name) }
    }

    /// Numbers that are an attribute in older files and an input in newer ones.
    func floats(_ name: String, orInput place: Int) throws -> [Double]? {
        if let values = try floats(name) { return values }
        return try optional(place).map { try numbers($0, name) }
    }

    // MARK: Values that are known while the graph is traced

    /// The numbers of a value that says what shape something has: they may not depend on the model's inputs.
    func known(_ value: ONNXValue, _ what: String) throws -> [Int] { try read(value, what).scalars(as: Int.self) }

    /// The numbers of a value that may not depend on the model's inputs.
    func numbers(_ value: ONNXValue, _ what: String) throws -> [Double] {
        try read(value, what).scalars(as: Double.self)
    }

    /// The only number of a value, if it does not depend on the model's inputs.
    func knownScalar(_ value: ONNXValue) -> Double? {
        value.count == 1 ? (try? read(value, ""))?.item(as: Double.self) : nil
    }

    private func read(_ value: ONNXValue, _ what: String) throws -> Tensor {
        guard value.count <= 1 << 20 else {
            throw ONNXProblem("\(what) holds \(value.count) numbers, more than shapes and settings have")
        }
        let tensor = value.plain
        guard tensor.problems.isEmpty else { throw GraphError(tensor.problems) }
        do { return try tensor.evaluated() } catch let error as GraphError where error.problems.isEmpty {
            throw error
        } catch {
            throw ONNXProblem(
                "\(what) depends on the inputs of the model; shapes are fixed when a model is traced: "
                    + "export it with fixed shapes")
        }
    }

    // MARK: Axes

    /// An axis from 0; negative ones count from the end.
    func axis(_ axis: Int, of rank: Int) throws -> Int {
        let place = axis < 0 ? axis &+ rank : axis
        guard (0..<rank).contains(place) else {
            throw ONNXProblem("the axis \(axis) is outside of a tensor of \(rank) axes")
        }
        return place
    }

    /// Axes from 0, each once.
    func axes(_ axes: [Int], of rank: Int) throws -> [Int] {
        let places = try axes.map { try axis($0, of: rank) }
        guard Set(places).count == places.count else { throw ONNXProblem("an axis stands twice in \(axes)") }
        return places
    }

    /// Refuses what an operator does not do.
    func demand(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw ONNXProblem(message()) }
    }

    /// Refuses what no memory holds before anything is made of it; so extents can be multiplied.
    func checked(_ shape: [Int]) throws -> Shape { try ONNXCall.checked(shape) }

    static func checked(_ shape: [Int]) throws -> Shape {
        let count = shape.reduce(1) { $0 *| Swift.max($1, 1) }
        guard shape.count <= 32, shape.allSatisfy({ $0 >= 0 }), count < 1 << 40 else {
            throw ONNXProblem("no tensor has the shape [\(shape.prefix(33).map(String.init).joined(separator: ", "))]")
        }
        return Shape(shape)
    }
}
