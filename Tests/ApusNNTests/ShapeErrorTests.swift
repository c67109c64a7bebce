import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

/// The messages of layers that do not fit, word for word.
@Suite struct ShapeErrorTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let layer: any Layer
        let input: Shape
        let message: String
        var testDescription: String { "\(layer) for \(input)" }

        init(_ layer: any Layer, _ input: Shape, _ message: String) {
            self.layer = layer
            self.input = input
            self.message = message
        }
    }

    static let mistakes = [
        Mistake(
            Dense(10), [],
            "dense (Dense(10)): dense: expected a batch [N, ..., features] but received shape [1]; "
                + "put Flatten() before it, or add an axis for the batch"),
        Mistake(Dense(0), [4], "dense (Dense(0)): dense: units must be positive, received 0"),
        Mistake(
            Conv2D(filters: 6, kernelSize: 5), [28, 28],
            "conv2D (Conv2D(filters: 6, kernelSize: 5)): conv2D: expected images [N, H, W, C] but received shape [1, 28, 28]"
        ),
        Mistake(
            Conv2D(filters: 6, kernelSize: 5), [4, 28, 1],
            "conv2D (Conv2D(filters: 6, kernelSize: 5)): convolution: the window of 5 × 5 does not fit the padded image of 4 × 28; "
                + "use a smaller kernel, more padding, or fewer layers that shrink the image"),
        Mistake(
            Conv2D(filters: 6, kernelSize: 3, groups: 3), [8, 8, 4],
            "conv2D (Conv2D(filters: 6, kernelSize: 3, groups: 3)): conv2D: "
                + "expected a multiple of 3 input channels (axis 3), one part for each group, but received 4 in shape [1, 8, 8, 4]"
        ),
        Mistake(
            Conv2D(filters: 5, kernelSize: [3, 0], strides: 0, groups: 2), [8, 8, 4],
            """
            3 problems:
            - conv2D (Conv2D(filters: 5, kernelSize: [3, 0], strides: 0, groups: 2)): conv2D: kernelSize must be positive, received [3, 0]
            - conv2D (Conv2D(filters: 5, kernelSize: [3, 0], strides: 0, groups: 2)): conv2D: strides must be positive, received 0
            - conv2D (Conv2D(filters: 5, kernelSize: [3, 0], strides: 0, groups: 2)): conv2D: filters must be a multiple of groups: 2 does not divide 5
            """),
        Mistake(
            MaxPool2D(2), [10],
            "maxPool2D (MaxPool2D(2)): maxPool2D: expected images [N, H, W, C] but received shape [1, 10]"),
        Mistake(
            MaxPool2D(3), [2, 2, 1],
            "maxPool2D (MaxPool2D(3)): maxPool: the window of 3 × 3 does not fit the image of 2 × 2; "
                + "use a smaller window or fewer layers that shrink the image"),
        Mistake(
            AveragePool2D(0), [2, 2, 1],
            "averagePool2D (AveragePool2D(0)): averagePool2D: poolSize must be positive, received 0"),
        Mistake(Dropout(1), [3], "dropout (Dropout(1.0)): dropout: the rate must be in 0..<1, received 1.0"),
        Mistake(Dropout(.nan), [3], "dropout (Dropout(nan)): dropout: the rate must be in 0..<1, received nan"),
        Mistake(
            BatchNorm(epsilon: 0), [],
            "batchNorm (BatchNorm(epsilon: 0.0)): batchNorm: epsilon must be a number > 0, received 0.0"),
        Mistake(
            BatchNorm(), [],
            "batchNorm (BatchNorm()): batchNorm: expected a batch [N, ..., channels] but received shape [1]"),
    ]

    @Test(arguments: mistakes) func oneLayer(_ mistake: Mistake) {
        #expect(message { try mistake.layer.initialized(input: mistake.input, seed: 1) } == mistake.message)
        #expect(message { try mistake.layer.summary(input: mistake.input) } == mistake.message)
    }

    /// What does not follow from the first problem is reported with it; what does is not.
    @Test func independentProblemsOfOneModel() {
        let model = Sequential {
            Conv2D(filters: 6, kernelSize: 5)
            MaxPool2D(2)
            Flatten()
            Dense(120)
            Dropout(1.5)
            Dense(0)
        }
        #expect(
            message { try model.initialized(input: [4, 4, 1], seed: 1) } == """
                3 problems:
                - 0.conv2D (Conv2D(filters: 6, kernelSize: 5)): convolution: the window of 5 × 5 does not fit the padded image of 4 × 4; use a smaller kernel, more padding, or fewer layers that shrink the image
                - 4.dropout (Dropout(1.5)): dropout: the rate must be in 0..<1, received 1.5
                - 5.dense (Dense(0)): dense: units must be positive, received 0
                """)
    }

    @Test func problemsOfTwoBranches() {
        struct Branches: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                let a = MaxPool2D(9)(x, in: context["a"])
                let b = Conv2D(filters: 2, kernelSize: 7)(x, in: context["b"])
                // A branch whose result is not used is checked as well.
                _ = Dropout(-1)(x, in: context["c"])
                return a + b
            }
        }
        let model = Sequential { Branches() }
        #expect(
            message { try model.initialized(input: [5, 5, 1], seed: 1) } == """
                3 problems:
                - 0.branches/a (MaxPool2D(9)): maxPool: the window of 9 × 9 does not fit the image of 5 × 5; use a smaller window or fewer layers that shrink the image
                - 0.branches/b (Conv2D(filters: 2, kernelSize: 7)): convolution: the window of 7 × 7 does not fit the padded image of 5 × 5; use a smaller kernel, more padding, or fewer layers that shrink the image
                - 0.branches/c (Dropout(-1.0)): dropout: the rate must be in 0..<1, received -1.0
                """)
    }

    @Test func expressionsInsideALayerNameIt() {
        struct Adding: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { x + Dense(3)(x, in: context["dense"]) }
        }
        let model = Sequential { Adding() }
        #expect(
            message { try model.initialized(input: [4], seed: 1) }.hasPrefix(
                "0.adding (Adding()): add: shapes [1, 4] and [1, 3] do not fit"))
    }
}
