import ApusCPU
import ApusGraph
import ApusTestSupport
import Testing

/// Who computes what, on CPUs that need not be there.
@Suite struct KernelRuleTests {
    /// The kinds of CPUs that the rule tells apart.
    private enum Machine: CaseIterable {
        /// Zen 4 and 5: AVX-512 with bfloat16.
        case zen
        /// Xeons of the fourth generation and later: AVX-512 with bfloat16, AMX.
        case xeonWithTiles
        /// AVX-512 without bfloat16.
        case wide
        /// AVX2, and arm64.
        case narrow

        var cpu: CPUModel {
            switch self {
            case .zen: CPUModel(hasBFloat16: true, hasTiles: false, hasWideVectors: true)
            case .xeonWithTiles: CPUModel(hasBFloat16: true, hasTiles: true, hasWideVectors: true)
            case .wide: CPUModel(hasBFloat16: false, hasTiles: false, hasWideVectors: true)
            case .narrow: CPUModel(hasBFloat16: false, hasTiles: false, hasWideVectors: false)
            }
        }
    }

    private struct Row: CustomTestStringConvertible {
        var name: String
        var image: Shape
        var kernel: Shape
        var strides = 1
        var padding = 1
        var groups = 1
        var type = ElementType.float32
        /// On each machine.
        var kernels: [ConvolutionKernel]

        var testDescription: String { name }

        var geometry: ConvolutionGeometry {
            ConvolutionGeometry(
                strides: ImageSize(height: strides, width: strides),
                padding: ImagePadding(top: padding, left: padding, bottom: padding, right: padding),
                groups: groups)
        }
    }

    private static let rows = [
        Row(
            name: "3×3 of 64 channels", image: [8, 16, 16, 64], kernel: [3, 3, 64, 64],
            kernels: [.winograd, .winograd, .winograd, .winograd]),
        Row(
            name: "3×3 of 64 channels, bfloat16", image: [8, 16, 16, 64], kernel: [3, 3, 64, 64], type: .bfloat16,
            kernels: [.winograd, .library, .winograd, .winograd]),
        Row(
            name: "3×3 of 16 channels", image: [8, 16, 16, 16], kernel: [3, 3, 16, 16],
            kernels: [.library, .library, .library, .library]),
        Row(
            name: "3×3 of few tiles", image: [1, 8, 8, 64], kernel: [3, 3, 64, 64],
            kernels: [.library, .library, .library, .unfolded]),
        Row(
            name: "3×3 of small images", image: [32, 3, 3, 64], kernel: [3, 3, 64, 64],
            kernels: [.library, .library, .library, .unfolded]),
        Row(
            name: "3×3 of stride 2", image: [8, 16, 16, 64], kernel: [3, 3, 64, 64], strides: 2,
            kernels: [.library, .library, .library, .unfolded]),
        Row(
            name: "3×3 of stride 2, bfloat16", image: [8, 16, 16, 64], kernel: [3, 3, 64, 64], strides: 2,
            type: .bfloat16, kernels: [.library, .library, .loops, .loops]),
        Row(
            name: "1×1 of 64 channels", image: [8, 16, 16, 64], kernel: [1, 1, 64, 128], padding: 0,
            kernels: [.product, .product, .product, .product]),
        Row(
            name: "1×1 of 64 channels, bfloat16", image: [8, 16, 16, 64], kernel: [1, 1, 64, 128], padding: 0,
            type: .bfloat16, kernels: [.library, .library, .loops, .loops]),
        Row(
            name: "1×1 of 16 channels", image: [8, 16, 16, 16], kernel: [1, 1, 16, 128], padding: 0,
            kernels: [.library, .library, .library, .library]),
        Row(
            name: "1×1 of stride 2", image: [8, 16, 16, 64], kernel: [1, 1, 64, 128], strides: 2, padding: 0,
            kernels: [.library, .library, .library, .library]),
        Row(
            name: "3×3 of stride 2, of more pixels than are unfolded at once", image: [1, 256, 256, 64],
            kernel: [3, 3, 64, 64],
            strides: 2, kernels: [.library, .library, .library, .library]),
        Row(
            name: "3×3 of stride 2 in groups", image: [8, 16, 16, 64], kernel: [3, 3, 32, 64], strides: 2, groups: 2,
            kernels: [.library, .library, .library, .library]),
        Row(
            name: "7×7 of images", image: [8, 64, 64, 3], kernel: [7, 7, 3, 64], strides: 2, padding: 3,
            kernels: [.library, .library, .library, .library]),
    ]

    @Test(arguments: rows) private func forward(row: Row) throws {
        let convolution = try #require(
            Convolution(
                Node(.convolution(row.geometry), [input("x", row.image, row.type), input("w", row.kernel, row.type)])))
        #expect(Machine.allCases.map { convolution.kernel(on: $0.cpu) } == row.kernels)
    }

    /// Both gradients of a convolution that Winograd computes; those of a pixel's channels have limits of their own.
    @Test func gradients() throws {
        func kernels(_ row: Row) throws -> [[ConvolutionKernel]] {
            let image = input("x", row.image, row.type), kernel = input("w", row.kernel, row.type)
            let g = input("g", Node(.convolution(row.geometry), [image, kernel]).shape, row.type)
            let nodes = [
                Node(
                    .convolutionInputGradient(
                        row.geometry, image: ImageSize(height: row.image[1], width: row.image[2])), [g, kernel]),
                Node(
                    .convolutionKernelGradient(
                        row.geometry, window: ImageSize(height: row.kernel[0], width: row.kernel[1])), [image, g]),
            ]
            return try nodes.map { node in
                let convolution = try #require(Convolution(node))
                return Machine.allCases.map { convolution.kernel(on: $0.cpu) }
            }
        }
        let everywhere: [ConvolutionKernel] = [.winograd, .winograd, .winograd, .winograd]
        #expect(try kernels(KernelRuleTests.rows[0]) == [everywhere, everywhere])
        let halves: [ConvolutionKernel] = [.winograd, .library, .winograd, .winograd]
        #expect(try kernels(KernelRuleTests.rows[1]) == [halves, halves])
        let strided: [ConvolutionKernel] = [.library, .library, .library, .unfolded]
        #expect(try kernels(KernelRuleTests.rows[5]) == [strided, strided])
        let few = Row(name: "few pixels", image: [1, 8, 8, 32], kernel: [1, 1, 32, 32], padding: 0, kernels: [])
        let library = Array(repeating: ConvolutionKernel.library, count: 4)
        let product = Array(repeating: ConvolutionKernel.product, count: 4)
        #expect(try kernels(few) == [library, product])
    }

    @Test func products() {
        #expect(Machine.allCases.map(\.cpu.multipliesBFloat16) == [true, true, false, false])
    }
}
