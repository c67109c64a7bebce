import ApusCharts
import ApusTraining

extension RunReport {
    /// What steps did, by kernel: how great gradients and updates were, and how the loss bent along them.
    var steps: [Plot] {
        guard watched.count > 1, let first = watched.first else { return [] }
        let x = watched.map { Double($0.step) }
        let kernels = first.variables.map(\.path).filter { !$0.hasSuffix("/bias") }
        let limit = 8
        let paths =
            kernels.count <= limit ? kernels : (0..<limit).map { kernels[$0 * (kernels.count - 1) / (limit - 1)] }
        func chart(_ name: String, _ title: String, _ y: String, _ value: (StepObservation.Variable) -> Double) -> Plot
        {
            let series = paths.enumerated().map { index, path in
                let values = watched.map { step in step.variables.first { $0.path == path }.map(value) ?? .nan }
                return LineChart.Series(path, x: x, y: values.map { $0 > 0 ? $0 : .nan }, paint: .category(index))
            }
            return Plot(
                name: name, section: .layers,
                chart: LineChart(title, x: "Step", y: Axis(y, scale: .logarithmic), series: series))
        }
        let bends = watched.map { $0.slope < 0 ? $0.bend : .nan }
        return [
            chart("updates", "How far a step moves weights", "Update / weight") {
                $0.update / $0.weight
            },
            chart("watched-gradients", "Size of gradients", "Root mean square", \.gradient),
            Plot(
                name: "bend", section: .layers,
                chart: LineChart(
                    "How the loss bends along a step (above 1 the step makes it greater)", x: "Step",
                    y: "(ΔL − g·Δ) / |g·Δ|", series: [.init("bend", x: x, y: bends)]),
                isWide: true),
        ]
    }
}
