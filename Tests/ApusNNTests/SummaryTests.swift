import ApusModels
import ApusNN
import ApusTensor
import Testing

@Suite struct SummaryTests {
    @Test func leNet5() throws {
        let summary = try Sequential.lenet5().summary(input: [28, 28, 1])
        #expect(summary.parameterCount == 61_706)
        #expect(summary.trainableCount == 61_706)
        #expect(
            summary.rows.map(\.outputShape) == [
                [28, 28, 6], [14, 14, 6], [10, 10, 16], [5, 5, 16], [400], [120], [84], [10],
            ])
        #expect(summary.rows.map(\.parameterCount) == [156, 0, 2416, 0, 0, 48_120, 10_164, 850])
        #expect("\(summary)" == SummaryTests.leNet5Text)
    }

    static let leNet5Text = """
        layer                                                                           output        field  parameters    FLOPs   bytes
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        0.conv2D  Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu)  [28, 28, 6]     5×5         156  244,608  18,816
        1.maxPool2D  MaxPool2D(2)                                                       [14, 14, 6]     6×6           0    4,704   4,704
        2.conv2D  Conv2D(filters: 16, kernelSize: 5, activation: .relu)                 [10, 10, 16]  14×14       2,416  483,200   6,400
        3.maxPool2D  MaxPool2D(2)                                                       [5, 5, 16]    16×16           0    1,600   1,600
        4.flatten  Flatten()                                                            [400]           all           0        0   1,600
        5.dense  Dense(120, activation: .relu)                                          [120]           all      48,120   96,240     480
        6.dense  Dense(84, activation: .relu)                                           [84]            all      10,164   20,328     336
        7.dense  Dense(10)                                                              [10]            all         850    1,690      40
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        total                                                                                                    61,706  852,370  33,976
        input [28, 28, 1], 61,706 of 61,706 parameters are trained; FLOPs and bytes for one sample, forward; field: the part of the input that one output depends on
        """

    struct Residual: Layer {
        var filters: Int
        func output(for x: Tensor, in context: Context) -> Tensor {
            let conv = Conv2D(filters: filters, kernelSize: 3, padding: .same, useBias: false)
            var y = relu(BatchNorm()(conv(x, in: context["conv1"]), in: context["norm1"]))
            y = BatchNorm()(conv(y, in: context["conv2"]), in: context["norm2"])
            return relu(x + y)
        }
    }

    /// Layers that are called directly have rows; what the layer around them computes itself has one, too.
    @Test func layersInsideLayers() throws {
        let model = Sequential {
            Residual(filters: 4)
            Flatten()
        }
        let summary = try model.summary(input: [8, 8, 4])
        #expect(
            summary.rows.map(\.path) == [
                "0.residual/conv1", "0.residual/norm1", "0.residual/conv2", "0.residual/norm2", "0.residual",
                "1.flatten",
            ])
        #expect(summary.rows.map(\.parameterCount) == [144, 16, 144, 16, 0, 0])
        #expect(summary.parameterCount == 320)
        #expect(summary.trainableCount == 304)
        #expect(summary.rows[0].flops == 2 * 8 * 8 * 4 * 36)
        // relu(x + y)
        #expect(summary.rows[4].flops == 2 * 8 * 8 * 4)
        #expect(summary.rows[4].layer == "Residual(filters: 4)")
    }

    /// Where branches meet, what depends on all of them sees the widest; steps go on from there.
    @Test(arguments: [false, true]) func fieldsOfBranches(isTurned: Bool) throws {
        let narrow = Sequential { Conv2D(filters: 2, kernelSize: [1, 3], padding: .same) }
        let wide = Sequential {
            Conv2D(filters: 2, kernelSize: [5, 1], padding: .same)
            Conv2D(filters: 2, kernelSize: 3, padding: .same)
        }
        let model = Sequential {
            Parallel(.concatenate, isTurned ? [narrow, wide] : [wide, narrow])
            Conv2D(filters: 2, kernelSize: 3, strides: 2)
            MaxPool2D([2, 1])
        }
        let rows = try model.summary(input: [16, 16, 1]).rows.filter { !$0.path.hasPrefix("0.parallel/") }
        #expect(rows.map(\.path) == ["0.parallel", "1.conv2D", "2.maxPool2D"])
        #expect(rows.map(\.receptiveField) == [Size2D(7, 3), Size2D(9, 5), Size2D(11, 5)])
    }

    /// A shortcut around layers that see further, and branches of which one sees everything.
    @Test func fieldsOfShortcuts() throws {
        let residual = Sequential { ApusNN.Residual { Conv2D(filters: 1, kernelSize: 3, padding: .same) } }
        #expect(try residual.summary(input: [8, 8, 1]).rows.last?.receptiveField == Size2D(3, 3))
        // The shortcut steps further than the body: their sum does, too.
        let down = Sequential {
            ApusNN.Residual(
                body: Sequential {
                    Conv2D(filters: 1, kernelSize: 3, strides: 2, padding: .same)
                    Conv2D(filters: 1, kernelSize: 3, padding: .same)
                }, shortcut: Sequential { Conv2D(filters: 1, kernelSize: 1, strides: 2) })
            Conv2D(filters: 1, kernelSize: 3)
        }
        #expect(try down.summary(input: [8, 8, 1]).rows.last?.receptiveField == Size2D(11, 11))
        struct Mean: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { x + x.mean(axes: [1, 2], keepingAxes: true) }
        }
        #expect(try Sequential { Mean() }.summary(input: [8, 8, 1]).rows.map(\.receptiveField) == [nil])
    }

    /// Dilated kernels see further, and steps multiply.
    @Test func fieldsOfSteps() throws {
        let model = Sequential {
            Conv2D(filters: 1, kernelSize: 3, strides: [2, 1], dilation: [1, 2])
            AveragePool2D(2)
            Conv2D(filters: 1, kernelSize: [3, 1])
        }
        #expect(
            try model.summary(input: [31, 31, 1]).rows.map(\.receptiveField)
                == [Size2D(3, 5), Size2D(5, 6), Size2D(13, 6)])
    }

    @Test func sharedWeightsCountOnce() throws {
        struct Twice: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor {
                let layer = Dense(3)
                let shared = context.shared("shared")
                return layer(layer(x, in: shared), in: shared)
            }
        }
        let summary = try Twice().summary(input: [3])
        #expect(summary.rows.map(\.parameterCount) == [12, 0])
        #expect(summary.rows.map(\.flops) == [summary.rows[0].flops, summary.rows[0].flops])
        #expect(summary.parameterCount == 12)
    }

    @Test func aLayerByItself() throws {
        let summary = try Dense(2).summary(input: [3])
        #expect(summary.rows.map(\.path) == ["dense"])
        #expect(summary.rows.map(\.layer) == ["Dense(2)"])
    }
}
