/// The sheet on which charts draw: it collects SVG elements and the colors of both appearances.
///
/// Every color is written as the plain attribute of the light appearance, which any program that shows SVG understands. With
/// the automatic theme a style sheet then replaces, where the reader prefers a dark screen, each light color by its dark
/// partner. No element needs an identifier, so charts can stand beside each other in one page.
///
/// ```swift
/// struct Twins: Chart {
///     var title = "Before and after"
///     var before, after: Histogram
///     func draw(on canvas: inout Canvas, in area: Rectangle) {
///         let half = area.width / 2
///         before.draw(
///             on: &canvas, in: Rectangle(x: area.x, y: area.y, width: half, height: area.height))
///         after.draw(
///             on: &canvas,
///             in: Rectangle(x: area.x + half, y: area.y, width: half, height: area.height))
///     }
/// }
/// ```
public struct Canvas: Sendable {
    let theme: Theme
    private(set) var body = ""
    private var replacements: [String: Color] = [:]
    private var hasRaster = false

    init(theme: Theme) { self.theme = theme }

    /// A color as the value of an attribute.
    private mutating func value(_ paint: Paint, for attribute: String) -> String {
        switch theme {
        case .light: return paint.light.hexadecimal
        case .dark: return paint.dark.hexadecimal
        case .automatic:
            // Two paints that share their light color must stay apart: the second moves by a step nobody sees.
            var light = paint.light
            for _ in 0..<16 {
                let known = replacements["\(attribute)=\"\(light.hexadecimal)\""]
                if known == nil || known == paint.dark { break }
                light.blue = light.blue > 127 ? light.blue - 1 : light.blue + 1
            }
            replacements["\(attribute)=\"\(light.hexadecimal)\""] = paint.dark
            return light.hexadecimal
        }
    }

    /// ` fill="#…"`, ready to be put into a tag.
    mutating func fill(_ paint: Paint) -> String { " fill=\"\(value(paint, for: "fill"))\"" }

    /// ` stroke="#…" stroke-width="…"`, ready to be put into a tag.
    mutating func stroke(_ paint: Paint, width: Double = 1, dash: String? = nil) -> String {
        var text = " stroke=\"\(value(paint, for: "stroke"))\""
        if width != 1 { text += " stroke-width=\"\(XML.number(width))\"" }
        if let dash { text += " stroke-dasharray=\"\(dash)\"" }
        return text
    }

    /// A tag with attributes that are already text; `hint` (lines) appears when the pointer rests on the element.
    mutating func element(_ name: String, _ attributes: String, hint: String? = nil) {
        if let hint {
            let lines = hint.split(separator: "\n").map { XML.escape(String($0)) }
            body += "<\(name)\(attributes)><title>\(lines.joined(separator: "\n"))</title></\(name)>\n"
        } else {
            body += "<\(name)\(attributes)/>\n"
        }
    }

    mutating func rectangle(_ area: Rectangle, _ attributes: String, radius: Double = 0, hint: String? = nil) {
        var text = " x=\"\(XML.number(area.x))\" y=\"\(XML.number(area.y))\""
        text += " width=\"\(XML.number(area.width))\" height=\"\(XML.number(area.height))\""
        if radius > 0 { text += " rx=\"\(XML.number(radius))\"" }
        element("rect", text + attributes, hint: hint)
    }

    mutating func path(_ commands: String, _ attributes: String, hint: String? = nil) {
        guard !commands.isEmpty else { return }
        element("path", " d=\"\(commands)\"" + attributes, hint: hint)
    }

    mutating func circle(_ center: Point, radius: Double? = nil, _ attributes: String = "", hint: String? = nil) {
        var text = " cx=\"\(XML.number(center.x))\" cy=\"\(XML.number(center.y))\""
        if let radius { text += " r=\"\(XML.number(radius))\"" }
        element("circle", text + attributes, hint: hint)
    }

