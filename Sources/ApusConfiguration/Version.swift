/// The version of this program.
///
/// ```swift
/// print("apus", ApusVersion.current)
/// ```
public enum ApusVersion {
    /// What `apus --version` says.
    public static let current = "0.1.0"
}
