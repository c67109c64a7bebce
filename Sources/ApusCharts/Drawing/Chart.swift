/// A picture of numbers, as a value.
///
/// ```swift
/// let chart = LineChart(
///     "Loss", x: "Epoch", y: "Cross-entropy", series: [.init("training", y: [0.9, 0.5, 0.4])])
/// let file = chart.svg(theme: .automatic)
/// ```
///
/// The same chart gives the same bytes. Whatever the numbers are (none, one, all equal, not finite, huge), the result is
/// valid XML; what cannot be drawn is left out.
public protocol Chart: Sendable {
    /// What the picture is called; it also names the picture for readers who cannot see it.
    var title: String { get }

    /// The size at which the content is comfortable to read.
    var preferredSize: ChartSize { get }

    /// Draws into a part of a canvas.
    func draw(on canvas: inout Canvas, in area: Rectangle)

    /// The numbers as tables; none for a chart that says nothing else.
    var tables: [ChartTable] { get }
}

extension Chart {
    public var tables: [ChartTable] { [] }

    /// 560 × 320, for charts that do not say otherwise.
    public var preferredSize: ChartSize { ChartSize(width: 560, height: 320) }

    /// Writes the picture as an SVG file, whole or not at all.
    ///
    /// - Parameter size: Width and height in CSS pixels; `preferredSize` unless given.
    /// - Throws: What the system says where the file can't be written.
    public func write(to path: String, size: ChartSize? = nil, theme: Theme = .automatic) throws {
        try svg(size: size, theme: theme).write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// The picture as one self-contained SVG element: a file of its own, or a part of a page.
    ///
    /// - Parameters:
    ///   - size: Width and height in CSS pixels; `preferredSize` unless given.
    ///   - theme: The appearance; `.automatic` follows the reader's screen.
    ///   - background: Whether the sheet is painted; a page with a ground of its own says `false`.
    public func svg(size: ChartSize? = nil, theme: Theme = .automatic, background: Bool = true) -> String {
        let size = (size ?? preferredSize).drawable
        let area = Rectangle(x: 0, y: 0, width: size.width, height: size.height)
        var canvas = Canvas(theme: theme)
        if background { canvas.rectangle(area, canvas.fill(.background)) }
        draw(on: &canvas, in: area)
        let (width, height) = (XML.number(size.width), XML.number(size.height))
        var result = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"apus-chart apus-\(theme.rawValue)\""
        result += " width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" role=\"img\""
        result += " aria-label=\"\(XML.escape(title.isEmpty ? "Chart" : title))\" font-size=\"11\""
        result += " font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif\""
        result += " style=\"max-width:100%;height:auto;font-variant-numeric:tabular-nums\">\n"
        return result + canvas.styleSheet + canvas.body + "</svg>\n"
    }
}
