import ApusGraph
import ApusNN
import ApusTensor
import Testing

@Suite struct OutputMeaningTests {
    private static let logits = OutputMeaning.classes(areProbabilities: false)
    private static let probabilities = OutputMeaning.classes(areProbabilities: true)
    private static let yes = OutputMeaning.yesOrNo(isProbability: false)
    private static let probabilityOfYes = OutputMeaning.yesOrNo(isProbability: true)

    /// What each loss of classes says of rows [8, 3] and [8, 1], and of numbers [8].
    static let ofClasses: [(Loss, [OutputMeaning])] = [
        (.softmaxCrossEntropy, [logits, .other, .other]),
        (.softmaxCrossEntropy(fromProbabilities: true), [probabilities, .other, .other]),
        (.focal(), [logits, .other, .other]),
        (.focal(fromProbabilities: true), [probabilities, .other, .other]),
        (.klDivergence, [probabilities, .other, .other]),
        (.categoricalHinge, [logits, .other, .other]),
        (.binaryCrossEntropy, [.other, yes, yes]),
        (.binaryCrossEntropy(fromProbabilities: true), [.other, probabilityOfYes, probabilityOfYes]),
        (.binaryFocal(), [.other, yes, yes]),
        (.binaryFocal(fromProbabilities: true), [.other, probabilityOfYes, probabilityOfYes]),
        (.hinge, [.other, yes, yes]),
        (.squaredHinge, [.other, yes, yes]),
    ]

    static let ofQuantities: [Loss] = [
        .meanSquaredError, .meanAbsoluteError, .meanAbsolutePercentageError, .meanSquaredLogarithmicError, .huber(),
        .logCosh, .poisson, .cosineSimilarity,
    ]

    @Test(arguments: ofClasses) func lossesOfClasses(_ loss: Loss, _ expected: [OutputMeaning]) {
        for hasClasses in [false, true] { #expect(meanings(loss, hasClasses) == expected + [.other]) }
    }

    /// Distances of quantities say nothing of classes; the data do.
    @Test(arguments: ofQuantities) func lossesOfQuantities(_ loss: Loss) {
        let (logits, yes) = (OutputMeaningTests.logits, OutputMeaningTests.yes)
        #expect(meanings(loss, false) == [.numbers, .numbers, .numbers, .numbers])
        #expect(meanings(loss, true) == [logits, yes, yes, .other])
    }

    /// Of outputs [8, 3], [8, 1], [8] and [8, 4, 3].
    private func meanings(_ loss: Loss, _ hasClasses: Bool) -> [OutputMeaning] {
        [[8, 3], [8, 1], [8], [8, 4, 3]].map { loss.meaning(of: Shape($0), hasClasses: hasClasses) }
    }

    @Test func outputsBecomeProbabilities() {
        let numbers = Tensor([0, 2] as [Float], shape: [2, 1])
        let both = OutputMeaningTests.yes(numbers).scalars
        #expect(both[0] == 0.5 && both[1] == 0.5)
        #expect(abs(both[3] - 0.880797) < 1e-6 && abs(both[2] + both[3] - 1) < 1e-6)
        #expect(OutputMeaningTests.probabilities(numbers).scalars == [0, 2])
        #expect(OutputMeaning.numbers(numbers).scalars == [0, 2])
    }
}
