import ApusGraph
import Testing

@Suite struct ProblemReportTests {
    private func graph(_ outputs: Node...) -> Graph {
        Graph(inputs: [], outputs: outputs.map { Graph.Output(name: "y", node: $0) })
    }

    @Test func problemsOfOneTraceAreReportedTogether() {
        let first = Node.matmul(input([2, 3]), input([4, 5]))
        let second = input([3, 4]).reshape([5])
        let both = Node.binary(.add, first, second)
        #expect(both.problems == first.problems + second.problems)
        #expect(throws: GraphError(both.problems)) { try graph(both, first).validate() }
        #expect(
            GraphError(both.problems).description == """
                2 problems:
                - matmul: the left matrix [2, 3] has 3 columns but the right matrix [4, 5] has 4 rows
                - reshape: a tensor of shape [3, 4] has 12 elements, which shape [5] can't hold
                """)
    }

    @Test func aProblemIsReportedOnce() {
        let broken = input([3]).reshape([5])
        let used = Node.binary(.multiply, broken.unary(.exp), broken.unary(.tanh))
        #expect(used.problems == broken.problems)
        #expect(graph(used, broken, used).problems == broken.problems)
        #expect(GraphError(used.problems).description == broken.problems[0].description)
    }

    @Test func scopeIsNamed() {
        let broken = TraceScope.$current.withValue(["lenet: Sequential", "lenet/2: Dense(120)"]) {
            Node.matmul(input([2, 3]), input([4, 5]))
        }
        #expect(broken.problems[0].scope == ["lenet: Sequential", "lenet/2: Dense(120)"])
        #expect(
            broken.problems[0].description
                == "lenet/2: Dense(120): matmul: "
                + "the left matrix [2, 3] has 3 columns but the right matrix [4, 5] has 4 rows"
        )
    }

    @Test func anInvalidNodeCarriesItsProblem() {
        let node = Node(problem: "nothing there", operation: "load")
        #expect(node.problems.map(\.description) == ["load: nothing there"])
        #expect(!node.unary(.negate).isValid)
    }

    @Test func buildingAndDifferentiatingInvalidNodesDoesNotTrap() {
        let x = input([3])
        let broken = x.reshape([5])
        _ = [
            broken.cast(to: .int32), broken.broadcast(to: [2]), broken.transpose([0]),
            broken.reduce(.sum, [7], keepingAxes: true),
            broken.matrixTransposed, .matmul(broken, x), .select(broken, x, broken),
        ]
        let gradients = Node.gradients(of: [.binary(.add, broken, x)], withRespectTo: [x])
        #expect(gradients.map(\.problems) == [broken.problems])
        let seeded = Node.gradients(of: [x.unary(.exp)], seeds: [broken], withRespectTo: [x])
        #expect(seeded.map(\.problems) == [broken.problems])
        let misfit = Node.gradients(of: [x.unary(.exp)], seeds: [input([4])], withRespectTo: [x])[0]
        #expect(
            misfit.problems.map(\.description) == [
                "gradient: expected a seed of the output's shape [3] but received [4]"
            ])
        #expect(!graph(broken).simplified().outputs[0].node.isValid)
    }

    @Test func soundGraphIsValid() throws {
        try graph(.binary(.add, input([3]), input([]))).validate()
    }
}
