/// The table of colored cells under heat maps and confusion matrices.
struct CellGrid {
    var rowLabels: [String]
    var columnLabels: [String]
    var rowTitle: String
    var columnTitle: String
    /// Places on the color map, row by row; `nil` where there is no number.
    var places: Table
    var map: ColorMap
    /// The lines of text in a cell, most important first.
    var text: (Int, Int) -> [String]
    /// What a cell says when the pointer rests on it, if anything.
    var hint: (Int, Int) -> String?

    private static let labelSize = 11.0
    /// Beyond this many cells an image stands for them.
    private static let rasterThreshold = 2500

    struct Table {
        let values: [[Double?]]
        let rows: Int
        /// Of the longest row.
        let columns: Int

        init(_ values: [[Double?]]) {
            self.values = values
            rows = values.count
            columns = values.map(\.count).max() ?? 0
        }
    }

    private var rows: Int { places.rows }
    private var columns: Int { places.columns }

    /// Draws into the area and returns the part that the cells cover.
    func draw(on canvas: inout Canvas, in area: Rectangle, colorBarWidth: Double) -> Rectangle {
        guard rows > 0, columns > 0 else {
            Frame.drawNoData(on: &canvas, in: area)
            return area
        }
        func widest(_ labels: [String]) -> Double {
            labels.map { TextWidth.measure($0, size: CellGrid.labelSize) }.max() ?? 0
        }
        let rowLabelWidth = min(widest(rowLabels), area.width * 0.3)
        let left = rowLabelWidth + 8 + (rowTitle.isEmpty ? 0 : 18)
        let widthOfCells = max(1, area.width - left - colorBarWidth - 4)
        // Upright labels where they fit; else they hang at 45 degrees.
        let columnLabelWidth = min(widest(columnLabels), area.height * 0.3)
        let isThin = widthOfCells / Double(columns) < 14
        let isSlanted = !isThin && columnLabelWidth + 6 > widthOfCells / Double(columns)
        let below = (isSlanted ? columnLabelWidth * 0.72 + 14 : 20) + (columnTitle.isEmpty ? 0 : 17)
        let heightOfCells = max(1, area.height - below - 2)
        // Cells are at most half as wide again as they are high, and never higher than wide.
        let width = min(widthOfCells / Double(columns), 1.5 * heightOfCells / Double(rows))
        let height = min(heightOfCells / Double(rows), width)
        let cells = Rectangle(
            x: area.x + left, y: area.y + 2, width: width * Double(columns), height: height * Double(rows))
        if rows * columns > CellGrid.rasterThreshold {
            drawRaster(on: &canvas, over: cells)
        } else {
            drawCells(on: &canvas, over: cells)
        }
        drawLabels(on: &canvas, cells, rowLabelWidth: rowLabelWidth, slanted: isSlanted ? columnLabelWidth : nil)
        let attributes = canvas.fill(.mutedInk) + " text-anchor=\"middle\" font-weight=\"500\""
        let beneath = TextWidth.fit(columnTitle, width: cells.width, size: 11, bold: true)
        canvas.text(beneath, at: Point(x: cells.middle.x, y: cells.bottom + below - 3), attributes)
        let beside = TextWidth.fit(rowTitle, width: cells.height, size: 11, bold: true)
        canvas.text(beside, at: Point(x: area.x + 9, y: cells.middle.y), rotation: -90, attributes)
        return cells
    }

    private func drawCells(on canvas: inout Canvas, over area: Rectangle) {
        let (width, height) = (area.width / Double(columns), area.height / Double(rows))
        let gap = min(width, height) > 12 ? 1.0 : 0
        for (row, line) in places.values.enumerated() {
            for (column, place) in line.enumerated() {
                let cell = Rectangle(
                    x: area.x + Double(column) * width, y: area.y + Double(row) * height, width: width - gap,
                    height: height - gap)
                let paint = place.map { map.paint(at: $0) } ?? .void
                canvas.rectangle(
                    cell, canvas.fill(paint), radius: gap > 0 ? 2 : 0, hint: hint(row, column))
                drawText(text(row, column), on: &canvas, in: cell, ink: paint.inkAbove())
            }
        }
    }

