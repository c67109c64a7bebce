/// What stands above the drawing: the title, a remark, the legend.
struct Header {
    struct Entry {
        enum Symbol { case line, dashedLine, faintLine, area, dot }
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

    private func drawLegend(on canvas: inout Canvas, in area: Rectangle, from top: Double) -> Double {
        guard !entries.isEmpty, area.width > 40 else { return top }
        // A legend takes no more than a third of the picture; what does not fit is counted.
        let rows = max(1, Int(min(area.height / 3, 72) / Header.rowHeight))
        var row = 0
        var x = area.x
        var y = top
        let more = TextWidth.measure("and 9999 more", size: Header.textSize)
        for (index, entry) in entries.enumerated() {
            let name = TextWidth.fit(entry.name, width: min(area.width - 24, 220), size: Header.textSize)
            let width = 20 + TextWidth.measure(name, size: Header.textSize)
            let isLast = index == entries.count - 1
            if x > area.x, x + width > area.right {
                row += 1
                x = area.x
                y += Header.rowHeight
            }
            if row == rows - 1, !isLast, x + width + 18 + more > area.right {
                let rest = "and \(entries.count - index) more"
                canvas.text(rest, at: Point(x: x, y: y + 9), canvas.fill(.mutedInk))
                break
            }
            drawSymbol(entry, on: &canvas, at: Point(x: x, y: y + 5))
            canvas.text(name, at: Point(x: x + 20, y: y + 9), canvas.fill(.mutedInk))
            x += width + 18
        }
        return y + Header.rowHeight
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
        }
    }
}
