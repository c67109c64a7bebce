import ApusBackend
import ApusGraph

extension Step {
    /// The body, entry by entry.
    func scan(_ body: ScanBody) throws -> [Double] {
        let (carryCount, length) = (body.carryCount, body.length)
        var carried = Array(operands[..<carryCount])
        let sequences = operands[carryCount..<(carryCount + body.sequenceCount)]
        let constants = Array(operands[(carryCount + body.sequenceCount)...])
        var result = Array(repeating: 0.0, count: body.elementCount)
        let parts = body.parts
        func write(_ value: ReferenceValue, _ index: Int, at entry: Int) {
            let start = parts[index].start + entry * parts[index].stride
            result.replaceSubrange(start..<(start + value.values.count), with: value.values)
        }
        for index in 0..<carryCount { write(carried[index], index, at: body.isReversed ? length : 0) }
        for step in 0..<length {
            let entry = body.isReversed ? length - 1 - step : step
            let entries = zip(sequences, body.entries).map { sequence, node in
                let count = node.shape.count
                return ReferenceValue(
                    shape: node.shape, elementType: node.elementType,
                    values: Array(sequence.values[(entry * count)..<((entry + 1) * count)]))
            }
            let outputs = try ReferenceBackend().run(body.graph, inputs: carried + entries + constants)
            carried = Array(outputs[..<carryCount])
            for (index, value) in outputs.enumerated() {
                write(value, index, at: index < carryCount && !body.isReversed ? entry + 1 : entry)
            }
        }
        return result
    }
}
