import ApusInference
import ApusTestKit
import Testing

/// What is no sample of a model is an error that says what would be one; nothing stops the program.
@Suite struct SampleErrorTests {
    @Test func tensors() throws {
        let model = try doubling()
        #expect(
            message { try model.predict(Tensor([1, 2, 3] as [Float])) }
                == "the samples do not fit the model. Expected [N, 3]; received [3]. Add the axis of samples: x.reshaped(to: [1, 3])."
        )
        #expect(
            message { try model.predict(Tensor.zeros([2, 4])) }
                == "the samples do not fit the model. Expected [N, 3]; received [2, 4]. Reshape or resize the samples.")
        #expect(
            message { try model.predict(Tensor(3 as Float)) }
                == "the samples do not fit the model. Expected [N, 3]; received []. Reshape or resize the samples.")
        #expect(
            message { try model.predict(Tensor.zeros([2, 3]), names: ["a"]) }
                == "the names do not fit the samples. Expected 2 names; received 1. Give a name for each sample.")
        #expect(
            message { try model.predict(["x": Tensor.zeros([2, 3])]) }
                == "the model has no input \"x\". Expected one without a name; received \"x\". Give each input by its name: [\"\": …]."
        )
        #expect(message { try model.predict(Tensor([1, 2] as [Float], shape: [3])) }.contains("do not fill the shape"))
        #expect(try model.predict(Tensor.zeros([0, 3])).isEmpty && model.predict(rows: []).isEmpty)
        #expect(try model.predict(Tensor.zeros([1, 3]), top: -1)[0].classes.isEmpty)
        #expect(try model.predict(Tensor.zeros([1, 3]))[0].top(-1).isEmpty)
    }

    @Test func emptyBatches() throws {
        #expect(message { try doubling()(Tensor.zeros([0, 3])) } == "no error")
        #expect(try doubling().predict(Tensor.zeros([0, 3]), names: []).isEmpty)
        #expect(message { try doubling().predict(Tensor.zeros([0, 4])) }.contains("Expected [N, 3]; received [0, 4]"))
        #expect(try TwoWays.trained().predict(["left": .zeros([0, 2]), "right": .zeros([0, 3])]).isEmpty)
    }

    @Test func severalInputs() throws {
        let model = try TwoWays.trained()
        #expect(
            message { try model.predict(Tensor.zeros([2, 3])) }
                == "the model takes 2 inputs. Expected \"left\" [N, 2], \"right\" [N, 3]; received samples without a name. "
                + "Give each by its name: model.predict([\"left\": …]).")
        #expect(
            message { try model.predict(["left": Tensor.zeros([2, 2])]) }
                == "samples lack the input \"right\". Expected \"left\" [N, 2], \"right\" [N, 3]; received \"left\". "
                + "Give all inputs together.")
        #expect(
            message {
                try model.predict(["left": Tensor.zeros([2, 2]), "right": .zeros([2, 3]), "rigth": .zeros([2, 3])])
            }
                == "the model has no input \"rigth\". Expected \"left\", \"right\"; received \"left\", \"right\", \"rigth\". "
                + "Give each input by its name: [\"left\": …].")
        #expect(
            message { try model.predict(["left": Tensor.zeros([2, 2]), "right": .zeros([3, 3])]) }
                == "the inputs hold different numbers of samples. Expected as many of each; received 2 of \"left\", 3 of \"right\". "
                + "Give one sample of each input for each prediction.")
        #expect(
            message { try model.predict(["left": Tensor.zeros([2, 2]), "right": .zeros([2, 4])]) }
                == "the samples \"right\" do not fit the model. Expected [N, 3]; received [2, 4]. Reshape or resize the samples."
        )
        #expect(
            message { try model.predict(Values()) }
                == "samples lack the inputs \"left\", \"right\". Expected \"left\" [N, 2], \"right\" [N, 3]; received none. "
                + "Give all inputs together.")
    }

    /// Where the weights allow it, samples may have another size than those of the training.
    @Test func otherSizesThatFit() throws {
        let network = Sequential {
            GlobalAveragePool()
        }
        let model = TrainedModel(network, variables: Variables(), input: [4, 4, 1], meaning: .numbers)
        #expect(try model.predict(Tensor.full([2, 6, 5, 1], 3)).map(\.numbers) == [[3], [3]])
        #expect(
            message { try model.predict(Tensor.zeros([2, 6, 5])) }.contains("Expected [N, 4, 4, 1]; received [2, 6, 5]")
        )
    }

    /// What yields no number a sample is no prediction.
    private struct Mean: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor { x.mean(axes: [0]) }
    }

    @Test func outputsWithoutSamples() throws {
        let model = TrainedModel(Mean(), variables: Variables(), input: [3], meaning: .numbers)
        #expect(
            message { try model.predict(Tensor.zeros([2, 3])) }
                == "the model does not give one prediction a sample. Expected outputs [2, …] for 2 samples; received [3]. "
                + "Call the model for its outputs as they are: model(samples).")
    }

    @Test func imagesForOthers() throws {
        let image = try Image(height: 2, width: 2, channels: 1, pixels: [0, 1, 2, 3])
        #expect(
            message { try doubling().predict(image) }
                == "the model takes no images. Expected samples [N, 3]; received an image. "
                + "Give a tensor, or the row of a table: model.predict(row: [\"column\": 1.5]).")
        #expect(
            message { try TwoWays.trained().predict(image) }
                == "the model takes 2 inputs. Expected \"left\" [N, 2], \"right\" [N, 3]; received an image. "
                + "Give each by its name: model.predict([\"left\": …]).")
        #expect(
            message { try TwoWays.trained().samples(of: [image], for: "left") }
                == "the model takes no images as its input \"left\". Expected samples [N, 2]; received an image. "
                + "Give a tensor, or the row of a table: model.predict(row: [\"column\": 1.5]).")
        #expect(
            message { try TwoWays.trained().samples(of: [image], for: "photo") }
                == "the model has no input \"photo\". Expected \"left\", \"right\". Correct the name.")
    }
}
