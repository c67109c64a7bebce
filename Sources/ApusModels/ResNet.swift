public import ApusNN

extension Sequential {
    /// What images meet first in a residual network.
    public enum Stem: Sendable, Hashable {
        /// A 3 × 3 convolution, for images of about 32 × 32.
        case small
        /// A 7 × 7 convolution and a pooling, each of stride 2, for images of about 224 × 224.
        case large
    }

    /// ResNet-18: 11,173,962 parameters with the small stem, three channels and ten classes; 11,689,512 with the large stem and a
    /// thousand, running values not counted. He et al. (2016).
    public static func resnet18(classes: Int = 10, stem: Stem = .small) -> Sequential {
        resnet(blocks: [2, 2, 2, 2], classes: classes, stem: stem)
    }

    /// ResNet-34. He et al. (2016).
    public static func resnet34(classes: Int = 10, stem: Stem = .small) -> Sequential {
        resnet(blocks: [3, 4, 6, 3], classes: classes, stem: stem)
    }

    /// Residual blocks of two 3 × 3 convolutions in four stages of 64, 128, 256 and 512 channels.
    private static func resnet(blocks: [Int], classes: Int, stem: Stem) -> Sequential {
        Sequential {
            switch stem {
            case .small: convolution(64, size: 3)
            case .large: convolution(64, size: 7, strides: 2)
            }
            normalization
            ActivationLayer(.relu)
            if stem == .large { MaxPool2D(3, strides: 2, padding: .explicit(1)) }
            for (stage, count) in blocks.enumerated() {
                for block in 0..<count {
                    residual(
                        64 << stage, strides: block == 0 && stage > 0 ? 2 : 1, changesChannels: block == 0 && stage > 0)
                }
            }
            GlobalAveragePool()
            Dense(classes)
        }
    }

    private static func residual(_ filters: Int, strides: Size2D, changesChannels: Bool) -> Residual {
        Residual(
            body: Sequential {
                convolution(filters, size: 3, strides: strides)
                normalization
                ActivationLayer(.relu)
                convolution(filters, size: 3)
                normalization
            },
            shortcut: changesChannels
                ? Sequential {
                    convolution(filters, size: 1, strides: strides)
                    normalization
                } : nil, activation: .relu)
    }

    private static func convolution(_ filters: Int, size: Int, strides: Size2D = 1) -> Conv2D {
        // As many pixels at each edge, as in the paper's networks; Keras's `same` puts the odd one at the end.
        let edges = size / 2
        return Conv2D(
            filters: filters, kernelSize: Size2D(size, size), strides: strides,
            padding: .explicit(top: edges, left: edges, bottom: edges, right: edges), useBias: false,
            kernelInitializer: .heNormal)
    }

    static var normalization: BatchNorm { BatchNorm(momentum: 0.9, epsilon: 1e-5) }
}
