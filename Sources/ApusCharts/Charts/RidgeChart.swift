/// A distribution over time: one ridge a step, the first at the back.
///
/// Each ridge shows the density of one step, scaled to its own highest point unless `sharesScale`. Of more steps than
/// `maximumRidges` evenly spaced ones are drawn, the first and the last among them.
///
/// ```swift
/// let steps = [0.0, 100, 200].map { step in
///     DistributionAtStep(
///         step: step, Distribution(values: (0..<100).map { Double($0) * (1 + step / 100) }))
/// }
/// let chart = RidgeChart("Activations of 2.dense", x: "Value", steps: steps)
/// ```
public struct RidgeChart: Chart {
    /// How many ridges are drawn at most.
    public static let maximumRidges = 40

    /// What stands above the ridges; nothing if it is empty.
    public var title: String
    /// The quantity.
    public var x: Axis
    /// What steps are counted in; its title and unit are used, its scale is not.
    public var y: Axis
    /// In the order in which they are drawn, the first at the back.
    public var steps: [DistributionAtStep]
    /// Whether heights can be compared between steps.
    public var sharesScale: Bool

    /// Creates the chart; arguments set the properties of their names.
    public init(
        _ title: String, x: Axis, y: Axis = "Step", steps: [DistributionAtStep], sharesScale: Bool = false
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.steps = steps
        self.sharesScale = sharesScale
    }

    public var preferredSize: ChartSize {
        ChartSize(width: 560, height: min(560, max(240, 120 + 16 * Double(min(steps.count, RidgeChart.maximumRidges)))))
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let rest = Header(title: title).draw(on: &canvas, in: area)
        let ridges = chosenSteps.map { Ridge(step: $0.step, bins: $0.distribution.bins, on: x) }
        var xs = Extent()
        for bin in ridges.map(\.bins).joined() {
            xs.add(bin.lower, on: x)
            xs.add(bin.upper, on: x)
        }
        // Rows go down from 0. A ridge may be as high as three rows; above the first there is room for that.
        let count = Double(max(ridges.count, 1))
        let overlap = min(3, max(1, count / 3))
        let scale = Scale(.linear, from: 0.75 - count, to: overlap, start: 0, end: 1)
        let frame = Frame(
            .init(axis: x, scale: Scale(x, fitting: xs).measuring, hasGrid: false),
            .init(axis: y, scale: scale, ticks: labels(ridges, in: rest), hasGrid: false), on: &canvas, in: rest)
        guard !xs.isEmpty else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        let tallest = ridges.map(\.peak).max() ?? 0
        let rowHeight = frame.plot.height / (count - 1 + 0.25 + overlap)
        canvas.clipped(to: frame.plot.inset(left: 0, top: -2, right: 0, bottom: -1)) { canvas in
            for (index, ridge) in ridges.enumerated() {
                guard let base = frame.y.position(-Double(index)) else { continue }
                let highest = sharesScale ? tallest : ridge.peak
                let place = ridges.count > 1 ? Double(index) / (count - 1) : 1
                let paint = ColorMap.sequential.paint(at: 0.35 + 0.5 * place)
                let unit = rowHeight * overlap * 0.95
                draw(ridge, paint, base: base, height: highest > 0 ? unit / highest : 0, on: &canvas, frame)
            }
        }
    }

    private var chosenSteps: [DistributionAtStep] {
        let limit = RidgeChart.maximumRidges
        guard steps.count > limit else { return steps }
        return (0..<limit).map { steps[$0 * (steps.count - 1) / (limit - 1)] }
    }

    /// The numbers of the steps, as many as there is room for.
    private func labels(_ ridges: [Ridge], in area: Rectangle) -> [Tick] {
        let room = max(1, Int((area.height - 60) / 18))
        let every = max(1, (ridges.count + room - 1) / room)
        return ridges.indices.filter { $0.isMultiple(of: every) }.map {
            Tick(value: -Double($0), label: NumberFormat.short(ridges[$0].step, digits: 4))
        }
    }

    private func draw(
        _ ridge: Ridge, _ paint: Paint, base: Double, height: Double, on canvas: inout Canvas, _ frame: Frame
    ) {
        var points: [Point] = []
        func add(_ value: Double, _ density: Double) {
            guard let place = frame.x.position(value) else { return }
            points.append(Point(x: place, y: base - min(density * height, 1e4)))
        }
        for (index, bin) in ridge.bins.enumerated() {
            if index == 0 { add(bin.lower, 0) }
            add(x.scale == .linear ? bin.middle : (bin.lower * bin.upper).squareRoot(), ridge.densities[index])
            if index == ridge.bins.count - 1 { add(bin.upper, 0) }
        }
        guard !points.isEmpty else { return }
        let parts = Polyline.parts(points, limit: Int(2 * frame.plot.width))
        let hint = y.describe(ridge.step)
        canvas.path(Polyline.path(parts) + "z", canvas.fill(paint), hint: hint)
        var attributes = canvas.stroke(.background, width: 1.25) + " fill=\"none\""
        attributes += " stroke-linejoin=\"round\""
        canvas.path(Polyline.path(parts), attributes)
    }

    private struct Ridge {
        let step: Double
        let bins: [Distribution.Bin]
        let densities: [Double]
        let peak: Double

        init(step: Double, bins: [Distribution.Bin], on axis: Axis) {
            self.step = step
            self.bins = bins.filter { axis.shows($0.lower) && axis.shows($0.upper) }
            // Divided first: the sum of huge counts would be infinite.
            let largest = self.bins.map(\.count).max() ?? 0
            let total = self.bins.reduce(0) { $0 + (largest > 0 ? $1.count / largest : 0) }
            densities = self.bins.map { bin in
                let density = largest > 0 ? bin.count / largest / total / bin.width : 0
                return density.isFinite ? density : 1e300
            }
            peak = densities.max() ?? 0
        }
    }
}
