public import ApusNN

extension Sequential {
    /// VGG-16: thirteen 3 × 3 convolutions in five stages. Simonyan & Zisserman (2015).
    ///
    /// With the small head, a single dense layer, for images of about 32 × 32: 14,728,266 parameters with normalization, three
    /// channels and ten classes, running values not counted. With the large head, two dense layers of 4096 units, for 224 × 224:
    /// 138,357,544 without normalization and with a thousand classes.
    public static func vgg16(classes: Int = 10, normalizes: Bool = true, head: Head = .small) -> Sequential {
        Sequential {
            for (filters, count) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
                for _ in 0..<count {
                    Conv2D(
                        filters: filters, kernelSize: 3, padding: .same, activation: normalizes ? .linear : .relu,
                        kernelInitializer: .heNormal)
                    if normalizes {
                        normalization
                        ActivationLayer(.relu)
                    }
                }
                MaxPool2D(2)
            }
            Flatten()
            if head == .large {
                for _ in 0..<2 {
                    Dense(4096, activation: .relu, kernelInitializer: .heNormal)
                    Dropout(0.5)
                }
            }
            Dense(classes)
        }
    }

    /// What follows the convolutions of VGG.
    public enum Head: Sendable, Hashable {
        /// One dense layer.
        case small
        /// Three dense layers of 4096, 4096 and the classes, as published.
        case large
    }
}