    /// One line of text whose baseline starts, is centered or ends at a point.
    mutating func text(_ text: String, at point: Point, rotation: Double = 0, _ attributes: String = "") {
        guard !text.isEmpty else { return }
        body += "<text x=\"\(XML.number(point.x))\" y=\"\(XML.number(point.y))\""
        if rotation != 0 {
            body += " transform=\"rotate(\(XML.number(rotation)) \(XML.number(point.x)) \(XML.number(point.y)))\""
        }
        body += "\(attributes)>\(XML.escape(text))</text>\n"
    }

    /// Elements that share attributes; a group that stays empty leaves no trace.
    mutating func group(_ attributes: String, _ draw: (inout Canvas) -> Void) {
        enclose("<g\(attributes)>\n", "</g>\n", draw)
    }

    /// Elements of which only what lies in the area is seen.
    mutating func clipped(to area: Rectangle, _ draw: (inout Canvas) -> Void) {
        let numbers = [area.x, area.y, area.width, area.height].map(XML.number)
        enclose(
            "<svg x=\"\(numbers[0])\" y=\"\(numbers[1])\" width=\"\(numbers[2])\" height=\"\(numbers[3])\""
                + " viewBox=\"\(numbers.joined(separator: " "))\">\n", "</svg>\n", draw)
    }

    /// Elements in units of a grid that is stretched over the area.
    mutating func grid(columns: Int, rows: Int, over area: Rectangle, _ draw: (inout Canvas) -> Void) {
        let numbers = [area.x, area.y, area.width, area.height].map(XML.number)
        enclose(
            "<svg x=\"\(numbers[0])\" y=\"\(numbers[1])\" width=\"\(numbers[2])\" height=\"\(numbers[3])\""
                + " viewBox=\"0 0 \(columns) \(rows)\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\">\n",
            "</svg>\n", draw)
    }

    private mutating func enclose(_ opening: String, _ closing: String, _ draw: (inout Canvas) -> Void) {
        let before = body
        body = ""
        draw(&self)
        body = body.isEmpty ? before : before + opening + body + closing
    }

    /// A raster image with sharp pixels, stretched over the area.
    mutating func image(_ png: PNG, over area: Rectangle, hint: String? = nil) {
        imageElement(png, over: area, "", hint: hint)
    }

    /// A raster image whose colors depend on the appearance.
    mutating func image(light: PNG, dark: PNG, over area: Rectangle) {
        switch theme {
        case .light: imageElement(light, over: area, "", hint: nil)
        case .dark: imageElement(dark, over: area, "", hint: nil)
        case .automatic:
            hasRaster = true
            imageElement(light, over: area, " class=\"apus-when-light\"", hint: nil)
            imageElement(dark, over: area, " class=\"apus-when-dark\" display=\"none\"", hint: nil)
        }
    }

    private mutating func imageElement(_ png: PNG, over area: Rectangle, _ attributes: String, hint: String?) {
        var text = " x=\"\(XML.number(area.x))\" y=\"\(XML.number(area.y))\""
        text += " width=\"\(XML.number(area.width))\" height=\"\(XML.number(area.height))\""
        text += " preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"\(png.dataURI)\""
        element("image", text + attributes, hint: hint)
    }

    /// The rules that turn the light appearance into the dark one; empty unless the theme is automatic.
    var styleSheet: String {
        guard theme == .automatic else { return "" }
        var rules = replacements.sorted { $0.key < $1.key }.map { key, dark in
            let attribute = key.prefix { $0 != "=" }
            return ".apus-automatic [\(key)]{\(attribute):\(dark.hexadecimal)}"
        }
        if hasRaster {
            rules.append(".apus-automatic .apus-when-light{display:none}")
            rules.append(".apus-automatic .apus-when-dark{display:inline}")
        }
        return "<style>@media (prefers-color-scheme:dark){\n" + rules.joined(separator: "\n") + "\n}</style>\n"
    }
}
