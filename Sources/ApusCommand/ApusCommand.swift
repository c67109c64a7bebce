import ApusInterchange

/// The `apus` command as a part of one's own program, whose files know layers, losses and other kinds of one's own.
///
/// A program of a few lines is a command with everything that `apus` can do:
///
/// ```swift
/// import Apus
/// import ApusCommand
///
/// struct Square: Layer, Codable {
///     func output(for x: Tensor, in context: Context) -> Tensor { x * x }
/// }
/// let asymmetric = Loss("asymmetric") { output, target in
///     maximum((output - target) * 2, target - output)
/// }
///
/// ApusCommand.main {
///     $0.layers.register(Square.self)  // model: [square, {dense: 1}]
///     $0.losses.register(asymmetric)  // loss: asymmetric
/// }
/// ```
public enum ApusCommand {
    /// Runs the command with the arguments of the process, and ends the process with the exit code that it deserves.
    ///
    /// - Parameter register: Receives the kinds that files know, to add others. Names that are taken end the process with exit code 64.
    public static func main(register: (inout Kinds) -> Void = { _ in }) {
        var kinds = Kinds()
        kinds.models.register(ONNXModel.self)
        register(&kinds)
        RootCommand.main(kinds.problems)
    }
}
