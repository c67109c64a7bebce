import ApusNN

extension Sequential {
    /// AlexNet in the form of torchvision, one column: 61,100,840 weights with 1000 classes. Krizhevsky (2014).
    ///
    /// For small images the first convolution is extended at its edges, windows do not overlap, and one dense layer follows.
    static func alexNet(classes: Int, images: ImageScale) -> Sequential {
        let pool = images == .large ? MaxPool2D(3, strides: 2) : MaxPool2D(2)
        let edges: Padding = images == .large ? .explicit(2) : .explicit(5)
        let features = numbered([
            Conv2D(filters: 64, kernelSize: 11, strides: 4, padding: edges, kernelInitializer: .heNormal), relu, pool,
            convolution(192, 5, useBias: true), relu, pool,
            convolution(384, 3, useBias: true), relu,
            convolution(256, 3, useBias: true), relu,
            convolution(256, 3, useBias: true), relu, pool,
        ])
        guard images == .large else {
            return modules(["features": features, "flatten": Flatten(), "classifier": Dense(classes)])
        }
        return modules([
            "features": features, "avgpool": AdaptiveAveragePool2D(6), "flatten": Flatten(),
            "classifier": numbered([
                Dropout(0.5), Dense(4096, kernelInitializer: .heNormal), relu,
                Dropout(0.5), Dense(4096, kernelInitializer: .heNormal), relu, Dense(classes),
            ]),
        ])
    }

    /// AlexNet as in the paper: two columns as groups of two, local response normalization, images of 227 × 227.
    ///
    /// 60,965,224 weights with 1000 classes. Krizhevsky, Sutskever & Hinton (2012).
    static func alexNetOf2012(classes: Int) -> Sequential {
        func columns(_ filters: Int, _ size: Size2D, groups: Int = 2) -> Conv2D {
            convolution(filters, size, groups: groups, useBias: true, activation: .relu)
        }
        let response = LocalResponseNorm(5, alpha: 5e-4, beta: 0.75, k: 2)
        let pool = MaxPool2D(3, strides: 2)
        return modules([
            "conv1": Conv2D(
                filters: 96, kernelSize: 11, strides: 4, activation: .relu, kernelInitializer: .heNormal),
            "norm1": response, "pool1": pool,
            "conv2": columns(256, 5), "norm2": response, "pool2": pool,
            "conv3": columns(384, 3, groups: 1), "conv4": columns(384, 3), "conv5": columns(256, 3), "pool5": pool,
            "flatten": Flatten(),
            "fc6": Dense(4096, activation: .relu, kernelInitializer: .heNormal), "drop6": Dropout(0.5),
            "fc7": Dense(4096, activation: .relu, kernelInitializer: .heNormal), "drop7": Dropout(0.5),
            "fc8": Dense(classes),
        ])
    }
}
