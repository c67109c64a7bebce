import ApusChecks
import ApusGraph
import ApusModels
import ApusNN
import ApusTensor
import Testing

@Suite struct GradientCheckTests {
    @Test func functionsOfTensors() throws {
        let x = Tensor([[1.0, 2], [3, 4], [5, 6]]), y = Tensor([1.0, 0, 2])
        let check = try gradcheck(at: [Tensor([0.5, -0.25]), Tensor(0.125)]) { p in
            meanSquaredError(tanh(x.matmul(p[0])) + p[1], y)
        }
        #expect(check.passed && check.worst < 1e-8)
        #expect(check.entries.map(\.count) == [2, 1])
        let wrong = try gradcheck(at: [Tensor([0.5, 0.75])]) { p in square(p[0]).stoppingGradient() + p[0] }
        #expect(!wrong.passed)
        #expect(wrong.description.contains("WRONG  argument 0"))
    }

    /// The error is ‖difference‖ / (‖numeric‖ + ‖analytic‖), and one of a ten-thousandth is seen.
    @Test(arguments: [1e-4, 1e-5]) func smallErrors(size: Double) throws {
        for scale in [1e-3, 1, 1e3] {
            let check = try gradcheck(at: [Tensor([0.5, 0.25, 0.75])]) { p in
                (p[0] + p[0].stoppingGradient() * size).sum() * scale
            }
            #expect(!check.passed)
            #expect(abs(check.worst / (size / 2) - 1) < 1e-3, "\(check)")
        }
    }

    /// A bias before a normalization has no effect: its gradient is 0 but for rounding, whatever the size of the loss.
    @Test func gradientsThatVanish() throws {
        let model = Sequential {
            Conv2D(filters: 3, kernelSize: 3)
            InstanceNorm()
        }
        let check = try gradcheck(model, input: [6, 6, 2])
        #expect(check.passed, "\(check)")
        #expect(check.entries.first { $0.path == "0.conv2D/bias" }?.relativeError == 0)
        let x = Tensor((0..<6).map(Double.init), type: .float64)
        for size in [1e-9, 1, 1e9] {
            let right = try gradcheck(at: [x, Tensor(0.5, type: .float64)]) { p in
                let shifted = p[0] + p[1]
                return square(shifted - shifted.mean()) * size
            }
            #expect(right.passed, "\(right)")
            let wrong = try gradcheck(at: [x]) { p in (square(p[0]) + p[0].stoppingGradient()) * size }
            #expect(!wrong.passed)
        }
        // Nothing but the third derivative.
        #expect(try gradcheck(at: [Tensor([0.0, 0])]) { $0[0] * $0[0] * $0[0] }.passed)
    }

    @Test(arguments: [Mode.training, .inference]) func leNet(mode: Mode) throws {
        let check = try gradcheck(
            Sequential.lenet5(), input: [28, 28, 1], batch: 1, loss: .softmaxCrossEntropy, mode: mode)
        #expect(check.passed, "\(check)")
        #expect(check.entries.count == 11)
        #expect(check.entries.contains { $0.isProjected } && check.entries.contains { !$0.isProjected })
        #expect(check.entries.allSatisfy { $0.count == ($0.isProjected ? 4 : $0.shape.count) })
    }

    /// x², whose gradient is wrong.
    private struct Faulty: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor { (square(x) - x).stoppingGradient() + x }
    }

    /// The first layer's gradient is wrong only because of the one after it: that one is named.
    @Test func pointsAtTheLayer() throws {
        let model = Sequential {
            Dense(5, activation: .tanh)
            Residual {
                Dense(5)
                Faulty()
            }
            Dense(3)
        }
        let check = try gradcheck(model, input: [4])
        #expect(!check.passed)
        #expect(check.wrongLayers == ["1.residual/body/1.faulty (Faulty())"])
        let wrong = check.entries.filter { $0.relativeError > 1e-6 }.map(\.path)
        #expect(
            wrong == [
                "0.dense/kernel", "0.dense/bias", "1.residual/body/0.dense/kernel", "1.residual/body/0.dense/bias",
                "input",
            ])
        #expect(check.description.hasSuffix("wrong is the gradient of 1.residual/body/1.faulty (Faulty())"))
    }

    /// A name that begins another one's does not hide it.
    @Test func pointsAtEveryLayer() throws {
        let model = Sequential {
            Faulty().named("square10")
            Dense(3, activation: .tanh)
            Faulty().named("square1")
        }
        let check = try gradcheck(model, input: [4])
        #expect(check.wrongLayers == ["square10 (Faulty())", "square1 (Faulty())"])
    }
}
