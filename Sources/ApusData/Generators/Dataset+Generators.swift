/// Computed data sets by name. Impossible arguments stop the program; for those that come from a file use
/// `DataGenerator`.
extension Dataset {
    /// Two circles, one in the other; see `DataGenerator.circles`.
    public static func circles(count: Int = 500, noise: Double = 0, factor: Double = 0.8, seed: UInt64) -> Dataset {
        generated(.circles(count: count, noise: noise, factor: factor), seed)
    }

    /// Two half circles that reach into each other; see `DataGenerator.moons`.
    public static func moons(count: Int = 500, noise: Double = 0, seed: UInt64) -> Dataset {
        generated(.moons(count: count, noise: noise), seed)
    }

    /// A cloud for each class; see `DataGenerator.blobs`.
    public static func blobs(
        count: Int = 500, noise: Double = 1, classes: Int = 3, features: Int = 2, seed: UInt64
    ) -> Dataset {
        generated(.blobs(count: count, noise: noise, classes: classes, features: features), seed)
    }

    /// A spiral arm for each class; see `DataGenerator.spirals`.
    public static func spirals(
        count: Int = 500, noise: Double = 0, classes: Int = 2, turns: Double = 1, seed: UInt64
    ) -> Dataset {
        generated(.spirals(count: count, noise: noise, classes: classes, turns: turns), seed)
    }

    /// Points whose class is the product of their signs; see `DataGenerator.xor`.
    public static func xor(count: Int = 500, noise: Double = 0, seed: UInt64) -> Dataset {
        generated(.xor(count: count, noise: noise), seed)
    }

    /// A linear function; see `DataGenerator.linear`.
    public static func linear(count: Int = 500, noise: Double = 0, features: Int = 1, seed: UInt64) -> Dataset {
        generated(.linear(count: count, noise: noise, features: features), seed)
    }

    /// One wave of a sine; see `DataGenerator.sine`.
    public static func sine(count: Int = 500, noise: Double = 0, seed: UInt64) -> Dataset {
        generated(.sine(count: count, noise: noise), seed)
    }

    private static func generated(_ generator: DataGenerator, _ seed: UInt64) -> Dataset {
        orStop { () throws(DatasetError) in try generator.dataset(seed: seed) }
    }
}
