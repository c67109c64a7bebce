/// Points of several classes, with the regions in which a classifier decides for each.
///
/// ```swift
/// let chart = ScatterChart(
///     "Moons", x: "x", y: "y",
///     groups: [
///         .init("upper", x: [0, 0.5, 1], y: [0, 0.8, 0]),
///         .init("lower", x: [0.5, 1.5], y: [0.2, -0.4]),
///     ])
/// ```
public struct ScatterChart: Chart {
    /// The points of one class.
    public struct Group: Sendable, Hashable {
        /// The name in the legend, which charts of several groups have.
        public var name: String
        /// Where the points are from left to right.
        public var x: [Double]
        /// One number for each x; surplus ones on either side are not drawn.
        public var y: [Double]
        /// The color; that of the group's place in the chart unless given.
        public var paint: Paint?

        /// Creates a value; arguments set the properties of their names.
        public init(_ name: String, x: [Double], y: [Double], paint: Paint? = nil) {
            self.name = name
            self.x = x
            self.y = y
            self.paint = paint
        }
    }

    /// What a classifier decides at the points of a grid.
    public struct Regions: Sendable, Hashable {
        /// Class indices, row by row from the lowest y to the highest, each row from the lowest x to the highest.
        /// Class i has the color of the i-th group; a negative index leaves the ground.
        public var classes: [[Int]]
        /// From the left border of the grid to the right one.
        public var x: ClosedRange<Double>
        /// From the lower border of the grid to the upper one.
        public var y: ClosedRange<Double>

        /// Creates a value; arguments set the properties of their names.
        public init(classes: [[Int]], x: ClosedRange<Double>, y: ClosedRange<Double>) {
            self.classes = classes
            self.x = x
            self.y = y
        }
    }

    /// What stands above the points; nothing if it is empty.
    public var title: String
    /// The quantity that grows to the right.
    public var x: Axis
    /// The quantity that grows upwards.
    public var y: Axis
    /// One a class, in the order of the labels; later ones are drawn over earlier ones.
    public var groups: [Group]
    /// What is painted behind the points; nothing if absent.
    public var regions: Regions?
    /// Whether a dashed line goes through the points where x and y are equal.
    public var hasDiagonal: Bool

    /// Creates the chart; arguments set the properties of their names.
    public init(
        _ title: String, x: Axis, y: Axis, groups: [Group], regions: Regions? = nil, hasDiagonal: Bool = false
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.groups = groups
        self.regions = regions
        self.hasDiagonal = hasDiagonal
    }

