public import ApusCharts

/// A picture of a page: a chart, or several that controls choose from.
///
/// ```swift
/// import ApusCharts
/// import ApusLab
///
/// let chart = LineChart("Loss", x: "Step", y: "Loss", series: [.init("SGD", y: [2.3, 1.2, 0.8])])
/// let figure = LabFigure("loss", caption: "The loss falls.", chart: chart)
/// let film = LabFigure(
///     "film", caption: "Drag the slider.",
///     controls: [.init("Step", .slider, options: ["0", "10", "20"])]
/// ) { choice in LineChart("Step \(choice[0])", x: "x", y: "y", series: []) }
/// ```
public struct LabFigure: Sendable {
    /// Something that readers choose with.
    public struct Control: Sendable, Hashable {
        /// How it looks.
        public enum Form: String, Sendable, Hashable {
            /// Buttons side by side.
            case choice
            /// A bar over values in an order: time, a rate.
            case slider
        }

        /// What is chosen.
        public var title: String
        /// How it looks.
        public var form: Form
        /// The choices.
        public var options: [String]
        /// The place of the choice that is shown at first.
        public var first: Int

        /// Creates a value; arguments set the properties of their names.
        public init(_ title: String, _ form: Form, options: [String], first: Int = 0) {
            self.title = title
            self.form = form
            self.options = options
            self.first = first
        }
    }

    /// Its name among the pictures of the page: that of its file.
    public var id: String
    /// What the picture shows, and what to look at.
    public var caption: String
    /// What chooses the chart.
    public var controls: [Control]
    /// The chart of each combination of choices, the last control's choices beside each other.
    public var charts: [any Chart]

    /// A picture of one chart.
    public init(_ id: String, caption: String, chart: any Chart) {
        self.id = id
        self.caption = caption
        controls = []
        charts = [chart]
    }

    /// A picture that controls choose.
    ///
    /// - Parameter chart: The chart of a combination: the place of the choice of each control.
    public init(_ id: String, caption: String, controls: [Control], chart: ([Int]) -> any Chart) {
        self.id = id
        self.caption = caption
        self.controls = controls
        charts = LabFigure.choices(controls).map(chart)
    }

    /// All combinations of choices.
    private static func choices(_ controls: [Control]) -> [[Int]] {
        controls.reduce([[]]) { before, control in
            before.flatMap { start in control.options.indices.map { start + [$0] } }
        }
    }

    /// The chart that is shown at first.
    public var first: any Chart {
        charts[controls.reduce(0) { $0 * $1.options.count + $1.first }]
    }
}
