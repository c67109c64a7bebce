public import ApusGraph
import ApusTensor

/// What a model is made of: each layer's output shape, weights, operations and memory, for one sample.
///
/// ```swift
/// let summary = try Zoo.lenet5.model().summary(input: [28, 28, 1])
/// print(summary)                                           // a table: layers, shapes, parameters
/// print(summary.parameterCount, summary.flops)             // 61706 and the operations for one sample
/// ```
public struct ModelSummary: Sendable, Hashable {
    /// One layer: what it computes itself, without the layers inside it.
    public struct Row: Sendable, Hashable {
        /// The layer's path, `0.conv2D`; for the model itself its kind.
        public var path: String
        /// The layer with its arguments, as in error messages.
        public var layer: String
        /// Without the batch.
        public var outputShape: Shape
        /// The numbers in the layer's variables, states included; shared ones count at their first use.
        public var parameterCount: Int
        /// Floating-point operations of the forward pass.
        public var flops: Int
        /// Bytes of the output.
        public var outputBytes: Int
        /// The height and width of the part of the input that one output depends on; `nil` where it is all of it.
        public var receptiveField: Size2D?
    }

    /// The shapes of a sample.
    public var inputs: Signature
    /// The layers in the order of computation, inner ones before the layer around them.
    public var rows: [Row]
    /// The numbers in all variables, states included.
    public var parameterCount: Int
    /// The number of parameters that training adjusts.
    public var trainableCount: Int

    /// The shape of a sample; of several inputs that of the first.
    public var input: Shape { inputs.first?.shape ?? [] }

    /// Floating-point operations of the forward pass of one sample.
    public var flops: Int { rows.reduce(0) { $0 +| $1.flops } }
    /// Bytes of the outputs of all rows for one sample.
    public var outputBytes: Int { rows.reduce(0) { $0 +| $1.outputBytes } }
}

extension Model {
    /// The model's layers for inputs of the given shape (without the batch).
    ///
    /// - Throws: `GraphError` that names every layer that does not fit.
    public func summary(input: Shape) throws -> ModelSummary { try summary(inputs: Signature(input)) }

    /// The layers of a model with several inputs: `summary(inputs: ["left": [4], "right": [4]])`.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit.
    public func summary(inputs: Signature) throws -> ModelSummary {
        let trace = try traced(inputs, batch: 1, mode: .inference)
        let fields = trace.records.last.map {
            ReceptiveField.fields(
                from: $0.input.node, of: Node.sorted(trace.records.flatMap { $0.outputs.leaves.map(\.node) }))
        }
        var visited: Set<Node> = []
        var uncounted = trace.descriptions
        var rows: [ModelSummary.Row] = []
        // Inner layers come before the layer around them, so every node and weight counts for the innermost, once.
        for (index, record) in trace.records.enumerated() {
            let output = record.output.node
            let new = Node.sorted(record.outputs.leaves.map(\.node)) { visited.contains($0) }
            visited.formUnion(new)
            let flops = new.reduce(0) { $0 +| $1.cost.flops }
            let own = uncounted.filter { record.path.isEmpty || $0.path.hasPrefix(record.path + "/") }
            uncounted.removeAll { description in own.contains { $0.path == description.path } }
            let isInnermost = index == 0 || trace.records[index - 1].depth <= record.depth
            // A layer around others has a row if it computes something itself.
            guard isInnermost || flops > 0 || !own.isEmpty || record.layer is Parallel else { continue }
            rows.append(
                ModelSummary.Row(
                    path: record.path.isEmpty ? record.layer.kind : record.path, layer: record.layer.label,
                    outputShape: Shape(Array(output.shape.dimensions.dropFirst())),
                    parameterCount: own.reduce(0) { $0 +| $1.description.shape.count }, flops: flops,
                    outputBytes: record.outputs.leaves.reduce(0) { $0 +| $1.node.type.byteCount },
                    receptiveField: fields?[output]?.size))
        }
        func count(_ isIncluded: (VariableDescription) -> Bool) -> Int {
            trace.descriptions.reduce(0) { $0 +| (isIncluded($1.description) ? $1.description.shape.count : 0) }
        }
        return ModelSummary(
            inputs: inputs, rows: rows, parameterCount: count { _ in true }, trainableCount: count(\.isTrainable))
    }
}

extension ModelSummary: CustomStringConvertible {
    /// A table, one line a layer, and the totals.
    public var description: String {
        let header = ["layer", "output", "field", "parameters", "FLOPs", "bytes"]
        let cells = rows.map { row in
            [
                "\(row.path)  \(row.layer)", "\(row.outputShape)",
                row.receptiveField.map { "\($0.height)×\($0.width)" } ?? "all",
                ModelSummary.grouped(row.parameterCount),
                ModelSummary.grouped(row.flops), ModelSummary.grouped(row.outputBytes),
            ]
        }
        let total = [
            "total", "", "", ModelSummary.grouped(parameterCount), ModelSummary.grouped(flops),
            ModelSummary.grouped(outputBytes),
        ]
        let widths = header.indices.map { column in ([header] + cells + [total]).map { $0[column].count }.max()! }
        func line(_ row: [String]) -> String {
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column < 2 ? text + space : space + text
            }.joined(separator: "  ")
        }
        let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        return ([line(header), rule] + cells.map(line) + [rule, line(total)]).joined(separator: "\n")
            + "\ninput \(inputText), \(ModelSummary.grouped(trainableCount)) of \(ModelSummary.grouped(parameterCount)) parameters are trained; "
            + "FLOPs and bytes for one sample, forward; "
            + "field: the part of the input that one output depends on"
    }

    /// `[28, 28, 1]`, `left [4], right [4]`
    var inputText: String {
        inputs.map { ($0.name.isEmpty ? "" : "\($0.name) ") + "\($0.input.shape)" }.joined(separator: ", ")
    }

    /// A number with its thousands set apart.
    package static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: position) }
        return String(digits)
    }
}
