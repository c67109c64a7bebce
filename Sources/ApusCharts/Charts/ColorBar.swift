/// The key of a color map: a strip with numbers, to the right of the drawing.
struct ColorBar {
    var map: ColorMap
    /// Places from 0 (below) to 1 (above) and what stands there.
    var ticks: [Tick]

    struct Tick {
        var place: Double
        var label: String
    }

    func draw(on canvas: inout Canvas, beside plot: Rectangle) {
        let height = min(plot.height, 160)
        let bar = Rectangle(x: plot.right + 14, y: plot.y, width: 10, height: height)
        let levels = (0..<ColorMap.levels).map { UInt8(ColorMap.levels - 1 - $0) }
        let palette = map.palette
        if let light = PNG(height: levels.count, width: 1, indices: levels, palette: palette.map(\.light)),
            let dark = PNG(height: levels.count, width: 1, indices: levels, palette: palette.map(\.dark))
        {
            canvas.image(light: light, dark: dark, over: bar)
        }
        canvas.group(canvas.fill(.mutedInk) + " font-size=\"10\"") { canvas in
            for tick in ticks {
                let y = bar.bottom - tick.place * bar.height
                let baseline = min(max(y + 3.5, bar.y + 7), bar.bottom)
                canvas.text(tick.label, at: Point(x: bar.right + 5, y: baseline))
            }
        }
    }
}
