extension Graph {
    /// Throws what is wrong with the graph's nodes, else with the list of its inputs and with what its outputs replace.
    package func validateStructure() throws(GraphError) {
        try validate()
        let problems = structureProblems
        guard problems.isEmpty else { throw GraphError(problems) }
    }

    /// What is wrong with the list of inputs and with what outputs replace.
    private var structureProblems: [GraphProblem] {
        var problems: [GraphProblem] = []
        func report(_ operation: String, _ message: String) {
            problems.append(GraphProblem(scope: [], operation: operation, message: message))
        }
        for input in inputs {
            if case .input = input.operation { continue }
            report(input.operation.name, "expected an input among the graph's inputs but received another operation")
        }
        let known = Set(inputs)
        for node in nodes {
            guard case .input(let name, let type) = node.operation, !known.contains(node) else { continue }
            report("input \(name)", "it has the type \(type) but no value; list it among the graph's inputs")
        }
        var replaced: Set<Int> = []
        for output in outputs {
            guard let input = output.replaces else { continue }
            guard inputs.indices.contains(input) else {
                report("output \(output.name)", "it replaces input \(input), but there are \(inputs.count) inputs")
                continue
            }
            if inputs[input].type != output.node.type {
                report(
                    "output \(output.name)",
                    "expected the type \(inputs[input].type) of input \(input), which it replaces, but it has \(output.node.type)"
                )
            }
            if !replaced.insert(input).inserted {
                report("output \(output.name)", "it replaces input \(input), which another output replaces already")
            }
        }
        return problems
    }
}