    public var preferredSize: ChartSize { ChartSize(width: 480, height: 400) }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let entries = groups.indices.map {
            Header.Entry(name: groups[$0].name, paint: paint($0), symbol: isRing($0) ? .ring : .dot)
        }
        let isCrowded = groups.reduce(0) { $0 + min($1.x.count, $1.y.count) } > 2000
        let rest = Header(title: title, entries: entries.count > 1 ? entries : []).draw(on: &canvas, in: area)
        var (xs, ys) = (Extent(), Extent())
        for group in groups {
            for (x, y) in zip(group.x, group.y) where self.x.shows(x) && self.y.shows(y) {
                xs.add(x, on: self.x)
                ys.add(y, on: self.y)
            }
        }
        // Regions reach to the edges of the picture; points keep a distance from them.
        let margin = regions == nil ? 0.04 : 0
        if let regions {
            for bound in [regions.x.lowerBound, regions.x.upperBound] { xs.add(bound, on: x) }
            for bound in [regions.y.lowerBound, regions.y.upperBound] { ys.add(bound, on: y) }
        }
        var (across, up) = (
            Scale(x, fitting: xs, margins: (margin, margin)), Scale(y, fitting: ys, margins: (margin, margin))
        )
        (across, up) = (across.measuring, up.measuring)
        let frame = Frame(
            .init(axis: x, scale: across, hasGrid: regions == nil),
            .init(axis: y, scale: up, hasGrid: regions == nil), on: &canvas, in: rest)
        guard !xs.isEmpty, !ys.isEmpty else { return Frame.drawNoData(on: &canvas, in: frame.plot) }
        canvas.clipped(to: frame.plot) { canvas in
            drawRegions(on: &canvas, frame)
            if hasDiagonal { drawDiagonal(on: &canvas, frame) }
            for index in groups.indices { drawPoints(index, crowded: isCrowded, on: &canvas, frame) }
        }
    }

    private func paint(_ index: Int) -> Paint {
        groups.indices.contains(index) ? groups[index].paint ?? .category(index) : .category(index)
    }

    /// When the colors come again, rings tell the points apart.
    private func isRing(_ index: Int) -> Bool {
        groups.indices.contains(index) && groups[index].paint == nil && index / Paint.categories.count % 2 == 1
    }

    private func drawPoints(_ index: Int, crowded: Bool, on canvas: inout Canvas, _ frame: Frame) {
        let group = groups[index]
        let points = zip(group.x, group.y).compactMap { x, y -> Point? in
            guard let px = frame.x.position(x), let py = frame.y.position(y) else { return nil }
            return Point(x: px, y: py)
        }
        if !crowded {
            let ring = canvas.fill(.background) + canvas.stroke(paint(index), width: 1.5)
            let dot = canvas.fill(paint(index)) + canvas.stroke(.background, width: 0.75)
            canvas.group(isRing(index) ? ring : dot) { canvas in
                for point in points { canvas.circle(point, radius: 3.2) }
            }
            return
        }
        // Many points: smaller dots without borders, one for each place of a grid of two pixels.
        var seen: Set<Point> = []
        var dots = ""
        for point in points {
            let place = Point(x: (point.x / 2).rounded() * 2, y: (point.y / 2).rounded() * 2)
            guard seen.insert(place).inserted else { continue }
            dots += "M\(XML.number(place.x)) \(XML.number(place.y))h0"
        }
        canvas.path(dots, canvas.stroke(paint(index), width: 3) + " stroke-linecap=\"round\"")
    }

    private func drawDiagonal(on canvas: inout Canvas, _ frame: Frame) {
        let bounds = [x.range, y.range].compactMap { $0 }.flatMap { [$0.lowerBound, $0.upperBound] }
        let values = groups.flatMap { $0.x + $0.y }.filter(\.isFinite) + bounds
        guard let low = values.min(), let high = values.max(), let left = frame.x.position(low),
            let right = frame.x.position(high), let bottom = frame.y.position(low), let top = frame.y.position(high)
        else { return }
        let line = [left, bottom, right, top].map(XML.number)
        canvas.path("M\(line[0]) \(line[1])L\(line[2]) \(line[3])", canvas.stroke(.mutedInk, dash: "3 3"))
    }

    private func drawRegions(on canvas: inout Canvas, _ frame: Frame) {
        guard let regions, let columns = regions.classes.map(\.count).max(), columns > 0 else { return }
        guard let left = frame.x.position(regions.x.lowerBound), let right = frame.x.position(regions.x.upperBound),
            let bottom = frame.y.position(regions.y.lowerBound), let top = frame.y.position(regions.y.upperBound),
            left < right, top < bottom
        else { return }
        // Neighbors of one class in a row become one stripe.
        var stripes: [Int: String] = [:]
        for (row, line) in regions.classes.reversed().enumerated() {
            var start = 0
            for column in line.indices where column + 1 == line.count || line[column + 1] != line[column] {
                stripes[line[column], default: ""] += "M\(start) \(row)h\(column + 1 - start)v1h\(start - column - 1)z"
                start = column + 1
            }
        }
        let area = Rectangle(x: left, y: top, width: right - left, height: bottom - top)
        canvas.grid(columns: columns, rows: regions.classes.count, over: area) { canvas in
            for (index, stripe) in stripes.sorted(by: { $0.key < $1.key }) where index >= 0 {
                canvas.path(stripe, canvas.fill(paint(index)) + " fill-opacity=\"0.2\"")
            }
        }
    }
}
