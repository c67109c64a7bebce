package import ApusGraph
import ApusTensor

extension Loss {
    /// Why data with labels of so many classes can't be trained on; `nil` if they can, or the rule compares no classes.
    ///
    /// - Parameter output: The shape of the model's output, with the batch.
    package func problem(classes count: Int, output: Shape) -> String? {
        switch rule.meaning(of: output, hasClasses: false) {
        case .classes:
            if let problem = oneClassProblem(count) { return problem }
            guard output[-1] < count, acceptsLabels(output) else { return nil }
            return
                "the data have \(count) classes but the model yields \(output[-1]) outputs; end it with Dense(\(count))"
        case .yesOrNo:
            if let problem = oneClassProblem(count) { return problem }
            guard count > 2 else { return nil }
            return
                "the data have \(count) classes but \(name) with one output a sample compares answers of yes or no, 0 and 1; "
                + "use softmaxCrossEntropy and end the model with Dense(\(count))"
        case .numbers, .other: return nil
        }
    }

    private func oneClassProblem(_ count: Int) -> String? {
        count == 1
            ? "the data have one class only, so \(name) has nothing to tell apart; add samples of another class" : nil
    }

    /// Whether targets may be labels [N].
    private func acceptsLabels(_ output: Shape) -> Bool {
        let labels = Tensor(Node(.input("labels", TensorType([output[0]], .int64))))
        return rule.problem(Tensor(Node(.input("output", TensorType(output, .float32)))), labels) == nil
    }

    /// Why a target can't be compared with the one output of its sample; `nil` if it can.
    ///
    /// Answers are 0 or 1, or lie in between where samples are mixed; for hinges they may be −1.
    package func problem(answers: [Float]) -> String? {
        let least: Float = rule is Hinge || rule is SquaredHinge ? -1 : 0
        guard let wrong = answers.first(where: { !(least...1).contains($0) }) else { return nil }
        return
            "\(name) with one output a sample compares answers of yes or no, \(least == 0 ? "0" : "−1 or 0") and 1, but a target is \(wrong); "
            + "use a loss of numbers such as meanSquaredError, or scale the targets"
    }
}
