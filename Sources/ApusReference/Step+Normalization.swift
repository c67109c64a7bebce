import ApusBackend
import ApusGraph

extension Step {
    /// The number of channels C of the first operand [..., C].
    private var channels: Int { operands[0].shape[-1] }

    /// The positions of a channel's elements in [..., C].
    private func positions(ofChannel channel: Int) -> [Int] {
        Array(stride(from: channel, to: operands[0].values.count, by: channels))
    }

    private func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count)
    }

    func channelMoments() -> [Double] {
        let x = operands[0].values
        let pairs = (0..<channels).map { moments(positions(ofChannel: $0).map { x[$0] }) }
        return pairs.map(\.mean) + pairs.map(\.variance)
    }

    func batchNorm(_ epsilon: Double) -> [Double] {
        normalized(mean: operands[3].values, variance: operands[4].values, epsilon)
    }

    func batchNormTraining(_ epsilon: Double) -> [Double] {
        let moments = operands[3].values
        return normalized(mean: Array(moments[..<channels]), variance: Array(moments[channels...]), epsilon)
    }

    /// (x − mean) / √(variance + ε) · scale + offset
    private func normalized(mean: [Double], variance: [Double], _ epsilon: Double) -> [Double] {
        let (x, scale, offset) = (operands[0].values, operands[1].values, operands[2].values)
        return x.indices.map { position in
            let channel = position % channels
            return (x[position] - mean[channel]) / (variance[channel] + epsilon).squareRoot() * scale[channel]
                + offset[channel]
        }
    }

    /// With h = (x − mean) / √(variance + ε): Σ gradient · h and Σ gradient of each channel.
    func batchNormParameterGradient(_ epsilon: Double) -> [Double] {
        let (x, gradient, moments) = (operands[0].values, operands[1].values, operands[2].values)
        var scale = Array(repeating: 0.0, count: channels)
        var offset = scale
        for position in x.indices {
            let channel = position % channels
            let h = (x[position] - moments[channel]) / (moments[channels + channel] + epsilon).squareRoot()
            scale[channel] += gradient[position] * h
            offset[channel] += gradient[position]
        }
        return scale + offset
    }

    /// scale / √(variance + ε) · (gradient − offset gradient / n − h · scale gradient / n), n elements a channel.
    func batchNormInputGradient(_ epsilon: Double) -> [Double] {
        let (x, gradient, scale) = (operands[0].values, operands[1].values, operands[2].values)
        let (moments, sums) = (operands[3].values, operands[4].values)
        let count = Double(x.count) / Double(channels)
        return x.indices.map { position in
            let channel = position % channels
            let deviation = (moments[channels + channel] + epsilon).squareRoot()
            let h = (x[position] - moments[channel]) / deviation
            return scale[channel] / deviation
                * (gradient[position] - sums[channels + channel] / count - h * sums[channel] / count)
        }
    }

    func layerNorm(_ epsilon: Double) -> [Double] {
        let (x, scale, offset) = (operands[0], operands[1].values, operands[2].values)
        var result = x.values
        for line in x.shape.lines(along: x.shape.rank - 1) {
            let (mean, variance) = moments(line.map { x.values[$0] })
            for (channel, position) in line.enumerated() {
                result[position] =
                    (x.values[position] - mean) / (variance + epsilon).squareRoot() * scale[channel] + offset[channel]
            }
        }
        return result
    }
}
