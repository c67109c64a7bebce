import ApusBackend
import ApusGraph

extension Step {
    /// y[…, i, j] = Σₖ a[…, i, k] · b[…, k, j]
    func matmul() -> [Double] {
        let (a, b) = (operands[0], operands[1])
        let (rows, inner, columns) = (a.shape[-2], a.shape[-1], b.shape[-1])
        let batches = a.shape.dimensions.dropLast(2).reduce(1, *)
        var result = Array(repeating: 0.0, count: shape.count)
        for batch in 0..<batches {
            for i in 0..<rows {
                for j in 0..<columns {
                    var total = 0.0
                    for k in 0..<inner {
                        total += a.values[(batch * rows + i) * inner + k] * b.values[(batch * inner + k) * columns + j]
                    }
                    result[(batch * rows + i) * columns + j] = total
                }
            }
        }
        return result
    }

    /// y[n, i, j, o] = Σ x[n, i·s − top + p·d, j·s − left + q·d, c₀ + c] · kernel[p, q, c, o] over p, q, c, where c₀
    /// is the first channel of the group of o and cells outside the image are 0.
    func convolution(_ geometry: ConvolutionGeometry) -> [Double] {
        let (x, kernel) = (operands[0], operands[1])
        var y = Array(repeating: 0.0, count: shape.count)
        forEachProduct(geometry, x.shape, kernel.shape, shape) { i, j, k in y[k] += x.values[i] * kernel.values[j] }
        return y
    }

    func convolutionInputGradient(_ geometry: ConvolutionGeometry) -> [Double] {
        let (gradient, kernel) = (operands[0], operands[1])
        var x = Array(repeating: 0.0, count: shape.count)
        forEachProduct(geometry, shape, kernel.shape, gradient.shape) { i, j, k in
            x[i] += gradient.values[k] * kernel.values[j]
        }
        return x
    }

    func convolutionKernelGradient(_ geometry: ConvolutionGeometry) -> [Double] {
        let (x, gradient) = (operands[0], operands[1])
        var kernel = Array(repeating: 0.0, count: shape.count)
        forEachProduct(geometry, x.shape, shape, gradient.shape) { i, j, k in
            kernel[j] += x.values[i] * gradient.values[k]
        }
        return kernel
    }

    /// The positions in x [N, H, W, C], kernel [kh, kw, C / groups, O] and y [N, H', W', O] of every product of a
    /// convolution.
    private func forEachProduct(
        _ geometry: ConvolutionGeometry, _ x: Shape, _ kernel: Shape, _ y: Shape, _ body: (Int, Int, Int) -> Void
    ) {
        let (strides, padding, dilation) = (geometry.strides, geometry.padding, geometry.dilation)
        let (groupInputs, groupOutputs) = (kernel[2], kernel[3] / geometry.groups)
        for n in 0..<y[0] {
            for i in 0..<y[1] {
                for j in 0..<y[2] {
                    for p in 0..<kernel[0] {
                        let row = i * strides.height - padding.top + p * dilation.height
                        guard (0..<x[1]).contains(row) else { continue }
                        for q in 0..<kernel[1] {
                            let column = j * strides.width - padding.left + q * dilation.width
                            guard (0..<x[2]).contains(column) else { continue }
                            for c in 0..<groupInputs {
                                for o in 0..<kernel[3] {
                                    let channel = o / groupOutputs * groupInputs + c
                                    body(
                                        ((n * x[1] + row) * x[2] + column) * x[3] + channel,
                                        ((p * kernel[1] + q) * kernel[2] + c) * kernel[3] + o,
                                        ((n * y[1] + i) * y[2] + j) * y[3] + o)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
