package import ApusCharts

/// Pieces of pages that stand for themselves: nothing from a network.
package enum Page {
    /// A whole page; what is in it is well-formed XML too.
    ///
    /// - Parameters:
    ///   - style: Rules besides those of all pages.
    ///   - script: What the page does; it must not contain `]]>`.
    package static func document(
        _ title: String, _ body: String, language: String = "en", style: String = "", script: String = ""
    ) -> String {
        """
        <!DOCTYPE html>
        <html lang="\(language)">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>\(escape(title))</title>
        <style>
        \(Page.style)\(style.isEmpty ? "" : "\n" + style)
        </style>
        </head>
        <body>
        <main>
        \(body)
        </main>\(script.isEmpty ? "" : "\n<script>//<![CDATA[\n\(script)\n//]]></script>")
        </body>
        </html>

        """
    }

    package static func escape(_ text: String) -> String { XML.escape(text) }

    /// Lines as they are.
    package static func preformatted(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { escape(String($0)) }
        return "<pre>" + lines.joined(separator: "\n") + "</pre>"
    }

    static func section(_ title: String, _ content: String) -> String {
        content.isEmpty ? "" : "<section>\n<h2>\(escape(title))</h2>\n\(content)\n</section>\n"
    }

    package static func card(_ content: String, _ kind: String = "") -> String {
        content.isEmpty ? "" : "<div class=\"card\(kind.isEmpty ? "" : " \(kind)")\">\(content)</div>\n"
    }

    /// A picture; its colors are its own among those of other pictures of the page.
    static func picture(_ plot: Plot, number: Int) -> String {
        picture(plot.chart, size: plot.size, number: number)
    }

    /// A picture; its colors are its own among those of other pictures of the page.
    package static func picture(_ chart: any Chart, size: ChartSize? = nil, number: Int) -> String {
        chart.svg(size: size, theme: .automatic, background: false)
            .replacing("apus-automatic", with: "chart-\(number)")
            .replacing(" xmlns=\"http://www.w3.org/2000/svg\"", with: "")
    }

    /// A table whose first column is text and whose others are numbers; cells are markup.
    package static func table(_ header: [String], _ rows: [[String]]) -> String {
        let head = header.map { "<th>\(escape($0))</th>" }.joined()
        let body = rows.map { "<tr>" + $0.map { "<td>\($0)</td>" }.joined() + "</tr>" }.joined(separator: "\n")
        return "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead><tbody>\n\(body)\n</tbody></table></div>"
    }

    /// A fraction with a bar behind it.
    static func share(_ value: Double) -> String {
        guard value.isFinite else { return escape(NumberFormat.short(value)) }
        let width = XML.number(min(max(value, 0), 1) * 100)
        return "<span class=\"share\"><i style=\"width:\(width)%\"></i><b>\(decimals(value))</b></span>"
    }

    private static let style = """
        :root{--ground:#f4f6f8;--card:#ffffff;--ink:#1f2328;--muted:#59636e;--line:#dfe4ea;--accent:#0072b2;--bar:#cfe4f3;
        --good:#1a7f4b;--goodground:#e6f5ec;--note:#0b62a0;--noteground:#e6f1fa;--warning:#a34a00;--warningground:#fdf0e2}
        @media (prefers-color-scheme:dark){:root{--ground:#090c11;--card:#10151c;--ink:#e6edf3;--muted:#9aa4af;--line:#262e38;
        --accent:#4fa9e6;--bar:#1d3f59;--good:#4ccb8b;--goodground:#0e2a1c;--note:#6db9f2;--noteground:#0f2537;
        --warning:#ffab5e;--warningground:#33210d}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
        main{max-width:1200px;margin:0 auto;padding:28px 24px 56px}
        header h1{font-size:28px;line-height:1.2;margin:0 0 4px;font-weight:680;overflow-wrap:anywhere}
        header p{margin:0;color:var(--muted)}
        .state{display:inline-block;vertical-align:3px;margin-left:10px;padding:2px 10px;border-radius:999px;font-size:13px;font-weight:600}
        .state.good,.observation.good{color:var(--good);background:var(--goodground)}
        .state.note,.observation.note{color:var(--note);background:var(--noteground)}
        .state.warning,.observation.warning{color:var(--warning);background:var(--warningground)}
        h2{font-size:19px;margin:34px 0 12px;font-weight:650}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(146px,1fr));gap:10px;margin-top:22px}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
        .tile b{display:block;font-size:23px;line-height:1.25;font-weight:660;font-variant-numeric:tabular-nums;white-space:nowrap}
        .tile span{color:var(--muted);font-size:13px}
        .observations{display:grid;grid-template-columns:repeat(auto-fit,minmax(265px,1fr));gap:12px}
        .observation{border-radius:10px;padding:12px 16px}
        .observation b{display:block}
        .observation p{margin:2px 0 0;color:var(--ink)}
        .grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px}
        .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:6px;min-width:0}
        .card svg{display:block;margin:0 auto}
        .wide{grid-column:1/-1}
        .wide svg{width:100%}
        .results{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,4fr);gap:14px;align-items:start;margin-bottom:14px}
        .padded{padding:14px 18px}
        .padded h3{margin:0 0 8px;font-size:14px;font-weight:650}
        .padded pre+h3{margin-top:14px}
        .padded p:first-child{margin-top:0}
        .padded p:last-child{margin-bottom:0}
        ins,del{text-decoration:none;display:inline-block;min-width:100%}
        ins{color:var(--good);background:var(--goodground)}
        del{color:var(--warning);background:var(--warningground)}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13.5px}
        th,td{text-align:right;padding:5px 6px;border-bottom:1px solid var(--line);white-space:nowrap}
        th:first-child,td:first-child{text-align:left;padding-left:0}
        th{color:var(--muted);font-weight:550;font-size:13px}
        tbody tr:last-child td{border-bottom:0}
        .share{position:relative;display:inline-block;width:72px;text-align:right;padding:0 5px}
        .share i{position:absolute;left:0;top:0;bottom:0;border-radius:3px;background:var(--bar)}
        .share b{position:relative;font-weight:450}
        .scroll{overflow-x:auto}
        pre{margin:0;overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
        details summary{cursor:pointer;color:var(--accent);margin-top:8px}
        footer{margin-top:40px;color:var(--muted);font-size:13px}
        code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;overflow-wrap:anywhere}
        @media (max-width:820px){.grid,.results{grid-template-columns:minmax(0,1fr)}main{padding:18px 12px 40px}}
        @media print{body{background:#fff}.card,.tile{break-inside:avoid}}
        """
}
