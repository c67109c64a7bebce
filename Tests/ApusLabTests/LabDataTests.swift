import Apus
import ApusLab
import Testing

/// The parts of Fashion-MNIST that a seed draws.
@Suite struct LabDataTests {
    private func labels(_ samples: Dataset) -> [Int] { (0..<samples.count).map { samples.label(at: $0) } }

    /// A seed draws the same images again, another seed others; training and validation have none in common.
    @Test func partsAreDrawn() throws {
        let first = try LabData.fashion(training: 300, validation: 200, test: 50, seed: 1)
        let again = try LabData.fashion(training: 300, validation: 200, test: 50, seed: 1)
        let other = try LabData.fashion(training: 300, validation: 200, test: 50, seed: 2)
        let validation = try #require(first.validation)
        #expect(first.training.count == 300 && validation.count == 200 && first.test.count == 50)
        #expect(first.training.fingerprint == again.training.fingerprint)
        #expect(first.training.fingerprint != other.training.fingerprint)
        #expect(first.test.fingerprint == other.test.fingerprint)
        func pictures(_ samples: Dataset) -> Set<[Float]> {
            Set((0..<samples.count).map { samples.features(at: $0).cast(to: .float32).scalars })
        }
        #expect(pictures(first.training).isDisjoint(with: pictures(validation)))
    }

    /// Flipped labels belong to the same images, stored and scaled as the others are; each of the others is as likely.
    @Test func flippedLabels() throws {
        let plain = try LabData.fashion(training: 3000, seed: 5).training
        let flipped = try LabData.fashion(training: 3000, flipped: 0.2, seed: 5).training
        #expect(flipped.preprocessing == plain.preprocessing && flipped.elementType == plain.elementType)
        for index in [0, 7, 2999] {
            let bytes = flipped.features(at: index).cast(to: .float32).scalars
            #expect(bytes == plain.features(at: index).cast(to: .float32).scalars)
        }
        let changes = zip(labels(plain), labels(flipped)).map { ($1 - $0 + 10) % 10 }
        let share = Double(changes.count { $0 != 0 }) / 3000
        // Three and a half standard errors.
        #expect(abs(share - 0.2) < 0.026, "\(share)")
        for step in 1...9 { #expect((35...105).contains(changes.count { $0 == step }), "\(step)") }
        #expect(Set(labels(flipped)) == Set(0...9))
    }
}
