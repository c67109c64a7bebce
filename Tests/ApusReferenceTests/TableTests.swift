import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

@Suite struct TableTests {
    @Test func everyOperationHasARow() {
        let covered = Set(OperationTable.rows.map { OperationFamily.member($0.instance(.float32).result.operation) })
        for member in OperationFamily.allCases.flatMap(\.members) {
            #expect(covered.contains(member), "add a row for \(member) to the operation table")
        }
    }

    @Test func namesAreUnique() {
        var seen: Set<String> = []
        for row in OperationTable.rows { #expect(seen.insert(row.name).inserted, "\(row.name) names two rows") }
    }

    @Test(arguments: OperationTable.rows)
    func everyRowIsSoundInEveryType(row: OperationRow) throws {
        for type in ElementType.allCases where type.isFloatingPoint {
            let instance = row.instance(type)
            #expect(instance.result.problems == [])
            for (value, input) in zip(instance.values, instance.inputs) { #expect(value.type == input.type) }
            let result = try ReferenceBackend().run(instance.graph, inputs: instance.values)[0]
            #expect(result.type == instance.result.type)
            #expect(result.values.count == result.shape.count)
            if !result.elementType.isFloatingPoint {
                #expect(result.values.allSatisfy { Scalar.floating($0).rounded(to: result.elementType).double == $0 })
            }
        }
    }

    @Test(arguments: OperationTable.rows.filter { $0.instance(.float64).result.expansion != nil })
    func expansionEqualsMeaning(row: OperationRow) throws {
        let instance = row.instance(.float64)
        let expansion = try #require(instance.result.expansion)
        let values = try ReferenceBackend().run([instance.result, expansion], inputs: instance.assignment)
        #expect(values[0].type == values[1].type)
        // Infinities and NaN must be the same ones; the rest is compared as numbers.
        let pairs = zip(values[0].values, values[1].values).filter { $0 != $1 && !($0.isNaN && $1.isNaN) }
        #expect(relativeDifference(pairs.map(\.0), pairs.map(\.1)) < 1e-12)
    }

    @Test(arguments: OperationTable.rows)
    func simplifiedGraphKeepsTheValue(row: OperationRow) throws {
        let instance = row.instance(.float64)
        let backend = ReferenceBackend()
        let values = try backend.run(instance.graph, inputs: instance.values)
        let simplified = try backend.run(instance.graph.simplified(), inputs: instance.values)
        #expect(difference(simplified[0], from: values[0], .exact) == nil)
        guard row.isDifferentiable else { return }
        let gradients = try backend.run(instance.gradientGraph, inputs: instance.gradientValues)
        let simpler = try backend.run(instance.gradientGraph.simplified(), inputs: instance.gradientValues)
        for (after, before) in zip(simpler, gradients) {
            #expect(difference(after, from: before, .exact) == nil)
        }
    }
}
