import ApusGraph

extension OperationTable {
    // MARK: Pooling

    private static func pool(
        _ window: (Int, Int), _ strides: (Int, Int), _ padding: ImagePadding = .zero, ceilMode: Bool = false
    ) -> PoolGeometry {
        PoolGeometry(
            window: ImageSize(height: window.0, width: window.1),
            strides: ImageSize(height: strides.0, width: strides.1),
            padding: padding, ceilMode: ceilMode)
    }

    static var pooling: [OperationRow] {
        let settings: [(String, Shape, PoolGeometry)] = [
            ("2×2", [2, 4, 6, 3], pool((2, 2), (2, 2))),
            ("2×2 of odd image", [1, 5, 7, 2], pool((2, 2), (2, 2))),
            ("overlapping", [2, 5, 6, 2], pool((3, 3), (1, 2))),
            ("gaps", [1, 7, 7, 1], pool((2, 1), (3, 4))),
            ("padding", [1, 5, 5, 3], pool((3, 3), (2, 2), ImagePadding(top: 1, left: 0, bottom: 1, right: 2))),
            ("ceil", [1, 6, 8, 2], pool((3, 3), (2, 2), ceilMode: true)),
            (
                "ceil and padding", [1, 6, 5, 2],
                pool((3, 2), (2, 2), ImagePadding(top: 1, left: 1, bottom: 1, right: 0), ceilMode: true)
            ),
            ("ceil that adds no window", [1, 3, 3, 1], pool((1, 1), (3, 3), ceilMode: true)),
            ("global", [3, 4, 5, 2], pool((4, 5), (1, 1))),
            ("1×1", [1, 3, 3, 2], pool((1, 1), (1, 1))),
            ("no samples", [0, 4, 4, 2], pool((2, 2), (2, 2))),
        ]
        return settings.flatMap { name, shape, geometry in
            let image = ImageSize(height: shape[1], width: shape[2])
            let size = geometry.output(image: image)
            let output: Shape = [shape[0], size?.height ?? 0, size?.width ?? 0, shape[3]]
            let x = TestInput.floating(shape, .distinct())
            let fixed = TestInput.floating(shape, .distinct(), isDifferentiable: false)
            return [
                OperationRow("maxPool \(name)", [x], isExact: true) { x, _ in Node(.maxPool(geometry), x) },
                OperationRow("maxPoolGradient \(name)", [fixed, .floating(output)], toleranceFactor: 2) { x, _ in
                    Node(.maxPoolGradient(geometry), x)
                },
                OperationRow("maxPoolSelect \(name)", [fixed, .floating(shape)], isExact: true) { x, _ in
                    Node(.maxPoolSelect(geometry), x)
                },
            ]
                + [false, true].flatMap { countsPadding in
                    var geometry = geometry
                    geometry.countsPadding = countsPadding
                    let suffix = countsPadding ? " with padding counted" : ""
                    return [
                        OperationRow("averagePool \(name)\(suffix)", [.floating(shape)], toleranceFactor: 2) {
                            [geometry] x, _ in
                            Node(.averagePool(geometry), x)
                        },
                        OperationRow("averagePoolGradient \(name)\(suffix)", [.floating(output)], toleranceFactor: 2) {
                            [geometry] x, _ in Node(.averagePoolGradient(geometry, image: image), x)
                        },
                    ]
                }
        } + [
            OperationRow(
                "maxPool with ties", [.floating([1, 5, 5, 2], .integers(-1...1))], isDifferentiable: false,
                isExact: true
            ) {
                x, _ in Node(.maxPool(pool((3, 3), (1, 1))), x)
            },
            OperationRow(
                "maxPoolGradient with ties",
                [.floating([1, 5, 5, 2], .integers(-1...1), isDifferentiable: false), .floating([1, 3, 3, 2])],
                toleranceFactor: 2
            ) { x, _ in Node(.maxPoolGradient(pool((3, 3), (1, 1))), x) },
            OperationRow(
                "maxPool with NaN", [.floating([1, 4, 4, 1], .values([1, .nan, 3, 4, 5, 6, -.infinity]))],
                isDifferentiable: false, isExact: true
            ) { x, _ in Node(.maxPool(pool((2, 2), (2, 2))), x) },
        ]
    }

    // MARK: Normalization

