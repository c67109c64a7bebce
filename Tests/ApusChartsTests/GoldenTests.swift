import ApusCharts
import Testing

/// Two small pictures, word for word.
@Suite struct GoldenTests {
    private let root = """
        <svg xmlns="http://www.w3.org/2000/svg" class="apus-chart apus-THEME" width="240" height="HEIGHT" \
        viewBox="0 0 240 HEIGHT" role="img" aria-label="TITLE" font-size="11" \
        font-family="system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif" \
        style="max-width:100%;height:auto;font-variant-numeric:tabular-nums">

        """

    private func root(_ theme: String, height: String, title: String) -> String {
        root.replacing("THEME", with: theme).replacing("HEIGHT", with: height).replacing("TITLE", with: title)
    }

    @Test func lineChart() {
        let chart = LineChart(
            "Loss", x: "Epoch", y: "Loss", series: [.init("training", y: [3, 1])], markers: [.init(at: 2, "best")])
        let body = """
            <style>@media (prefers-color-scheme:dark){
            .apus-automatic [fill="#0058c0"]{fill:#55a8ff}
            .apus-automatic [fill="#1f2328"]{fill:#e6edf3}
            .apus-automatic [fill="#59636e"]{fill:#9aa4af}
            .apus-automatic [fill="#ffffff"]{fill:#10151c}
            .apus-automatic [stroke="#0058c0"]{stroke:#55a8ff}
            .apus-automatic [stroke="#59636e"]{stroke:#9aa4af}
            .apus-automatic [stroke="#afb8c1"]{stroke:#4a535e}
            .apus-automatic [stroke="#e7eaee"]{stroke:#232a33}
            .apus-automatic [stroke="#ffffff"]{stroke:#10151c}
            }</style>
            <rect x="0" y="0" width="240" height="160" fill="#ffffff"/>
            <text x="14" y="24" fill="#1f2328" font-size="13.5" font-weight="600">Loss</text>
            <path d="M46.85 109.85H218M46.85 78.32H218M46.85 46.78H218" stroke="#e7eaee" fill="none"/>
            <path d="M46.85 113H218" stroke="#afb8c1"/>
            <g fill="#59636e" text-anchor="end">
            <text x="39.85" y="113.65">1</text>
            <text x="39.85" y="82.12">2</text>
            <text x="39.85" y="50.58">3</text>
            </g>
            <g fill="#59636e" text-anchor="middle">
            <text x="49.34" y="129">1</text>
            <text x="215.51" y="129">2</text>
            </g>
            <text x="132.42" y="148" fill="#59636e" text-anchor="middle" font-weight="500">Epoch</text>
            <text x="23" y="78" transform="rotate(-90 23 78)" fill="#59636e" text-anchor="middle" font-weight="500">Loss</text>
            <path d="M215.51 43V113" stroke="#59636e" stroke-dasharray="3 3"/>
            <svg x="42.85" y="39" width="179.15" height="78" viewBox="42.85 39 179.15 78">
            <path d="M49.34 46.78L215.51 109.85" stroke="#0058c0" stroke-width="2" fill="none" stroke-linejoin="round" stroke-linecap="round"/>
            <g fill="#0058c0" stroke="#ffffff">
            <circle cx="49.34" cy="46.78" r="3"><title>training: 3
            Epoch 1</title></circle>
            <circle cx="215.51" cy="109.85" r="3"><title>training: 1
            Epoch 2</title></circle>
            </g>
            </svg>
            <text x="186.22" y="54" fill="#1f2328" stroke="#ffffff" stroke-width="3" paint-order="stroke" stroke-linejoin="round">best</text>
            </svg>

            """
        #expect(
            chart.svg(size: ChartSize(width: 240, height: 160)) == root("automatic", height: "160", title: "Loss")
                + body)
    }

    @Test func barChart() {
        let chart = BarChart(
            "Time", axis: Axis("Time", unit: "ms"), labels: ["conv & pool", "dense"], values: [2, 0.5])
        let body = """
            <rect x="0" y="0" width="240" height="140" fill="#ffffff"/>
            <text x="14" y="24" fill="#1f2328" font-size="13.5" font-weight="600">Time</text>
            <path d="M86.37 43V93M141.61 43V93M196.85 43V93" stroke="#e7eaee" fill="none"/>
            <path d="M86.37 93H218" stroke="#afb8c1"/>
            <g fill="#59636e" text-anchor="end">
            <text x="79.37" y="59.3">conv &amp; pool</text>
            <text x="79.37" y="84.3">dense</text>
            </g>
            <g fill="#59636e" text-anchor="middle">
            <text x="86.37" y="109">0</text>
            <text x="141.61" y="109">1</text>
            <text x="196.85" y="109">2</text>
            </g>
            <text x="152.19" y="128" fill="#59636e" text-anchor="middle" font-weight="500">Time (ms)</text>
            <rect x="86.37" y="46.75" width="110.48" height="17.5" rx="2" fill="#0058c0"><title>conv &amp; pool: 2 ms</title></rect>
            <text x="201.85" y="59.1" fill="#1f2328" font-size="10.5">2.0</text>
            <rect x="86.37" y="71.75" width="27.62" height="17.5" rx="2" fill="#0058c0"><title>dense: 0.5 ms</title></rect>
            <text x="118.99" y="84.1" fill="#1f2328" font-size="10.5">0.5</text>
            <path d="M86.37 43V93" stroke="#afb8c1"/>
            </svg>

            """
        let svg = chart.svg(size: ChartSize(width: 240, height: 140), theme: .light)
        #expect(svg == root("light", height: "140", title: "Time") + body)
    }
}
