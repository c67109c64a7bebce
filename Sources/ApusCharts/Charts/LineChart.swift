/// Curves: losses, accuracies, learning rates, norms, over epochs or steps.
///
/// A curve has a gap where a number is not finite, or not positive on a logarithmic axis. Curves of any length stay small
/// files: of points that share a pixel column, the extremes are kept.
///
/// ```swift
/// let chart = LineChart(
///     "Loss", x: "Epoch", y: Axis("Loss", scale: .logarithmic),
///     series: [
///         .init("training", y: [0.9, 0.5, 0.3]),
///         .init("validation", y: [0.8, 0.6, 0.65], style: .dashed),
///     ],
///     markers: [.init(at: 2, "best")])
/// ```
public struct LineChart: Chart {
    /// One curve, with a band around it if bounds are given.
    public struct Series: Sendable, Hashable {
        /// How the line looks.
        public enum Style: Sendable, Hashable {
            /// Without gaps.
            case solid
            /// Dashes.
            case dashed
            /// Thin and pale: raw numbers behind their smoothed curve.
            case faint
        }

        /// The name in the legend, which charts of several curves have.
        public var name: String
        /// Where the points are, in the order in which the curve joins them.
        public var x: [Double]
        /// One number for each x; surplus ones on either side are not drawn.
        public var y: [Double]
        /// The lower border of a band: a quantile, a minimum, mean − standard deviation.
        public var lower: [Double]
        /// The upper border.
        public var upper: [Double]
        /// Solid, dashed or faint; dots mark the points of curves that are not faint and have at most 30.
        public var style: Style
        /// The color; that of the series' place in the chart unless given.
        public var paint: Paint?

        /// Creates a value; arguments set the properties of their names.
        public init(
            _ name: String, x: [Double], y: [Double], lower: [Double] = [], upper: [Double] = [],
            style: Style = .solid, paint: Paint? = nil
        ) {
            self.name = name
            self.x = x
            self.y = y
            self.lower = lower
            self.upper = upper
            self.style = style
            self.paint = paint
        }

        /// A curve over 1, 2, 3…, as epochs are counted, or from another number on.
        public init(
            _ name: String, from first: Double = 1, y: [Double], lower: [Double] = [], upper: [Double] = [],
            style: Style = .solid, paint: Paint? = nil
        ) {
            let x = y.indices.map { first + Double($0) }
            self.init(name, x: x, y: y, lower: lower, upper: upper, style: style, paint: paint)
        }
    }

    /// A moment worth naming: the best epoch, a cut of the learning rate, the end of warm-up.
    public struct Marker: Sendable, Hashable {
        /// The place on the x axis; a marker outside of what the axis shows is not drawn.
        public var x: Double
        /// What stands beside the line.
        public var label: String

        /// Creates the chart; arguments set the properties of their names.
        public init(at x: Double, _ label: String) {
            self.x = x
            self.label = label
        }
    }

    /// What stands above the curves; nothing if it is empty.
    public var title: String
    /// What the curves run over.
    public var x: Axis
    /// What they show.
    public var y: Axis
    /// The curves; later ones are drawn over earlier ones.
    public var series: [Series]
    /// Dashed upright lines with their labels; of more than 50 the first 50 are drawn.
    public var markers: [Marker]

