/// Parts in rows: a part stands below everything that it is made from.
extension ModelDiagram {
    /// A part or an input, and what it is made from.
    private struct Place {
        let sources: [String]
        let block: Block
    }

    /// - Parameter bottom: The box at the end, to which the outputs lead.
    func graphBlock(_ graph: ModelGraph, inputs: Signature, _ bottom: Block) -> Block {
        var places: [String: Place] = [:]
        for (name, input) in inputs {
            places[name] = Place(
                sources: [], block: box(name.isEmpty ? "input" : name, "\(input.shape)", "", color: "input"))
        }
        for (name, part) in graph.parts {
            places[name] = Place(sources: part.from.names, block: partBlock(part, name))
        }
        let end = ""
        places[end] = Place(sources: graph.outputNames, block: bottom)
        // Models that can be drawn have no circles.
        var levels: [String: Int] = [:]
        func level(_ name: String) -> Int {
            if let level = levels[name] { return level }
            let level = (places[name]?.sources.map { level($0) + 1 }.max()) ?? 0
            levels[name] = level
            return level
        }
        _ = level(end)
        let rows = (0...levels[end]!).map { row in levels.filter { $0.value == row }.keys.sorted() }
        return ModelDiagram.rows(rows, places)
    }

    private func partBlock(_ part: ModelGraph.Part, _ name: String) -> Block {
        let merge = part.from.names.count > 1 ? [ModelDiagram.pill("\(part.merge)")] : []
        let layers =
            part.sharing.map { [box("layers of \($0)", "shared weights", "", color: "plain")] }
            ?? part.layers.layers.enumerated().map { index, layer in
                block(layer, path: "\(name)/\((layer as? Named)?.name ?? "\(index).\(layer.kind)")")
            }
        let title = ModelDiagram.pill(name)
        return ModelDiagram.column(merge + layers + [title])
    }

    private static func rows(_ rows: [[String]], _ places: [String: Place]) -> Block {
        let space = 2 * gap
        let widths = rows.map { row in
            row.reduce(0) { $0 + places[$1]!.block.width } + space * Double(row.count - 1)
        }
        let total = widths.max() ?? 0
        let heights = rows.map { $0.map { places[$0]!.block.height }.max() ?? 0 }
        return Block(width: total, height: heights.reduce(0, +) + space * Double(rows.count - 1)) { x, y in
            var (text, top) = ("", y)
            /// Where lines leave what is drawn.
            var exits: [String: (Double, Double)] = [:]
            for ((row, height), width) in zip(zip(rows, heights), widths) {
                var left = x + (total - width) / 2
                for name in row {
                    let (place, middle) = (places[name]!, left + places[name]!.block.width / 2)
                    for source in place.sources {
                        guard let exit = exits[source] else { continue }
                        text += line(
                            [exit, (exit.0, top - gap), (middle, top - gap), (middle, top)], arrow: true)
                    }
                    text += place.block.draw(left, top)
                    exits[name] = (middle, top + place.block.height)
                    left += place.block.width + space
                }
                top += height + space
            }
            return text
        }
    }
}
