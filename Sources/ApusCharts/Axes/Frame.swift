/// The plot area with its two axes: grid lines, tick labels, titles, in margins as wide as the labels need.
struct Frame {
    let plot: Rectangle
    let x: Scale
    let y: Scale

    static let labelSize = 11.0

    struct Direction {
        var axis: Axis
        var scale: Scale
        /// Given numbers instead of round ones.
        var ticks: [Tick]?
        var hasGrid = true
    }

    /// Draws the axes into the area.
    init(_ horizontal: Direction, _ vertical: Direction, on canvas: inout Canvas, in area: Rectangle) {
        let below = 20 + (horizontal.axis.label.isEmpty ? 0 : 17.0)
        let top = area.y + 5
        var y = vertical.scale
        y.start = max(top + 1, area.bottom - below)
        y.end = top
        // Fewer labels than fit: about one a line and a half at the closest.
        let yTicks = vertical.ticks ?? y.ticks(max(3, min(7, Int((y.start - y.end) / 28))))
        let widest = yTicks.map { TextWidth.measure($0.label, size: Frame.labelSize) }.max() ?? 0
        let left = min(widest + 8, area.width * 0.4) + (vertical.axis.label.isEmpty ? 0 : 18)

        var x = horizontal.scale
        x.start = area.x + left
        x.end = max(x.start + 1, area.right - 8)
        var xTicks = horizontal.ticks ?? Ticks.fitting(x, size: Frame.labelSize, gap: 12)
        // The last label may reach beyond the plot; the plot gives way.
        if let last = xTicks.last, let place = x.position(last.value) {
            let reach = place + TextWidth.measure(last.label, size: Frame.labelSize) / 2
            if reach > area.right, horizontal.ticks == nil {
                x.end = max(x.start + 1, x.end - (reach - area.right))
                xTicks = Ticks.fitting(x, size: Frame.labelSize, gap: 12)
            }
        }
        self.x = x
        self.y = y
        plot = Rectangle(x: x.start, y: y.end, width: x.end - x.start, height: y.start - y.end)
        drawGrid(on: &canvas, xTicks: horizontal.hasGrid ? xTicks : [], yTicks: vertical.hasGrid ? yTicks : [])
        drawLabels(on: &canvas, in: area, xTicks: xTicks, yTicks: yTicks)
        drawTitles(on: &canvas, in: area, horizontal: horizontal.axis.label, vertical: vertical.axis.label)
    }

    private func drawGrid(on canvas: inout Canvas, xTicks: [Tick], yTicks: [Tick]) {
        var lines = ""
        for tick in yTicks {
            guard let place = y.position(tick.value) else { continue }
            lines += "M\(XML.number(plot.x)) \(XML.number(place))H\(XML.number(plot.right))"
        }
        for tick in xTicks {
            guard let place = x.position(tick.value) else { continue }
            lines += "M\(XML.number(place)) \(XML.number(plot.y))V\(XML.number(plot.bottom))"
        }
        canvas.path(lines, canvas.stroke(.gridLine) + " fill=\"none\"")
        let base = "M\(XML.number(plot.x)) \(XML.number(plot.bottom))H\(XML.number(plot.right))"
        canvas.path(base, canvas.stroke(.axis))
    }

    private func drawLabels(on canvas: inout Canvas, in area: Rectangle, xTicks: [Tick], yTicks: [Tick]) {
        let (plot, x, y) = (plot, x, y)
        canvas.group(canvas.fill(.mutedInk) + " text-anchor=\"end\"") { canvas in
            let width = plot.x - 7 - area.x
            for tick in yTicks {
                guard let place = y.position(tick.value) else { continue }
                let label = TextWidth.fit(tick.label, width: width, size: Frame.labelSize)
                canvas.text(label, at: Point(x: plot.x - 7, y: place + 3.8))
            }
        }
        canvas.group(canvas.fill(.mutedInk) + " text-anchor=\"middle\"") { canvas in
            for tick in xTicks {
                guard let place = x.position(tick.value) else { continue }
                canvas.text(tick.label, at: Point(x: place, y: plot.bottom + 16))
            }
        }
    }

    private func drawTitles(on canvas: inout Canvas, in area: Rectangle, horizontal: String, vertical: String) {
        let attributes = canvas.fill(.mutedInk) + " text-anchor=\"middle\" font-weight=\"500\""
        let below = TextWidth.fit(horizontal, width: plot.width, size: Frame.labelSize, bold: true)
        canvas.text(below, at: Point(x: plot.middle.x, y: area.bottom - 2), attributes)
        let room = 2 * min(plot.middle.y - area.y, area.bottom - plot.middle.y)
        let beside = TextWidth.fit(vertical, width: room, size: Frame.labelSize, bold: true)
        canvas.text(beside, at: Point(x: area.x + 9, y: plot.middle.y), rotation: -90, attributes)
    }

    /// Says in the middle of an empty plot that there is nothing to see.
    static func drawNoData(on canvas: inout Canvas, in plot: Rectangle) {
        let attributes = canvas.fill(.mutedInk) + " text-anchor=\"middle\""
        canvas.text("No data", at: Point(x: plot.middle.x, y: plot.middle.y + 4), attributes)
    }
}
