import ApusCharts
import Foundation
import FoundationXML
import ApusTestKit
import Testing

@Suite struct ChartTests {
    @Test(arguments: samples.indices, Theme.allCases)
    func samplesAreWellFormed(index: Int, theme: Theme) throws {
        try expectSound(samples[index].svg(theme: theme))
    }

    @Test(arguments: [0.0, 1, 30, 90, 200, 3000, .infinity, .nan])
    func anySizeIsWellFormed(side: Double) throws {
        for sample in samples { try expectSound(sample.svg(size: ChartSize(width: side, height: side * 0.7))) }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func whateverTheNumbersAre(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let chart = generator.chart()
            let size = ChartSize(
                width: Double.random(in: 10...900, using: &generator),
                height: Double.random(in: 10...700, using: &generator))
            try expectSound(chart.svg(size: Bool.random(using: &generator) ? size : nil))
        }
    }

    /// More groups than colors: those that have a color again are rings, in the drawing and in the legend.
    @Test func groupsWithTheSameColor() {
        func rings(_ groups: Int) -> Int {
            let chart = ScatterChart(
                "Many", x: "x", y: "y", groups: (0..<groups).map { .init("\($0)", x: [Double($0)], y: [1]) })
            // Of a ring the border has a color, the inside that of the ground.
            return chart.svg(theme: .light).matches(of: /stroke-width="(1\.5|2)"/).count
        }
        let colors = Paint.categories.count
        #expect(rings(colors) == rings(1))
        #expect(rings(colors + 3) - rings(colors) == 6)
    }

    @Test func sameChartSameBytes() {
        for sample in samples { #expect(sample.svg() == sample.svg()) }
    }

    /// The style sheet of the automatic theme, applied by hand, gives the dark picture.
    @Test func darkRulesGiveTheDarkPicture() throws {
        // Rasters, and bars of colors, have a picture for each appearance.
        let sheets = samples.filter { !$0.svg(theme: .automatic).contains("apus-when-dark") }
        #expect(sheets.count == 8)
        for sample in sheets {
            let automatic = sample.svg(theme: .automatic)
            let parts = automatic.components(separatedBy: "<style>")
            #expect(parts.count == 2)
            let halves = parts[1].components(separatedBy: "</style>\n")
            var body = "\n" + halves[1]
            for rule in halves[0].components(separatedBy: "\n") where rule.hasPrefix(".apus-automatic [") {
                let pieces = rule.components(separatedBy: CharacterSet(charactersIn: "[]{}"))
                let (attribute, color) = (pieces[1], pieces[3].components(separatedBy: ":")[1])
                let name = attribute.components(separatedBy: "=")[0]
                // A color that was replaced is marked, so that no other rule takes it.
                body = body.replacingOccurrences(of: " \(attribute)", with: " \(name)=\"!\(color)\"")
            }
            body = body.replacingOccurrences(of: "=\"!#", with: "=\"#")
            let dark = sample.svg(theme: .dark)
            #expect(dark.hasSuffix(body))
        }
    }

    @Test func backgroundIsOptional() {
        let line = "<rect x=\"0\" y=\"0\" width=\"560\" height=\"320\" fill=\"#ffffff\"/>\n"
        let chart = LineChart("", x: "", y: "", series: [])
        #expect(chart.svg(theme: .light).contains(line))
        #expect(chart.svg(theme: .light, background: false) == chart.svg(theme: .light).replacing(line, with: ""))
    }

    @Test func longSeriesAreSmallFiles() {
        let y = (0..<200_000).map { Double($0 % 977) * Double($0 % 31) }
        let svg = LineChart("Loss", x: "Step", y: "Loss", series: [.init("raw", y: y)]).svg()
        #expect(svg.utf8.count < 60_000)
    }

    @Test func manyClassesAreSmallFiles() throws {
        let counts = (0..<1000).map { row in (0..<1000).map { row == $0 ? 50 : 0 } }
        let svg = ConfusionMatrixChart(counts: counts).svg()
        try expectSound(svg)
        #expect(svg.utf8.count < 600_000)
        #expect(!svg.contains("100 %</text>\n<text"))
    }

    @Test func cellsNameTheirCounts() {
        let svg = ConfusionMatrixChart(counts: [[9, 1], [0, 5]], classNames: ["cat", "dog"]).svg()
        for text in [
            ">9<", ">90 %<", ">cat<", "Accuracy 93.3 % of 15 examples", "true: cat\npredicted: dog\n1 (10 %)",
            "true: dog\npredicted: dog\n5 (100 %)",
        ] {
            #expect(svg.contains(text), "\(text)")
        }
    }
}

/// Well-formed XML, only finite numbers, at most two decimals.
func expectSound(_ svg: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let checker = Checker()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = checker
    let isWellFormed = parser.parse()
    let problem = "\(String(describing: parser.parserError)) in line \(parser.lineNumber)"
    #expect(isWellFormed, "\(problem)", sourceLocation: sourceLocation)
    #expect(checker.problems == [], sourceLocation: sourceLocation)
    #expect(checker.root == "svg", sourceLocation: sourceLocation)
}

private final class Checker: NSObject, XMLParserDelegate {
    var root: String?
    var problems: [String] = []

    private static let numeric: Set<String> = [
        "x", "y", "width", "height", "cx", "cy", "r", "rx", "d", "viewBox", "stroke-width", "font-size", "transform",
    ]

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        if root == nil { root = name }
        for (key, value) in attributes where Checker.numeric.contains(key) {
            let numbers = value.split { !"0123456789.-".contains($0) }
            for number in numbers.flatMap(Checker.separated) {
                let decimals = number.split(separator: ".").dropFirst().first?.count ?? 0
                if decimals > 2 || Double(number).map({ abs($0) > 1e6 }) ?? true {
                    problems.append("\(name) \(key): \(number)")
                }
            }
            if value.contains("nan") || value.contains("inf") { problems.append("\(name) \(key): \(value)") }
        }
    }

    /// `h3v1h-3`: a minus sign begins a number.
    private static func separated(_ text: Substring) -> [String] {
        var parts: [String] = []
        for character in text {
            if character == "-" || parts.isEmpty { parts.append("") }
            parts[parts.count - 1].append(character)
        }
        return parts
    }
}
