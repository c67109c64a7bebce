import Apus
import ApusGraph
import ApusInterchange
import ApusTestKit
import Testing

/// What graphs look like: layouts, names, the number of samples, and what can't be written.
@Suite struct ExportStructureTests {
    private func graph(
        _ model: some Model, _ input: Shape, images: ImageLayout = .channelsFirst
    ) throws -> ExportedGraph {
        try model.exportedGraph(model.initialized(input: input, seed: 1), Signature(input), images: images)
    }

    // MARK: Layouts

    @Test func lenet5() throws {
        let graph = try graph(Zoo.lenet5.model(), [28, 28, 1])
        #expect(
            graph.operators == [
                "Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm", "Relu", "Gemm",
            ])
        #expect(graph.inputs.map(\.text) == ["input float32[N, 1, 28, 28]"])
        #expect(graph.outputs.map(\.text) == ["output float32[N, 10]"])
        #expect(
            graph.initializers.map(\.name)
                == ["0.conv2D", "2.conv2D", "5.dense", "6.dense", "7.dense"].flatMap { ["\($0).kernel", "\($0).bias"] })
    }

    @Test func resnet18MovesNothing() throws {
        let graph = try graph(Zoo.resnet18.model(), [32, 32, 3])
        #expect(graph.count("Conv") == 20 && graph.count("BatchNormalization") == 20 && graph.count("Add") == 8)
        #expect(graph.count("Transpose") == 0 && graph.count("Reshape") == 0)
        #expect(graph.operators.suffix(3) == ["GlobalAveragePool", "Flatten", "Gemm"])
    }

    /// Nothing is moved in networks whose layers move nothing and normalize channels first.
    @Test(arguments: Zoo.allCases) func zooMovesNothing(_ zoo: Zoo) throws {
        let (model, input) = (zoo.model(), zoo.smallInput)
        let nodes = Node.sorted(
            try model.traced(input: input, batch: 2, mode: .inference).outputs.leaves.map(\.node))
        let movesItself = nodes.contains { node in
            switch node.operation {
            case .transpose, .layerNorm: true
            default: false
            }
        }
        let graph = try graph(model, input)
        #expect(movesItself || graph.count("Transpose") == 0)
        #expect(graph.inputs.count == 1 && !graph.outputs.isEmpty)
    }

    @Test func channelsLastMovesAtTheEntranceAlone() throws {
        let graph = try graph(Zoo.lenet5.model(), [28, 28, 3], images: .channelsLast)
        #expect(graph.operators.first == "Transpose" && graph.count("Transpose") == 1)
        #expect(graph.inputs.map(\.text) == ["input float32[N, 28, 28, 3]"])
    }

    /// A kernel's rows follow the order of flattened images.
    @Test func rowsOfKernelsArePermuted() throws {
        let model = Sequential {
            Flatten(); Dense(1, useBias: false)
        }
        var variables = try model.initialized(input: [1, 2, 3], seed: 1)
        try variables.setValue("1.dense/kernel", Tensor([0, 1, 2, 3, 4, 5], shape: [6, 1]))
        let graph = try model.exportedGraph(variables, Signature([1, 2, 3]))
        #expect(graph.operators == ["Flatten", "MatMul"])
        #expect(graph[initializer: "1.dense.kernel"]?.scalars == [0, 3, 1, 4, 2, 5])
    }

    /// A constant that is read in two layouts is stored in each, once.
    @Test func sharedWeights() throws {
        let model = Sequential {
            Lambda("shared") { x, context in
                let weights = context.parameter("weights", shape: [2, 3], initializer: .ones)
                return x.matmul(weights).matmul(weights.transposed()).matmul(weights)
            }
        }
        let graph = try graph(model, [2])
        #expect(graph.operators == ["MatMul", "MatMul", "MatMul"])
        #expect(graph.initializers.map(\.name) == ["0.lambda.weights", "0.lambda.weights_2"])
    }

    /// Whatever reads a weight, it has the name of its variable.
    @Test(arguments: ExportCase.all) func weightsHaveNames(_ item: ExportCase) throws {
        guard !item.name.hasPrefix("zoo-") else { return }
        let variables = try item.variables()
        let graph = try item.model.exportedGraph(variables, item.inputs, images: item.images)
        let names = Set(graph.initializers.map(\.name))
        // What is computed from a weight is a number of its own.
        let folded = ["standardized", "normalization", "transformer-blocks"]
        // The two offsets of a gated recurrent unit are one.
        for path in variables.paths where !folded.contains(item.name) && !path.hasSuffix("recurrentBias") {
            #expect(names.contains(path.replacing("/", with: ".")), "\(path)")
        }
    }

    /// Recurrent layers are operators of ONNX; their steps are written where a function is none of ONNX's, or steps do not count.
    @Test func recurrentLayers() throws {
        func operators(_ name: String) throws -> [String] {
            let item = try #require(ExportCase.all.first { $0.name == name })
            return try item.model.exportedGraph(item.variables(), item.inputs, images: item.images).operators
        }
        #expect(try operators("gru-before") == ["Transpose", "GRU", "Squeeze"])
        #expect(try operators("rnn-relu") == ["Transpose", "RNN", "Squeeze", "Transpose"])
        #expect(try operators("lstm-stack").count { $0 == "LSTM" } == 4)
        for name in ["rnn-elu", "words-lstm"] {
            #expect(try operators(name).allSatisfy { !["RNN", "LSTM"].contains($0) }, "\(name)")
        }
    }

    // MARK: The number of samples

    /// Nothing but the axis of samples is open, and no shape says how many there are.
    @Test(arguments: ExportCase.all) func samplesStayOpen(_ item: ExportCase) throws {
        guard !item.name.hasPrefix("zoo-") else { return }
        let graph = try item.model.exportedGraph(try item.variables(), item.inputs, images: item.images)
        for port in graph.inputs + graph.outputs {
            #expect(port.extents.first == .open("N"))
            #expect(port.extents.dropFirst().allSatisfy { if case .fixed = $0 { true } else { false } })
        }
        for node in graph.nodes where node.type == "Reshape" {
            let shape = try #require(graph[initializer: node.inputs[1]]).scalars(as: Int.self)
            #expect(shape.contains { $0 <= 0 }, "\(node.text): \(shape)")
        }
        let names = graph.nodes.flatMap(\.outputs) + graph.inputs.map(\.name) + graph.initializers.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(graph.nodes.map(\.name)).count == graph.nodes.count)
    }

    @Test func multiplesOfSamples() throws {
        let model = Lambda("rows") { x in x.reshaped(to: [x.shape[0] * 3, 2]) * 2 }
        let graph = try graph(model, [3, 2])
        #expect(graph.outputs.map(\.text) == ["output float32[3N, 2]"])
        #expect(graph[initializer: try #require(graph.nodes.last).inputs[1]]?.scalars == [-1, 2])
    }

    // MARK: What can't be written

    private func problem(_ input: Shape = [4], _ function: @escaping @Sendable (Tensor, Context) -> Tensor) -> String {
        message {
            try graph(
                Sequential {
                    Dense(4); Lambda("odd", function)
                }, input)
        }
    }

    @Test func randomNumbers() {
        #expect(
            problem { x, context in x + context.normal([4]) }
                == "the layer 1.lambda (Lambda(\"odd\")) can't be written as ONNX: it draws random numbers at inference, which no file "
                + "can repeat. Draw only where context.mode is .training.")
    }

    @Test func noCounterpart() {
        #expect(
            problem { x, _ in x.scatterAdded(Tensor([0, 1, 1, 0], type: .int32), size: 2, axis: 1) }
                == "the layer 1.lambda (Lambda(\"odd\")) can't be written as ONNX: there is no counterpart of scatterAdd. "
                + "Compute it outside of the model, or by other operations.")
        #expect(
            problem { x, _ in x.expandingShape(at: -1).qr().q }
                == "the layer 1.lambda (Lambda(\"odd\")) can't be written as ONNX: there is no counterpart of qr. "
                + "Compute it outside of the model, or by other operations.")
    }

    @Test func dependenceOnTheNumberOfSamples() {
        let other = "Write the layer so that it does the same to each sample."
        #expect(
            problem { x, _ in x / Double(x.shape[0]) }
                == "the layer 1.lambda (Lambda(\"odd\")) can't be written for any number of samples: its constant depends on that number. "
                + other)
        #expect(
            problem { x, _ in Tensor.concatenated([x, Tensor.ones([1, 4])], axis: 0) }.contains(
                "its concatenate has the extents 3 and 4 for 2 and 3 samples"))
        #expect(
            problem { x, _ in Tensor.concatenated([x, Tensor.ones([2, 4])], axis: 0) }.contains(
                "its concatenate has the extents 4 and 5 for 2 and 3 samples"))
        #expect(
            problem { x, _ in (0..<x.shape[0]).reduce(x) { sum, _ in sum + 1 } }.contains(
                "it has other operations for 3 samples than for 2"))
        #expect(
            problem { x, _ in x[(x.shape[0] - 1)..<x.shape[0]] }.contains("its slice depends on that number"))
        #expect(
            problem { x, _ in x * Tensor(Array(repeating: Float(2), count: x.shape[0]), shape: [x.shape[0], 1]) }
                .contains("it uses a value that is not among its inputs"))
    }

    /// Names that a file could not tell apart.
    @Test func namesThatMeet() {
        struct Same: Model {
            var output = "a"
            func outputs(for inputs: Values, in context: Context) -> Values { Values([(output, inputs.first * 2)]) }
        }
        #expect(
            message { try Same().exportedGraph(Variables(), ["a": [3]]) }
                == "the model can't be written as ONNX: two of its inputs and outputs are called \"a\". Give each a name of its own."
        )
        #expect(
            message { try Same(output: "").exportedGraph(Variables(), ["output": [3]]) }.contains(
                "two of its inputs and outputs are called \"output\""))
    }

    @Test func variablesOfAnotherModel() throws {
        let variables = try Sequential { Dense(3) }.initialized(input: [4], seed: 1)
        let model = Sequential {
            Dense(3); Dense(2)
        }
        #expect(
            message { try model.exportedGraph(variables, Signature([4])) }
                == "the weights lack the variable 1.dense/kernel; they belong to another model")
        #expect(
            message { try Sequential { Dense(3) }.exportedGraph(variables, Signature([5])) }.contains("[4, 3]"))
    }

    // MARK: Outputs

    /// Two outputs of one value, one that is an input, and one that another is made from.
    @Test func outputsThatAreOthers() throws {
        struct Several: Model {
            func outputs(for inputs: Values, in context: Context) -> Values {
                let x = inputs["a"]
                let y = relu(x)
                return ["same": x, "y": y, "again": y, "more": y + 1]
            }
        }
        let graph = try Several().exportedGraph(Variables(), ["a": [3]])
        #expect(
            graph.nodes.map(\.text) == [
                "y = Relu(a)", "more = Add(y, float32_1.0)", "same = Identity(a)", "again = Identity(y)",
            ])
        #expect(graph.outputs.map(\.name) == ["same", "y", "again", "more"])
    }

    /// Images that are moved once for two outputs.
    @Test func outputsThatAreMoved() throws {
        struct Several: Model {
            func outputs(for inputs: Values, in context: Context) -> Values {
                let y = Dense(3)(inputs["a"], in: context["dense"])
                return ["one": y, "two": y]
            }
        }
        let model = Several()
        let graph = try model.exportedGraph(
            model.initialized(inputs: ["a": [2, 2, 4]], seed: 1), ["a": [2, 2, 4]])
        #expect(
            graph.nodes.suffix(2).map(\.text) == [
                "one = Transpose(dense.Add) {perm: [0, 3, 1, 2]}", "two = Transpose(dense.Add) {perm: [0, 3, 1, 2]}",
            ])
        let known = Set(graph.nodes.flatMap(\.outputs) + graph.inputs.map(\.name) + graph.initializers.map(\.name))
        #expect(graph.nodes.flatMap(\.inputs).allSatisfy(known.contains))
    }
}
