/// The appearance of a picture.
///
/// ```swift
/// let chart = Histogram("Errors", x: "Error", values: [0.1, -0.2, 0.05])
/// let print = chart.svg(theme: .light)   // for paper; .automatic follows the reader's screen
/// ```
public enum Theme: String, Sendable, Hashable, CaseIterable {
    /// Light or dark, as the reader's screen is set (`prefers-color-scheme`); light where that is unknown.
    case automatic
    /// Dark marks on a light ground.
    case light
    /// Light marks on a dark ground.
    case dark
}
