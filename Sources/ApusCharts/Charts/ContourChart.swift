/// A function of two numbers as contour lines, with paths over them.
///
/// ```swift
/// let chart = ContourChart(
///     "A ravine", x: Axis("x", range: -8...8), y: Axis("y", range: -3...3), levels: [0.5, 1, 2, 4],
///     paths: [.init("SGD", x: [-7, -6.3], y: [2, -1.8])]
/// ) { x, y in x * x / 20 + y * y }
/// ```
public struct ContourChart: Chart {
    /// Points that are joined in their order; the first is drawn larger than the others.
    public typealias Path = ScatterChart.Group

    /// What stands above; nothing if it is empty.
    public var title: String
    /// From left to right; it has a range.
    public var x: Axis
    /// From below; it has a range.
    public var y: Axis
    /// The values whose lines are drawn.
    public var levels: [Double]
    /// The function at points of a grid, row by row from below; both ends of the ranges included.
    public var values: [[Double]]
    /// What is drawn over the lines.
    public var paths: [Path]

    /// A chart of a function over the ranges of its axes, which are −1 to 1 unless given.
    public init(
        _ title: String, x: Axis, y: Axis, levels: [Double], paths: [Path] = [],
        function: (_ x: Double, _ y: Double) -> Double
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.levels = levels
        self.paths = paths
        let (across, up) = (x.range ?? -1...1, y.range ?? -1...1)
        self.x.range = across
        self.y.range = up
        func place(_ range: ClosedRange<Double>, _ index: Int) -> Double {
            range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / Double(ContourChart.cells)
        }
        values = (0...ContourChart.cells).map { row in
            (0...ContourChart.cells).map { function(place(across, $0), place(up, row)) }
        }
    }

    /// The cells of the grid in each direction.
    private static let cells = 64

    public var preferredSize: ChartSize { ChartSize(width: 460, height: 300) }

    /// A row for each point of each path.
    public var tables: [ChartTable] {
        paths.map { path in
            ChartTable(
                [title, path.name].filter { !$0.isEmpty }.joined(separator: ": "), header: ["", x.label, y.label],
                rows: ChartTable.places(of: min(path.x.count, path.y.count)).map {
                    ["\($0)", ChartTable.cell(path.x[$0]), ChartTable.cell(path.y[$0])]
                })
        }
    }

    public func draw(on canvas: inout Canvas, in area: Rectangle) {
        let entries = paths.indices.map { Header.Entry(name: paths[$0].name, paint: paint($0), symbol: .line) }
        let rest = Header(title: title, entries: entries.count > 1 ? entries : []).draw(on: &canvas, in: area)
        let (across, up) = (x.range ?? -1...1, y.range ?? -1...1)
        var (xs, ys) = (Extent(), Extent())
        for bound in [across.lowerBound, across.upperBound] { xs.add(bound, on: x) }
        for bound in [up.lowerBound, up.upperBound] { ys.add(bound, on: y) }
        let frame = Frame(
            .init(axis: x, scale: Scale(x, fitting: xs), hasGrid: false),
            .init(axis: y, scale: Scale(y, fitting: ys), hasGrid: false), on: &canvas, in: rest)
        canvas.clipped(to: frame.plot) { canvas in
            for (index, level) in levels.enumerated() {
                // Lower lines are stronger, so that the bottom is seen.
                let strength = 0.9 - 0.6 * Double(index) / Double(max(1, levels.count - 1))
                let attributes = canvas.stroke(.mutedInk, width: 1) + " fill=\"none\""
                canvas.path(
                    contour(level, frame.plot), attributes + " stroke-opacity=\"\(XML.number(strength))\"",
                    hint: "f = \(NumberFormat.short(level))")
            }
            for index in paths.indices { drawPath(index, on: &canvas, frame) }
        }
    }

    private func paint(_ index: Int) -> Paint { paths[index].paint ?? .category(index) }

    private func drawPath(_ index: Int, on canvas: inout Canvas, _ frame: Frame) {
        let path = paths[index]
        let points: [Point?] = zip(path.x, path.y).map { x, y in
            guard let px = frame.x.position(x), let py = frame.y.position(y) else { return nil }
            return Point(x: px, y: py)
        }
        let line = canvas.stroke(paint(index), width: 1.75) + " fill=\"none\" stroke-linejoin=\"round\""
        canvas.path(Polyline.path(Polyline.parts(points, limit: .max)), line)
        guard points.count <= 200 else { return }
        canvas.group(canvas.fill(paint(index)) + canvas.stroke(.background, width: 0.75)) { canvas in
            for (step, point) in points.enumerated() {
                guard let point else { continue }
                let place = [path.x[step], path.y[step]].map { NumberFormat.short($0, digits: 4) }
                let name = path.name.isEmpty ? "" : "\(path.name), "
                canvas.circle(
                    point, radius: step == 0 ? 5 : 2.6, hint: "\(name)\(step): (\(place.joined(separator: ", ")))")
            }
        }
    }

    // MARK: Lines

    /// The line of one level by marching squares: a segment through each cell that it crosses, straight between the places on the
    /// cell's edges.
    private func contour(_ level: Double, _ plot: Rectangle) -> String {
        var commands = ""
        for row in 0..<max(0, values.count - 1) {
            for column in 0..<max(0, values[row].count - 1) {
                let corners = [
                    values[row][column], values[row][column + 1], values[row + 1][column + 1], values[row + 1][column],
                ]
                guard corners.allSatisfy(\.isFinite) else { continue }
                let crossings = (0..<4).compactMap { edge -> Point? in
                    let (from, to) = (corners[edge], corners[(edge + 1) % 4])
                    guard (from < level) != (to < level) else { return nil }
                    let share = (level - from) / (to - from)
                    let place = [(share, 0), (1, share), (1 - share, 1), (0, 1 - share)][edge]
                    return Point(x: Double(column) + place.0, y: Double(row) + place.1)
                }
                // Two crossings, or four around a saddle.
                for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
                    let (a, b) = (screen(crossings[pair], plot), screen(crossings[pair + 1], plot))
                    commands +=
                        "M\(XML.number(a.x)) \(XML.number(a.y))L\(XML.number(b.x)) \(XML.number(b.y))"
                }
            }
        }
        return commands
    }

    /// A point of the grid on the canvas.
    private func screen(_ point: Point, _ plot: Rectangle) -> Point {
        let cells = Double(ContourChart.cells)
        return Point(x: plot.x + point.x / cells * plot.width, y: plot.bottom - point.y / cells * plot.height)
    }
}
