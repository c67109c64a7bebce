/// The appearance of a picture.
public enum Theme: String, Sendable, Hashable, CaseIterable {
    /// Light or dark, as the reader's screen is set (`prefers-color-scheme`); light where that is unknown.
    case automatic
    /// Dark marks on a light ground.
    case light
    /// Light marks on a dark ground.
    case dark
}
