import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

/// Parts without a name of their own: what they hold stands directly below the layer around them.
@Suite struct NamelessTests {
    private func paths(_ model: Sequential, _ input: Shape) throws -> [String] {
        try model.initialized(input: input, seed: 1).paths
    }

    private func dense(_ name: String, _ units: Int = 2) -> Named { Dense(units, useBias: false).named(name) }

    @Test func listsWithoutNames() throws {
        let net = Sequential {
            Sequential {
                dense("a"); Sequential { dense("b") }.named("")
            }.named("")
            Sequential { dense("c") }.named("d")
            Sequential { dense("e") }
        }
        #expect(try paths(net, [2]) == ["a/kernel", "b/kernel", "d/c/kernel", "2.sequential/e/kernel"])
    }

    /// A part of a single named layer bears its name; others the usual one.
    @Test func partsOfContainers() throws {
        let net = Sequential {
            Residual(
                body: Sequential([dense("inner")]),
                shortcut: Sequential {
                    dense("a"); dense("b")
                })
            Residual(
                body: Sequential([
                    Sequential {
                        dense("conv1"); dense("conv2")
                    }.named("")
                ]),
                shortcut: Sequential([Dense(2, useBias: false)])
            ).named("block")
            Parallel(.add) {
                dense("left")
                Dense(2, useBias: false)
                Sequential {
                    dense("x"); dense("y")
                }
                Sequential([Sequential { dense("z") }.named("")])
            }.named("mix")
        }
        #expect(
            try paths(net, [2]) == [
                "0.residual/inner/kernel", "0.residual/shortcut/a/kernel", "0.residual/shortcut/b/kernel",
                "block/conv1/kernel", "block/conv2/kernel", "block/shortcut/0.dense/kernel", "mix/left/kernel",
                "mix/branch1/0.dense/kernel", "mix/branch2/x/kernel", "mix/branch2/y/kernel", "mix/z/kernel",
            ])
    }

    /// Two of one name below one layer are an error, as everywhere.
    @Test(arguments: [
        Sequential {
            Sequential { Dense(2).named("a") }.named(""); Dense(2).named("a")
        },
        Sequential([Parallel(.concatenate, [Sequential([Dense(2).named("a")]), Sequential([Dense(2).named("a")])])]),
        Sequential([Residual(body: Sequential([Dense(2).named("a")]), shortcut: Sequential([Dense(2).named("a")]))]),
    ]) func namesMeet(_ net: Sequential) {
        let text = message { try net.initialized(input: [2], seed: 1) }
        #expect(text.contains("/a already") || text.contains("path a already"), "\(text)")
    }

    /// Only shared layers need a name that has letters.
    @Test func sharedLayersHaveNames() {
        let text = message { try Sequential([Dense(2).shared("")]).initialized(input: [2], seed: 1) }
        #expect(text.contains("a layer's name must have letters and no slash, received \"\""), "\(text)")
    }

    /// A drawing finds the weights of such parts.
    @Test func drawing() throws {
        let net = Sequential {
            Residual(body: Sequential([Sequential { Dense(3, useBias: false).named("a") }.named("")]))
        }
        let svg = try ModelDiagram(net, inputs: Signature([3])).svg
        #expect(svg.contains("9 parameters"))
    }
}
