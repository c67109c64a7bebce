import ApusTestKit
import CKernels
import CKernelsTestSupport
import Foundation
import Testing

@Suite(.serialized)
struct SoftmaxTests {
    private func softmax(_ line: [Double]) -> [Double] {
        let top = line.max()!, e = line.map { exp($0 - top) }, sum = e.reduce(0, +)
        return e.map { $0 / sum }
    }

    @Test(arguments: floatTypes, [0, 1])
    func softmaxAndGradient(type: apus_type, logarithm: Int64) {
        var random = SeededGenerator(seed: 10)
        for (outer, axis, inner) in [
            (1, 1, 1), (3, 10, 1), (17, 16, 1), (2, 33, 1), (3, 1111, 1), (2, 5, 3),
            (1, 17, 129), (100, 257, 1),
        ] {
            let count = outer * axis * inner
            let x = TestBuffer(type, random.reals(count, 6)), g = TestBuffer(type, random.reals(count))
            let values = x.values, gradient = g.values
            var want = [Double](repeating: 0, count: count)
            let lines = (0..<outer * inner).map { l in
                (0..<axis).map { (l / inner * axis + $0) * inner + l % inner }
            }
            for line in lines {
                for (at, p) in zip(line, softmax(line.map { values[$0] })) { want[at] = logarithm == 1 ? log(p) : p }
            }
            let p = apus_softmax_parameters(
                outer: Int64(outer), axis: Int64(axis), inner: Int64(inner), type: Int64(type.rawValue),
                logarithm: logarithm)
            everywhere { _ in
                let y = TestBuffer(type, count: count), dx = TestBuffer(type, count: count)
                #expect(runKernel(apus_softmax, p, [x, y]) == 0)
                // Of a logarithm: the logit, and what is taken from it.
                expectEqual(
                    y, want, tolerance(type), size: logarithm == 1 ? values.map { abs($0) + 6 } : [0],
                    "\(outer) \(axis) \(inner)")
                #expect(runKernel(apus_softmax_gradient, p, [y, g, dx]) == 0)
                let result = y.values
                var wantGradient = want, sizes = want
                for line in lines {
                    let sum = line.map { logarithm == 1 ? gradient[$0] : gradient[$0] * result[$0] }.reduce(0, +)
                    let size = line.map { abs(logarithm == 1 ? gradient[$0] : gradient[$0] * result[$0]) }.reduce(0, +)
                    for at in line {
                        let factor = logarithm == 1 ? exp(result[at]) : result[at]
                        sizes[at] =
                            logarithm == 1 ? abs(gradient[at]) + factor * size : factor * (abs(gradient[at]) + size)
                        wantGradient[at] =
                            logarithm == 1
                            ? gradient[at] - factor * sum : factor * (gradient[at] - sum)
                    }
                }
                expectEqual(dx, wantGradient, tolerance(type), size: sizes)
                return [y, dx]
            }
        }
    }

