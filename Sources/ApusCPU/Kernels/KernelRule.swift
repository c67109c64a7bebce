import ApusGraph

// Who computes what: a rule of the shape, the element type and the CPU. Nothing is tried out.

extension Convolution {
    /// The kernel that computes it fastest; where that is the library, and it has no good implementation, plain loops do.
    package func kernel(on cpu: CPUModel) -> ConvolutionKernel {
        if suitsWinograd(on: cpu) { return .winograd }
        // Legalization computes in float32 what only plain loops would compute in bfloat16.
        if image.elementType == .bfloat16 && !cpu.hasBFloat16 { return .loops }
        if suitsProduct { return .product }
        return suitsUnfolding(on: cpu) ? .unfolded : .library
    }

    /// Whether it is computed faster as a product of unfolded pixels than by oneDNN, whose kernels for narrow vectors reach half of what
    /// the own product does: with so many channels copying the pixels is a small part of the work.
    func suitsUnfolding(on cpu: CPUModel) -> Bool {
        guard !cpu.hasWideVectors, image.elementType == .float32, geometry.groups == 1, kernel[0] * kernel[1] > 1,
            kernel[2] >= 32, kernel[3] >= 32,
            let results = geometry.output(
                image: ImageSize(height: image.shape[1], width: image.shape[2]),
                window: ImageSize(height: kernel[0], width: kernel[1]))
        else { return false }
        return results.height *| results.width *| kernel[0] *| kernel[1] *| kernel[2] <= Convolution.mostUnfolded
    }

    /// The numbers of one unfolded image at most, 16 MB: what its results give back is added up when all of it is there.
    private static let mostUnfolded = 1 << 22

    /// Whether it is a product that the own kernel computes faster than oneDNN the convolution: few summands are
    /// soon computed, and then rows of the result are written too slowly; with few pixels the kernel is transposed for too
    /// little.
    var suitsProduct: Bool {
        guard isProduct else { return false }
        let (inputs, outputs) = (kernel[2], kernel[3])
        switch direction {
        case .forward: return inputs >= 32
        case .inputGradient: return outputs >= 32 && pixels >= 128
        case .kernelGradient: return min(inputs, outputs) >= 24
        }
    }

    /// Whether Winograd computes it faster than direct convolutions: the transforms cost as much as some channels'
    /// multiplications, and those of the kernel as much as some tiles'.
    ///
    /// Winograd multiplies in float32, a quarter as often. Units for tiles multiply bfloat16 sixteen times as often in the same time.
    func suitsWinograd(on cpu: CPUModel) -> Bool {
        let one = ImageSize(height: 1, width: 1)
        let padding = geometry.padding
        let fits =
            [.float32, .bfloat16].contains(image.elementType) && kernel[0] == 3 && kernel[1] == 3
            && geometry.strides == one && geometry.dilation == one && geometry.groups == 1
            && image.shape[1] >= 4 && image.shape[2] >= 4
            && [padding.top, padding.left, padding.bottom, padding.right].allSatisfy { (0...2).contains($0) }
        let tiles = image.shape[0] * ((image.shape[1] + 3) / 4) * ((image.shape[2] + 3) / 4)
        return fits && kernel[2] >= 32 && kernel[3] >= 32 && tiles >= 16
            && !(image.elementType == .bfloat16 && cpu.hasTiles)
    }
}

extension CPUModel {
    /// Whether the library's products of bfloat16 matrices are faster than those of float32: where it emulates them they are not.
    package var multipliesBFloat16: Bool { hasBFloat16 }
}
