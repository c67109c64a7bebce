public import ApusGraph

/// A model as a picture: layers from top to bottom, branches side by side, with shapes and parameters.
///
/// ```swift
/// let net = Sequential { Conv2D(filters: 6, kernelSize: 5); Flatten(); Dense(10) }
/// let svg = try ModelDiagram(net, input: [28, 28, 1]).svg   // the text of an SVG file
/// ```
public struct ModelDiagram: Sendable {
    private let root: any Model
    private let summary: ModelSummary
    private let rows: [String: ModelSummary.Row]

    /// A picture of a model for one sample.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - input: The shape of one sample, without the batch.
    /// - Throws: `GraphError` that names every layer that does not fit.
    public init(_ model: some Model, input: Shape) throws { try self.init(model, inputs: Signature(input)) }

    /// The picture of a model of several inputs.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit.
    public init(_ model: some Model, inputs: Signature) throws {
        root = model
        summary = try model.summary(inputs: inputs)
        rows = Dictionary(summary.rows.map { ($0.path, $0) }) { first, _ in first }
    }

    // MARK: Measures, in pixels

    static let (boxWidth, boxHeight, gap, margin) = (270.0, 46.0, 22.0, 16.0)

    /// The picture, for light and dark pages.
    public var svg: String {
        let total =
            "\(ModelSummary.grouped(summary.parameterCount)) parameters, \(ModelSummary.grouped(summary.flops)) FLOPs"
        let bottom = box("output", total, "", color: "input")
        let content =
            if let graph = root as? ModelGraph {
                graphBlock(graph, inputs: summary.inputs, bottom)
            } else {
                ModelDiagram.column([
                    box("input", summary.inputText, "", color: "input"), block(root, path: ""), bottom,
                ])
            }
        let (width, height) = (content.width + 2 * Self.margin, content.height + 2 * Self.margin)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(height))" viewBox="0 0 \(Int(width)) \(Int(height))" font-family="system-ui, sans-serif">
            <style>
            text { fill: #1a1a1a; font-size: 12px } .small { font-size: 11px; fill: #5a5a5a } .line { stroke: #8a8a8a; fill: none }
            .box { stroke: #8a8a8a; fill: #f4f4f4 } .input { fill: #ffffff } .weights { fill: #dce9f7 } .pooling { fill: #f9e6d3 }
            .normalization { fill: #e2f1e0 } .noise { fill: #efe3f3 } .merge { fill: #ffffff }
            @media (prefers-color-scheme: dark) {
            text { fill: #eaeaea } .small { fill: #b0b0b0 } .box { fill: #2b2b2b } .input, .merge { fill: #1c1c1c } .weights { fill: #23384f }
            .pooling { fill: #4d3820 } .normalization { fill: #26402a } .noise { fill: #41304a } }
            </style>
            <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8a8a8a"/></marker></defs>
            \(content.draw(Self.margin, Self.margin))
            </svg>
            """
    }

    /// Part of the picture: its size and how it is drawn with its corner at a place.
    struct Block {
        var width: Double
        var height: Double
        /// Whether lines run through it: nothing is there.
        var isEmpty = false
        var draw: @Sendable (_ x: Double, _ y: Double) -> String
    }

    // MARK: Layers

    func block(_ layer: any Model, path: String) -> Block {
        func inner(_ name: String) -> String { name.isEmpty ? path : path.isEmpty ? name : "\(path)/\(name)" }
        func part(_ layers: Sequential, _ name: String) -> Block {
            block(layers, path: layers.bearsItsOwnName ? path : inner(name))
        }
        switch layer {
        case let layers as Sequential:
            return ModelDiagram.column(
                layers.layers.enumerated().map { index, child in
                    block(child, path: inner((child as? Named)?.name ?? "\(index).\(child.kind)"))
                })
        case let residual as Residual:
            let columns = [
                part(residual.body, "body"),
                residual.shortcut.map { part($0, "shortcut") } ?? ModelDiagram.nothing,
            ]
            let label = residual.activation == .linear ? "+" : "+ \(residual.activation)"
            return ModelDiagram.merged(columns, label)
        case let parallel as Parallel:
            return ModelDiagram.merged(
                parallel.branches.enumerated().map { part($1, "branch\($0)") }, "\(parallel.merge)")
        case let named as Named: return block(named.layer, path: named.isShared ? named.name : path)
        default:
            // What stands inside a layer, such as the maps of attention, is part of its box.
            let inside = summary.rows.filter { path.isEmpty || $0.path.hasPrefix(path + "/") }
            let row = rows[path.isEmpty ? layer.kind : path] ?? inside.last
            let shape = row.map { "\($0.outputShape)" } ?? ""
            let own = rows[path].map { [$0] } ?? []
            let count = (inside + own).reduce(0) { $0 +| $1.parameterCount }
            let weights = count > 0 ? "\(ModelSummary.grouped(count)) parameters" : ""
            return box(layer.label, shape, weights, color: ModelDiagram.color(layer))
        }
    }

    private static let weighted: Set = [
        "dense", "embedding", "positionEmbedding", "multiHeadAttention", "transformerBlock", "squeezeExcitation",
    ]

    private static func color(_ layer: any Model) -> String {
        switch layer.kind {
        case let kind where kind.hasSuffix("Norm") || kind == "normalization": "normalization"
        case let kind where kind.lowercased().contains("pool"): "pooling"
        case let kind where kind.lowercased().contains("dropout") || kind.contains("Noise"): "noise"
        case let kind where kind.lowercased().contains("conv") || Self.weighted.contains(kind): "weights"
        default: "plain"
        }
    }

    // MARK: Drawing

    func box(_ title: String, _ left: String, _ right: String, color: String) -> Block {
        let title = title.count > 40 ? title.prefix(39) + "…" : title[...]
        return Block(width: Self.boxWidth, height: Self.boxHeight) { x, y in
            """
            <rect class="box \(color)" x="\(x)" y="\(y)" width="\(Self.boxWidth)" height="\(Self.boxHeight)" rx="5"/>
            <text x="\(x + 10)" y="\(y + 19)">\(Self.escaped(String(title)))</text>
            <text class="small" x="\(x + 10)" y="\(y + 36)">\(Self.escaped(left))</text>
            <text class="small" x="\(x + Self.boxWidth - 10)" y="\(y + 36)" text-anchor="end">\(Self.escaped(right))</text>

            """
        }
    }

    static let nothing = Block(width: 60, height: 0, isEmpty: true) { _, _ in "" }

    static func line(_ points: [(Double, Double)], arrow: Bool) -> String {
        let path = points.map { "\($0.0),\($0.1)" }.joined(separator: " ")
        return "<polyline class=\"line\" points=\"\(path)\"\(arrow ? " marker-end=\"url(#arrow)\"" : "")/>\n"
    }

    /// Blocks one below the other.
    static func column(_ blocks: [Block]) -> Block {
        let blocks = blocks.filter { !$0.isEmpty }
        guard !blocks.isEmpty else { return nothing }
        let width = blocks.map(\.width).max()!
        let height = blocks.reduce(0) { $0 + $1.height } + gap * Double(blocks.count - 1)
        return Block(width: width, height: height) { x, y in
            var (text, top) = ("", y)
            for (index, block) in blocks.enumerated() {
                text += block.draw(x + (width - block.width) / 2, top)
                top += block.height
                if index + 1 < blocks.count {
                    text += line([(x + width / 2, top), (x + width / 2, top + gap)], arrow: true)
                }
                top += gap
            }
            return text
        }
    }

    /// Blocks side by side that begin in one point and end in a merge.
    private static func merged(_ columns: [Block], _ label: String) -> Block {
        let width = columns.reduce(0) { $0 + $1.width } + gap * Double(Swift.max(0, columns.count - 1))
        let inner = columns.map(\.height).max() ?? 0
        return Block(width: width, height: gap + inner + gap + pillHeight) { x, y in
            let middle = x + width / 2
            var (text, left) = ("", x)
            for column in columns {
                let center = left + column.width / 2
                let end = y + gap + inner + gap
                text += line([(middle, y), (center, y), (center, y + gap)], arrow: !column.isEmpty)
                text += column.draw(left, y + gap)
                text += line(
                    [
                        (center, y + gap + column.height), (center, end - gap / 2), (middle, end - gap / 2),
                        (middle, end),
                    ], arrow: true)
                left += column.width + gap
            }
            return text + pill(label).draw(middle - pill(label).width / 2, y + gap + inner + gap)
        }
    }

    /// What several values become one by.
    static func pill(_ label: String) -> Block {
        let size = Swift.max(36, Double(label.count) * 8 + 16)
        return Block(width: size, height: pillHeight) { x, y in
            """
            <rect class="box merge" x="\(x)" y="\(y)" width="\(size)" height="\(pillHeight)" rx="13"/>
            <text x="\(x + size / 2)" y="\(y + 17)" text-anchor="middle">\(escaped(label))</text>

            """
        }
    }

    private static let pillHeight = 26.0

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
