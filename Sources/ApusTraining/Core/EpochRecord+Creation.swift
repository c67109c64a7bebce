extension EpochRecord {
    /// - Parameter epoch: From 1.
    public init(
        _ epoch: Int, step: Int, training: Measurements, validation: Measurements?, learningRate: Double,
        seconds: Double, samplesPerSecond: Double
    ) {
        self.init(
            epoch: epoch, step: step, training: training, validation: validation, learningRate: learningRate,
            seconds: seconds, samplesPerSecond: samplesPerSecond)
    }
}
