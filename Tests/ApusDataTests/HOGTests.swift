import ApusData
import ApusFixtures
import ApusTensor
import Testing

/// Histograms of oriented gradients, against scikit-image.
@Suite struct HOGTests {
    @Test func numbers() throws {
        let cases = try FixtureCase.all("features").filter { $0.name.hasPrefix("hog-") }
        #expect(cases.count == 5)
        for item in cases {
            let hog = HOG(
                orientations: try item.value("orientations"), cell: try item.value("cell"),
                block: try item.value("block"))
            let found = try hog(try item["images"])
            let expected = try item["features"]
            #expect(found.shape == expected.shape, "\(item.name)")
            for (a, b) in zip(found.scalars, expected.scalars) { #expect(abs(a - b) < 1e-5, "\(item.name)") }
        }
    }

    /// A data set keeps labels and classes; what scaled its images does not scale the histograms.
    @Test func dataset() throws {
        let images = Tensor.uniform([6, 12, 12, 1], key: RandomKey(seed: 1))
        let data = try Dataset(
            inputs: images, labels: [0, 1, 2, 0, 1, 2], classNames: ["a", "b", "c"],
            preprocessing: .standardizing(mean: 0.5, standardDeviation: 0.1))
        let hog = HOG(orientations: 4, cell: 4, block: 2)
        let features = try data.histogramsOfGradients(hog)
        #expect(features.sampleShape == [64] && features.classNames == ["a", "b", "c"])
        #expect((0..<6).map { features.label(at: $0) } == [0, 1, 2, 0, 1, 2])
        #expect(features.preprocessing == .identity)
        let expected = try hog(images).scalars
        #expect((0..<6).flatMap { features.features(at: $0).scalars } == expected)
    }

    @Test func whatIsImpossible() throws {
        func problem(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "nothing"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            problem { _ = try HOG(cell: 0).count(height: 8, width: 8) }
                == "histograms of gradients can't be taken with these settings. Expected at least 1 direction, and 1 pixel a cell and cell a block; received orientations 9, cell 0, block 3. Give numbers above 0."
        )
        #expect(
            problem { _ = try HOG()(.zeros([1, 16, 30, 1])) }
                == "no block of histograms of gradients fits into the images. Expected images of at least 24 · 24 pixels; received 16 · 30. Take smaller cells or blocks."
        )
        #expect(
            problem { _ = try HOG()(.zeros([30, 30])) }
                == "histograms of gradients are taken of images. Expected a tensor [N, H, W, C]; received the shape [30, 30]. Reshape it."
        )
        #expect(
            problem { _ = try Dataset.moons(seed: 1).histogramsOfGradients() }
                == "histograms of gradients are taken of images. Expected samples of the shape [H, W, C]; received [2]. Take a data set of images."
        )
    }
}