    @Test(arguments: floatTypes, [APUS_INT32, APUS_INT64, APUS_UINT8, APUS_FLOAT32])
    func crossEntropy(type: apus_type, labelType: apus_type) {
        let dense = labelType == APUS_FLOAT32
        var random = SeededGenerator(seed: 11)
        for (samples, classes) in [(1, 1), (3, 2), (128, 10), (65, 16), (33, 17), (5, 250), (200, 101)] {
            let z = TestBuffer(type, random.reals(samples * classes, 5)), logits = z.values
            let labels =
                dense
                ? TestBuffer(type, random.reals(samples * classes).map(abs))
                : TestBuffer(labelType, random.integers(samples, 0..<classes))
            let read = labels.values
            let weights =
                dense
                ? read
                : (0..<samples * classes).map { Int(read[$0 / classes]) == $0 % classes ? 1.0 : 0 }
            var losses: [Double] = [], probabilities: [Double] = [], gradient: [Double] = []
            // Without signs: logits as they are before their maximum is taken off.
            var lossSizes: [Double] = [], gradientSizes: [Double] = []
            for n in 0..<samples {
                let line = n * classes..<(n + 1) * classes
                let p = softmax(Array(logits[line]))
                losses.append(zip(weights[line], p).map { $0 == 0 ? 0 : -$0 * log($1) }.reduce(0, +))
                probabilities += p
                let weight = weights[line].reduce(0, +)
                gradient += zip(p, weights[line]).map { $0 * weight - $1 }
                lossSizes.append(zip(weights[line], logits[line]).map { $0 * (abs($1) + 5) }.reduce(0, +))
                gradientSizes += zip(p, weights[line]).map { $0 * weight + $1 }
            }
            let p = apus_cross_entropy_parameters(
                samples: Int64(samples), classes: Int64(classes), type: Int64(type.rawValue),
                label_form: Int64(dense ? 1 : 0), label_type: Int64(labelType.rawValue))
            let factors = TestBuffer(type, random.reals(samples)), one = TestBuffer(type, [0.75])
            everywhere { _ in
                let loss = TestBuffer(type, count: samples), saved = TestBuffer(type, count: z.count)
                let mean = TestBuffer(type, count: 1), dz = TestBuffer(type, count: z.count)
                let scratch = TestBuffer(
                    APUS_UINT8,
                    count: Int(
                        withUnsafePointer(to: p) {
                            apus_cross_entropy_scratch_bytes($0)
                        }))
                #expect(runKernel(apus_cross_entropy, p, [z, labels, loss, saved, mean, dz, scratch]) == 0)
                expectEqual(loss, losses, tolerance(type), size: lossSizes)
                expectEqual(saved, probabilities, tolerance(type))
                expectEqual(
                    mean, [losses.reduce(0, +) / Double(samples)], tolerance(type),
                    size: [lossSizes.reduce(0, +) / Double(samples)])
                expectEqual(
                    dz, gradient.map { $0 / Double(samples) }, tolerance(type),
                    size: gradientSizes.map { $0 / Double(samples) })
                let alone = TestBuffer(type, count: 1)
                #expect(runKernel(apus_cross_entropy, p, [z, labels, nil, nil, alone, nil, scratch]) == 0)
                #expect(alone.content == mean.content)
                var results = [loss, saved, mean, dz]
                // What was saved has been rounded.
                let fromSaved = zip(saved.values, weights).enumerated().map { i, pair in
                    pair.0 * weights[i / classes * classes..<(i / classes + 1) * classes].reduce(0, +) - pair.1
                }
                for fromLogits in [0, 1] {
                    for scalar in [0, 1] {
                        let q = apus_cross_entropy_gradient_parameters(
                            loss: p, from_logits: Int64(fromLogits), scalar: Int64(scalar), factor: 0.5)
                        let result = TestBuffer(type, count: z.count)
                        let g = scalar == 1 ? one : factors, gs = g.values
                        #expect(
                            runKernel(
                                apus_cross_entropy_gradient, q,
                                [fromLogits == 1 ? z : saved, labels, g, result]) == 0)
                        func scaled(_ numbers: [Double]) -> [Double] {
                            numbers.enumerated().map { $1 * 0.5 * gs[scalar == 1 ? 0 : $0 / classes] }
                        }
                        expectEqual(
                            result, scaled(fromLogits == 1 ? gradient : fromSaved), tolerance(type),
                            size: scaled(gradientSizes).map(abs))
                        results.append(result)
                    }
                }
                return results
            }
        }
    }

    /// What is small beside the largest is as exact as that is.
    @Test(arguments: floatTypes, [4, 67]) func smallTerms(type: apus_type, axis: Int) {
        let line = (0..<axis).map { [0, -20, -40, -80][$0 % 4] + Double($0 / 4) / 64 }
        let x = TestBuffer(type, line), exact = softmax(x.values)
        let p = apus_softmax_parameters(
            outer: 1, axis: Int64(axis), inner: 1, type: Int64(type.rawValue), logarithm: 0)
        everywhere { place in
            let y = TestBuffer(type, count: axis)
            #expect(runKernel(apus_softmax, p, [x, y]) == 0)
            expectEqual(y, exact, tolerance(type), place)
            return [y]
        }
    }

    @Test func extremes() {
        let z = TestBuffer(APUS_FLOAT32, [0, -.infinity, 1000, -1000, 0, .nan])
        let p = apus_softmax_parameters(
            outer: 3, axis: 2, inner: 1, type: Int64(APUS_FLOAT32.rawValue), logarithm: 0)
        everywhere { _ in
            let y = TestBuffer(APUS_FLOAT32, count: 6)
            runKernel(apus_softmax, p, [z, y])
            expectEqual(y, [1, 0, 1, 0, .nan, .nan])
            return [y]
        }
    }

    @Test func labelsOutOfRange() {
        for wrong in [-1.0, 3] {
            let z = TestBuffer(APUS_FLOAT32, [1, 2, 3, 1, 2, 3]), labels = TestBuffer(APUS_INT32, [0, wrong])
            let loss = TestBuffer(APUS_FLOAT32, count: 2), before = loss.content
            let p = apus_cross_entropy_parameters(
                samples: 2, classes: 3, type: 0, label_form: 0, label_type: Int64(APUS_INT32.rawValue))
            let scratch = TestBuffer(APUS_FLOAT64, count: 1)
            #expect(
                runKernel(apus_cross_entropy, p, [z, labels, loss, nil, nil, nil, scratch])
                    == Int32(APUS_STATUS_LABEL_OUT_OF_RANGE.rawValue))
            #expect(loss.content == before)
        }
    }
}
