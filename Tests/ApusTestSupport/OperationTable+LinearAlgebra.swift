import ApusGraph

extension OperationTable {
    static var matrixProducts: [OperationRow] {
        let shapes: [(Shape, Shape)] = [
            ([3, 5], [5, 7]), ([1, 1], [1, 1]), ([1, 17], [17, 1]), ([17, 1], [1, 5]), ([7, 33], [33, 3]),
            ([2, 3, 5], [2, 5, 4]),
            ([2, 1, 3, 2], [2, 1, 2, 5]), ([3, 0], [0, 4]), ([0, 3], [3, 4]), ([13, 17], [17, 11]),
        ]
        return shapes.map { a, b in
            OperationRow("matmul \(a) \(b)", [.floating(a), .floating(b)], toleranceFactor: 2) { x, _ in
                Node(.matmul, x)
            }
        }
    }

    /// A convolution's attributes and shapes.
    private struct Setting {
        var name: String
        var x: Shape
        var kernel: Shape
        var geometry = ConvolutionGeometry()

        var output: Shape {
            let size = geometry.output(
                image: ImageSize(height: x[1], width: x[2]), window: ImageSize(height: kernel[0], width: kernel[1]))
            return [x[0], size?.height ?? 0, size?.width ?? 0, kernel[3]]
        }
    }

    private static var settings: [Setting] {
        func size(_ height: Int, _ width: Int) -> ImageSize { ImageSize(height: height, width: width) }
        func padding(_ top: Int, _ left: Int, _ bottom: Int, _ right: Int) -> ImagePadding {
            ImagePadding(top: top, left: left, bottom: bottom, right: right)
        }
        return [
            Setting(name: "3×3", x: [2, 5, 6, 3], kernel: [3, 3, 3, 4]),
            Setting(
                name: "same padding", x: [1, 5, 4, 2], kernel: [3, 3, 2, 3],
                geometry: ConvolutionGeometry(padding: padding(1, 1, 1, 1))),
            Setting(
                name: "stride 2", x: [2, 7, 6, 2], kernel: [3, 3, 2, 3],
                geometry: ConvolutionGeometry(strides: size(2, 2), padding: padding(0, 0, 1, 1))),
            Setting(
                name: "uneven strides and padding", x: [1, 7, 5, 2], kernel: [3, 2, 2, 3],
                geometry: ConvolutionGeometry(strides: size(3, 1), padding: padding(2, 0, 1, 3))),
            Setting(name: "1×1", x: [2, 3, 3, 5], kernel: [1, 1, 5, 7]),
            Setting(
                name: "1×1 stride 2", x: [1, 5, 5, 3], kernel: [1, 1, 3, 2],
                geometry: ConvolutionGeometry(strides: size(2, 2))),
            Setting(
                name: "dilation", x: [1, 7, 8, 2], kernel: [3, 3, 2, 2],
                geometry: ConvolutionGeometry(padding: padding(1, 2, 1, 2), dilation: size(2, 3))),
            Setting(name: "groups", x: [1, 4, 4, 6], kernel: [3, 3, 2, 9], geometry: ConvolutionGeometry(groups: 3)),
            Setting(
                name: "depthwise", x: [1, 5, 5, 3], kernel: [3, 3, 1, 6],
                geometry: ConvolutionGeometry(padding: padding(1, 1, 1, 1), groups: 3)),
            Setting(
                name: "everything", x: [2, 7, 6, 4], kernel: [2, 3, 2, 6],
                geometry: ConvolutionGeometry(
                    strides: size(2, 1), padding: padding(1, 0, 2, 1), dilation: size(1, 2), groups: 2)),
            Setting(name: "window of the image", x: [3, 4, 3, 2], kernel: [4, 3, 2, 5]),
            Setting(name: "5×5", x: [1, 6, 7, 1], kernel: [5, 5, 1, 2]),
            Setting(name: "line", x: [2, 1, 9, 2], kernel: [1, 3, 2, 3]),
            Setting(name: "no samples", x: [0, 4, 4, 2], kernel: [3, 3, 2, 3]),
            Setting(
                name: "16 channels", x: [1, 3, 4, 16], kernel: [3, 3, 16, 16],
                geometry: ConvolutionGeometry(padding: padding(1, 1, 1, 1))),
            Setting(
                name: "32 channels", x: [1, 4, 5, 32], kernel: [3, 3, 32, 32],
                geometry: ConvolutionGeometry(padding: padding(1, 1, 1, 1))),
        ]
    }

    static var convolutions: [OperationRow] {
        settings.flatMap { setting in
            let image = ImageSize(height: setting.x[1], width: setting.x[2])
            let window = ImageSize(height: setting.kernel[0], width: setting.kernel[1])
            let geometry = setting.geometry
            return [
                OperationRow(
                    "convolution \(setting.name)", [.floating(setting.x), .floating(setting.kernel)], toleranceFactor: 5
                ) { x, _ in Node(.convolution(geometry), x) },
                OperationRow(
                    "convolution \(setting.name), wide kernel", [.floating(setting.x), .wide(setting.kernel)],
                    toleranceFactor: 5
                ) { x, _ in Node(.convolution(geometry), x) },
                OperationRow(
                    "convolutionInputGradient \(setting.name), wide kernel",
                    [.floating(setting.output), .wide(setting.kernel)], toleranceFactor: 5
                ) { x, _ in Node(.convolutionInputGradient(geometry, image: image), x) },
                OperationRow(
                    "convolutionInputGradient \(setting.name)", [.floating(setting.output), .floating(setting.kernel)],
                    toleranceFactor: 5
                ) { x, _ in Node(.convolutionInputGradient(geometry, image: image), x) },
                OperationRow(
                    "convolutionKernelGradient \(setting.name)", [.floating(setting.x), .floating(setting.output)],
                    toleranceFactor: 5
                ) { x, _ in Node(.convolutionKernelGradient(geometry, window: window), x) },
            ]
        }
    }
}