    /// Creates the chart; arguments set the properties of their names.
    public init(_ title: String, x: Axis, y: Axis, series: [Series], markers: [Marker] = []) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
        self.markers = markers
    }

    public var preferredSize: ChartSize {
        // Long legends get room of their own.
        let legend = header.legendHeight(width: 560)
        return ChartSize(width: 560, height: 320 + min(max(0, legend - 36), 180))
    }

    private var header: Header {
        let entries = series.enumerated().map { index, series in
            Header.Entry(name: series.name, paint: paint(index), symbol: symbol(index))
        }
        return Header(title: title, entries: entries.count > 1 ? entries : [])
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let rest = header.draw(on: &canvas, in: area)
        var (xs, ys) = (Extent(), Extent())
        for series in series {
            // Steps without a number belong to the story: a curve that ends in NaN ends before its chart.
            for (x, y) in zip(series.x, series.y) where self.x.shows(x) {
                xs.add(x, on: self.x)
                ys.add(y, on: self.y)
            }
            for (x, (lower, upper)) in zip(series.x, zip(series.lower, series.upper))
            where self.x.shows(x) && self.y.shows(lower) && self.y.shows(upper) {
                xs.add(x, on: self.x)
                ys.add(lower, on: self.y)
                ys.add(upper, on: self.y)
            }
        }
        let frame = Frame(
            .init(axis: x, scale: Scale(x, fitting: xs, margins: (0.015, 0.015)), hasGrid: false),
            .init(axis: y, scale: Scale(y, fitting: ys, margins: (0.05, 0.06))), on: &canvas, in: rest)
        guard !ys.isEmpty else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        drawMarkers(on: &canvas, frame)
        canvas.clipped(to: frame.plot.inset(by: -4)) { canvas in
            for index in series.indices { drawBand(index, on: &canvas, frame) }
            for index in series.indices { drawLine(index, on: &canvas, frame) }
        }
        drawMarkerLabels(on: &canvas, frame)
    }

    private func paint(_ index: Int) -> Paint { series[index].paint ?? .category(index) }

    private func symbol(_ index: Int) -> Header.Entry.Symbol {
        switch series[index].style {
        case .faint: .faintLine
        case .dashed: .dashedLine
        // When the colors come again, dashes tell the curves apart.
        case .solid: series[index].paint == nil && index / Paint.categories.count % 2 == 1 ? .dashedLine : .line
        }
    }

    private func drawLine(_ index: Int, on canvas: inout Canvas, _ frame: Frame) {
        let series = series[index]
        let points: [Point?] = zip(series.x, series.y).map { x, y in
            guard let px = frame.x.position(x), let py = frame.y.position(y) else { return nil }
            return Point(x: px, y: py)
        }
        let parts = Polyline.parts(points, limit: Int(2 * frame.plot.width))
        let isFaint = series.style == .faint
        let isDashed = symbol(index) == .dashedLine
        var attributes = canvas.stroke(paint(index), width: isFaint ? 1 : 2, dash: isDashed ? "6 4" : nil)
        attributes += " fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"\(isDashed ? "butt" : "round")\""
        if isFaint { attributes += " stroke-opacity=\"0.4\"" }
        canvas.path(Polyline.path(parts), attributes)
        guard points.count <= 30, !isFaint else { return }
        canvas.group(canvas.fill(paint(index)) + canvas.stroke(.background)) { canvas in
            for (point, (x, y)) in zip(points, zip(series.x, series.y)) {
                guard let point else { continue }
                let value = "\(series.name): \(NumberFormat.short(y, digits: 4))"
                canvas.circle(point, radius: 3, hint: "\(value)\n\(self.x.describe(x))")
            }
        }
    }

    private func drawBand(_ index: Int, on canvas: inout Canvas, _ frame: Frame) {
        let series = series[index]
        guard !series.lower.isEmpty, !series.upper.isEmpty else { return }
        var (lower, upper): ([Point?], [Point?]) = ([], [])
        for (x, (low, high)) in zip(series.x, zip(series.lower, series.upper)) {
            if let px = frame.x.position(x), let bottom = frame.y.position(low), let top = frame.y.position(high) {
                lower.append(Point(x: px, y: bottom))
                upper.append(Point(x: px, y: top))
            } else {
                lower.append(nil)
                upper.append(nil)
            }
        }
        let limit = Int(2 * frame.plot.width)
        var commands = ""
        for (top, bottom) in zip(Polyline.parts(upper, limit: limit), Polyline.parts(lower, limit: limit)) {
            commands += Polyline.path([top + bottom.reversed()]) + "z"
        }
        canvas.path(commands, canvas.fill(paint(index)) + " fill-opacity=\"0.16\"")
    }

    private func drawMarkers(on canvas: inout Canvas, _ frame: Frame) {
        var lines = ""
        for marker in markers.prefix(50) {
            guard let place = place(of: marker, frame) else { continue }
            lines += "M\(XML.number(place)) \(XML.number(frame.plot.y))V\(XML.number(frame.plot.bottom))"
        }
        canvas.path(lines, canvas.stroke(.mutedInk, dash: "3 3"))
    }

    /// Labels stand beside their lines, each in the first row where it touches no other; above or below, where fewer points are.
    private func drawMarkerLabels(on canvas: inout Canvas, _ frame: Frame) {
        var rows: [[ClosedRange<Double>]] = []
        var labels: [(text: String, span: ClosedRange<Double>, row: Int)] = []
        for marker in markers.prefix(50).sorted(by: { $0.x < $1.x }) {
            guard let place = place(of: marker, frame) else { continue }
            let label = TextWidth.fit(marker.label, width: frame.plot.width * 0.6, size: 11)
            let width = TextWidth.measure(label, size: 11)
            let isLeft = place + 6 + width > frame.plot.right
            let start = isLeft ? place - 6 - width : place + 6
            let span = start - 8...start + width + 8
            let row = rows.firstIndex { !$0.contains { $0.overlaps(span) } } ?? rows.count
            if row == rows.count { rows.append([]) }
            rows[row].append(span)
            labels.append((label, span, row))
        }
        func baseline(_ row: Int, isBelow: Bool) -> Double {
            isBelow ? frame.plot.bottom - 6 - 15 * Double(row) : frame.plot.y + 11 + 15 * Double(row)
        }
        let points = series.flatMap { series in
            zip(series.x, series.y).compactMap { x, y -> Point? in
                guard let px = frame.x.position(x), let py = frame.y.position(y) else { return nil }
                return Point(x: px, y: py)
            }
        }
        func hidden(isBelow: Bool) -> Int {
            labels.reduce(0) { sum, label in
                let baseline = baseline(label.row, isBelow: isBelow)
                return sum
                    + points.count { label.span.contains($0.x) && (baseline - 13...baseline + 5).contains($0.y) }
            }
        }
        let isBelow = hidden(isBelow: true) < hidden(isBelow: false)
        for label in labels {
            let baseline = baseline(label.row, isBelow: isBelow)
            guard baseline >= frame.plot.y, baseline < frame.plot.bottom else { continue }
            var attributes = canvas.fill(.ink) + canvas.stroke(.background, width: 3)
            attributes += " paint-order=\"stroke\" stroke-linejoin=\"round\""
            canvas.text(label.text, at: Point(x: label.span.lowerBound + 8, y: baseline), attributes)
        }
    }

    private func place(of marker: Marker, _ frame: Frame) -> Double? {
        guard let place = frame.x.position(marker.x) else { return nil }
        return place >= frame.plot.x - 0.5 && place <= frame.plot.right + 0.5 ? place : nil
    }
}
