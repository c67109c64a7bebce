/// What stands above the drawing: the title, a remark, the legend.
struct Header {
    struct Entry {
        enum Symbol { case line, dashedLine, faintLine, area, dot, ring }
        var name: String
        var paint: Paint
        var symbol: Symbol
    }

    static let titleSize = 13.5
    static let textSize = 11.0
    private static let rowHeight = 18.0

    var title: String
    var remark = ""
    var entries: [Entry] = []

    /// Draws at the top of the area and returns the rest of it.
    func draw(on canvas: inout Canvas, in area: Rectangle) -> Rectangle {
        let inner = area.inset(left: 14, top: 12, right: 14, bottom: 10)
        var y = inner.y
        if !title.isEmpty {
            let text = TextWidth.fit(title, width: inner.width, size: Header.titleSize, bold: true)
            let attributes = canvas.fill(.ink) + " font-size=\"13.5\" font-weight=\"600\""
            canvas.text(text, at: Point(x: inner.x, y: y + 12), attributes)
            y += 22
        }
        if !remark.isEmpty {
            let text = TextWidth.fit(remark, width: inner.width, size: Header.textSize)
            canvas.text(text, at: Point(x: inner.x, y: y + 9), canvas.fill(.mutedInk))
            y += 18
        }
        y = drawLegend(on: &canvas, in: inner, from: y)
        return inner.inset(top: min(y - inner.y + 4, inner.height - 1))
    }

    /// Where each entry stands, row by row.
    private func places(width: Double) -> [(row: Int, x: Double, name: String, end: Double)] {
        var (row, x) = (0, 0.0)
        return entries.map { entry in
            let name = TextWidth.fit(entry.name, width: min(width - 24, 220), size: Header.textSize)
            let length = 20 + TextWidth.measure(name, size: Header.textSize)
            if x > 0, x + length > width { (row, x) = (row + 1, 0) }
            defer { x += length + 18 }
            return (row, x, name, x + length)
        }
    }

    /// How high the legend would be if all of it were shown.
    func legendHeight(width: Double) -> Double {
        Double((places(width: width - 28).last?.row ?? -1) + 1) * Header.rowHeight
    }

    private func drawLegend(on canvas: inout Canvas, in area: Rectangle, from top: Double) -> Double {
        guard !entries.isEmpty, area.width > 40 else { return top }
        // A legend takes no more than a third of the picture; what does not fit is counted.
        let rows = max(1, Int(area.height / 3 / Header.rowHeight))
        let places = places(width: area.width)
        var shown = places.prefix { $0.row < rows }
        let more = { "and \(places.count - shown.count) more" }
        if shown.count < places.count {
            while shown.count > 1, let last = shown.last, last.row == rows - 1,
                last.end + 18 + TextWidth.measure(more(), size: Header.textSize) > area.width
            {
                shown.removeLast()
            }
        }
        func baseline(_ row: Int) -> Double { top + Double(row) * Header.rowHeight + 9 }
        for (entry, place) in zip(entries, shown) {
            drawSymbol(entry, on: &canvas, at: Point(x: area.x + place.x, y: baseline(place.row) - 4))
            let point = Point(x: area.x + place.x + 20, y: baseline(place.row))
            canvas.text(place.name, at: point, canvas.fill(.mutedInk))
        }
        let lastRow = shown.count < places.count ? rows - 1 : shown.last?.row ?? 0
        if shown.count < places.count {
            let x = shown.last.map { $0.row == lastRow ? $0.end + 18 : 0 } ?? 0
            canvas.text(more(), at: Point(x: area.x + x, y: baseline(lastRow)), canvas.fill(.mutedInk))
        }
        return baseline(lastRow) - 9 + Header.rowHeight
    }

    private func drawSymbol(_ entry: Entry, on canvas: inout Canvas, at point: Point) {
        let line = "M\(XML.number(point.x)) \(XML.number(point.y))h14"
        switch entry.symbol {
        case .line: canvas.path(line, canvas.stroke(entry.paint, width: 2.5) + " stroke-linecap=\"round\"")
        case .dashedLine: canvas.path(line, canvas.stroke(entry.paint, width: 2, dash: "5 3"))
        case .faintLine: canvas.path(line, canvas.stroke(entry.paint, width: 1.5) + " stroke-opacity=\"0.4\"")
        case .area:
            let box = Rectangle(x: point.x + 1, y: point.y - 5, width: 12, height: 10)
            canvas.rectangle(box, canvas.fill(entry.paint), radius: 2)
        case .dot: canvas.circle(Point(x: point.x + 7, y: point.y), radius: 4.5, canvas.fill(entry.paint))
        case .ring:
            canvas.circle(
                Point(x: point.x + 7, y: point.y), radius: 3.5,
                canvas.fill(.background) + canvas.stroke(entry.paint, width: 2))
        }
    }
}