    /// One or two lines, as large as the cell allows; none where they would be too small to read.
    private func drawText(_ lines: [String], on canvas: inout Canvas, in cell: Rectangle, ink: Paint) {
        guard let main = lines.first, !main.isEmpty else { return }
        let unit = max(TextWidth.measure(main, size: 1), 0.1)
        let size = min(12.5, cell.height * 0.62, (cell.width - 3) / unit)
        guard size >= 6.5 else { return }
        let small = min(size * 0.78, 9.5)
        let second = lines.count > 1 ? lines[1] : ""
        let hasSecond =
            !second.isEmpty && small >= 6.5 && cell.height >= size + small + 5
            && TextWidth.measure(second, size: small) <= cell.width - 3
        let attributes = canvas.fill(ink) + " text-anchor=\"middle\" pointer-events=\"none\""
        let middle = cell.middle
        let y = hasSecond ? middle.y - small * 0.5 + size * 0.3 : middle.y + size * 0.35
        canvas.text(main, at: Point(x: middle.x, y: y), attributes + " font-size=\"\(XML.number(size))\"")
        guard hasSecond else { return }
        let pale = " fill-opacity=\"0.8\" font-size=\"\(XML.number(small))\""
        canvas.text(second, at: Point(x: middle.x, y: y + small + 2.5), attributes + pale)
    }

    private func drawLabels(
        on canvas: inout Canvas, _ cells: Rectangle, rowLabelWidth: Double, slanted: Double?
    ) {
        let (width, height) = (cells.width / Double(columns), cells.height / Double(rows))
        canvas.group(canvas.fill(.mutedInk) + " text-anchor=\"end\"") { canvas in
            let every = max(1, Int((13 / height).rounded(.up)))
            for (index, label) in rowLabels.prefix(rows).enumerated() where index.isMultiple(of: every) {
                let text = TextWidth.fit(label, width: rowLabelWidth + 0.01, size: CellGrid.labelSize)
                let y = cells.y + (Double(index) + 0.5) * height + 3.8
                canvas.text(text, at: Point(x: cells.x - 7, y: y))
            }
            guard let slanted else { return }
            for (index, label) in columnLabels.prefix(columns).enumerated() {
                let text = TextWidth.fit(label, width: slanted + 0.01, size: CellGrid.labelSize)
                let place = Point(x: cells.x + (Double(index) + 0.5) * width + 4, y: cells.bottom + 13)
                canvas.text(text, at: place, rotation: -45)
            }
        }
        guard slanted == nil else { return }
        canvas.group(canvas.fill(.mutedInk) + " text-anchor=\"middle\"") { canvas in
            let names = columnLabels.prefix(columns).map {
                TextWidth.fit($0, width: max(width, 80), size: CellGrid.labelSize)
            }
            let widest = names.map { TextWidth.measure($0, size: CellGrid.labelSize) }.max() ?? 0
            let every = max(1, Int(((widest + 4) / width).rounded(.up)))
            for (index, name) in names.enumerated() where index.isMultiple(of: every) {
                let x = cells.x + (Double(index) + 0.5) * width
                canvas.text(name, at: Point(x: x, y: cells.bottom + 15))
            }
        }
    }

    /// Very many cells as one image; of cells that share a pixel the most striking is shown.
    private func drawRaster(on canvas: inout Canvas, over area: Rectangle) {
        let limit = 400
        let (height, width) = (min(rows, limit), min(columns, limit))
        let void = UInt8(ColorMap.levels)
        let ground = map == .diverging ? 0.5 : 0
        var indices = [UInt8](repeating: void, count: height * width)
        var strikings = [Double](repeating: -1, count: height * width)
        for (row, line) in places.values.enumerated() {
            for (column, place) in line.enumerated() {
                guard let place else { continue }
                let index = row * height / rows * width + column * width / columns
                guard abs(place - ground) > strikings[index] else { continue }
                strikings[index] = abs(place - ground)
                indices[index] = UInt8(ColorMap.level(place))
            }
        }
        let palette = map.palette + [.void]
        if let light = PNG(height: height, width: width, indices: indices, palette: palette.map(\.light)),
            let dark = PNG(height: height, width: width, indices: indices, palette: palette.map(\.dark))
        {
            canvas.image(light: light, dark: dark, over: area)
        }
    }
}
