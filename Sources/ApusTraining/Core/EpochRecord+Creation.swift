extension EpochRecord {
    /// The record of an epoch that was measured elsewhere, such as in a loop of one's own.
    ///
    /// - Parameters:
    ///   - epoch: The number of the epoch, from 1.
    ///   - step: The number of steps since the start of training.
    ///   - training: Loss and metrics over the epoch.
    ///   - validation: Loss and metrics after the epoch; `nil` without validation data.
    ///   - learningRate: The learning rate of the last step.
    ///   - seconds: The duration without validation, in seconds.
    ///   - samplesPerSecond: The samples trained on in a second.
    public init(
        _ epoch: Int, step: Int, training: Measurements, validation: Measurements?, learningRate: Double,
        seconds: Double, samplesPerSecond: Double
    ) {
        self.init(
            epoch: epoch, step: step, training: training, validation: validation, learningRate: learningRate,
            seconds: seconds, samplesPerSecond: samplesPerSecond)
    }
}
