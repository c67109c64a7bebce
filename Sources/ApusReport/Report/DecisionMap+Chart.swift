public import ApusCharts
public import ApusData
import ApusTensor
public import ApusTraining

extension DecisionMap {
    /// The regions in which the classifier decides for each class, with samples over them.
    ///
    /// ```swift
    /// import Apus
    /// import ApusReport
    ///
    /// let data = Dataset.moons(noise: 0.1, seed: 1)
    /// let net = Sequential { Dense(16, activation: .tanh); Dense(2) }
    /// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01))
    /// try trainer.fit(data, epochs: 5, batchSize: 50)
    /// let chart = try DecisionMap(trainer, around: data).chart("Moons", samples: data)
    /// print(chart.svg().count)
    /// ```
    ///
    /// - Parameters:
    ///   - title: What stands above.
    ///   - samples: Labelled samples of two features, as they are stored; those of other shapes and without labels are not drawn.
    public func chart(_ title: String, samples: Dataset? = nil) -> ScatterChart {
        let regions = ScatterChart.Regions(classes: classes, x: x, y: y)
        guard let samples, samples.isClassification, samples.targetType.shape.rank == 0, samples.sampleShape == [2]
        else {
            return ScatterChart(
                title, x: Axis("Feature 0", range: x), y: Axis("Feature 1", range: y), groups: [], regions: regions)
        }
        var groups = samples.classNames.map { ScatterChart.Group($0, x: [], y: []) }
        for index in 0..<samples.count {
            let point = samples.features(at: index).cast(to: .float32).scalars.map(Double.init)
            let label = samples.label(at: index)
            guard groups.indices.contains(label) else { continue }
            groups[label].x.append(point[0])
            groups[label].y.append(point[1])
        }
        return ScatterChart(title, x: "Feature 0", y: "Feature 1", groups: groups, regions: regions)
    }
}