    static var normalization: [OperationRow] {
        let shapes: [Shape] = [[2, 3, 5, 3], [7, 5], [17, 1], [5, 17]]
        let epsilon = 1e-3
        return shapes.flatMap { shape -> [OperationRow] in
            let channels: Shape = [shape[-1]]
            let pairs: Shape = [2, shape[-1]]
            let (x, scale, offset) = (
                TestInput.floating(shape), TestInput.wide(channels, .magnitude(0.5...2)), TestInput.wide(channels)
            )
            let variance = TestInput.wide(channels, .uniform(0.5...2))
            let moments = TestInput.wide(pairs, .uniform(0.5...2))
            return [
                OperationRow("channelMoments \(shape)", [x], toleranceFactor: 4) { x, _ in Node(.channelMoments, x) },
                OperationRow("batchNorm \(shape)", [x, scale, offset, offset, variance], toleranceFactor: 4) { x, _ in
                    Node(.batchNorm(epsilon: epsilon), x)
                },
                OperationRow("batchNormTraining \(shape)", [x, scale, offset], toleranceFactor: 8) { x, _ in
                    Node(.batchNormTraining(epsilon: epsilon), x + [Node(.channelMoments, [x[0]])])
                },
                OperationRow("batchNormParameterGradient \(shape)", [x, .floating(shape), moments], toleranceFactor: 8)
                { x, _ in
                    Node(.batchNormParameterGradient(epsilon: epsilon), x)
                },
                OperationRow(
                    "batchNormInputGradient \(shape)", [x, .floating(shape), scale, moments, .wide(pairs)],
                    toleranceFactor: 8
                ) { x, _ in Node(.batchNormInputGradient(epsilon: epsilon), x) },
                OperationRow(
                    "layerNorm \(shape)",
                    [x, .floating(channels, .magnitude(0.5...2)), .floating(channels)], toleranceFactor: 8
                ) { x, _ in
                    Node(.layerNorm(epsilon: epsilon), x)
                },
            ]
        } + [
            OperationRow(
                "channelMoments far from zero", [.floating([33, 3], .uniform(100...101))], toleranceFactor: 100
            ) {
                x, _ in Node(.channelMoments, x)
            }
        ]
    }

    // MARK: Softmax

    static var softmax: [OperationRow] {
        let shapes: [(Shape, Int)] = [
            ([3, 17], 1), ([5, 3], 0), ([2, 5, 3], 1), ([7], 0), ([3, 1], 1), ([0, 5], 1),
        ]
        let along = shapes.flatMap { shape, axis in
            [
                OperationRow("softmax \(shape) axis \(axis)", [.floating(shape)], toleranceFactor: 4) { x, _ in
                    Node(.softmax(axis: axis), x)
                },
                OperationRow("logSoftmax \(shape) axis \(axis)", [.floating(shape)], toleranceFactor: 4) { x, _ in
                    Node(.logSoftmax(axis: axis), x)
                },
            ]
        }
        let losses = ([(3, 10), (7, 2), (1, 17), (5, 1), (0, 3)] as [(Int, Int)]).flatMap { samples, classes in
            let labels = TestInput.integers(
                [samples], 0...(classes - 1), samples == 7 ? .uint8 : samples == 3 ? .int64 : .int32)
            return [
                OperationRow(
                    "softmaxCrossEntropy [\(samples), \(classes)]", [.floating([samples, classes]), labels],
                    toleranceFactor: 4
                ) { x, _ in Node(.softmaxCrossEntropy, x) },
                OperationRow(
                    "softmaxCrossEntropyGradient [\(samples), \(classes)]",
                    [.floating([samples, classes]), labels, .floating([samples])], toleranceFactor: 4
                ) { x, _ in Node(.softmaxCrossEntropyGradient, x) },
            ]
        }
        return along + losses + [
            OperationRow(
                "softmax of large numbers", [.floating([2, 5], .values([1000, 999, -1000, 0, 998]))],
                isDifferentiable: false,
                toleranceFactor: 4
            ) { x, _ in Node(.softmax(axis: 1), x) },
            OperationRow(
                "softmaxCrossEntropy of large numbers",
                [.floating([2, 5], .values([1000, 999, -1000, 0, 998])), .integers([2], 0...2)],
                isDifferentiable: false,
                toleranceFactor: 4
            ) { x, _ in Node(.softmaxCrossEntropy, x) },
        ]
    }
}
