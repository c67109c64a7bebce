import ApusData
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Augmentations as experiment files write them.
@Suite struct AugmentationFileTests {
    @Test func listOfTheGuide() throws {
        let text = """
            [{"flip": "horizontal"}, {"randomCrop": 4}, {"rotation": 10}, {"cutout": 8}, {"mixup": 0.2}, "zoom",
             {"flip": {"direction": "vertical", "probability": 0.1}}, {"randomCrop": {"mode": "reflect"}}]
            """
        #expect(
            try [Augmentation].read(text) == [
                .flip(), .randomCrop(padding: 4), .rotation(degrees: 10), .cutout(size: 8), .mixup(alpha: 0.2), .zoom(),
                .flip(direction: .vertical, probability: 0.1), .randomCrop(padding: 4, mode: .reflect),
            ])
    }

    @Test(arguments: AugmentationTests.lists) func writtenAndReadAgain(list: [Augmentation]) throws {
        let text = String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
        #expect(try [Augmentation].read(text) == list)
    }

    @Test(arguments: [
        (#"{"flipp": "horizontal"}"#, "there is no augmentation flipp (did you mean flip?)"),
        (#"{"flip": "diagonal"}"#, "there is no direction diagonal (known are horizontal, vertical)"),
        (#"{"flip": {"probability": 1.5}}"#, "flip needs a probability in 0…1, received 1.5"),
        (#"{"flip": {"chance": 0.5}}"#, "there is no key chance (known are direction, probability)"),
        (#"{"randomCrop": 0}"#, "randomCrop needs a padding in 1…65536 pixels, received 0"),
        (#"{"randomCrop": {"mode": "zero"}}"#, "there is no padding mode zero (did you mean zeros?)"),
        (
            #"{"randomCrop": 9223372036854775807}"#,
            "randomCrop needs a padding in 1…65536 pixels, received 9223372036854775807"
        ),
        (#"{"rotation": 200}"#, "rotation needs a number of degrees in 0…180, received 200"),
        (#"{"translation": -0.1}"#, "translation needs a fraction in 0…1, received -0.1"),
        (#"{"zoom": 1}"#, "zoom needs a range in 0…0.9, received 1"),
        (#"{"brightness": 2}"#, "brightness needs a delta in 0…1, received 2"),
        (#"{"contrast": -1}"#, "contrast needs a delta in 0…1, received -1"),
        (#"{"cutout": -3}"#, "cutout needs a size in 1…65536 pixels, received -3"),
        (#"{"noise": 0}"#, "noise needs a positive standardDeviation, received 0"),
        (#"{"mixup": 0}"#, "mixup needs a positive alpha, received 0"),
        (#"{"cutmix": -0.5}"#, "cutmix needs a positive alpha, received -0.5"),
        (#"{"flip": "horizontal", "zoom": 0.1}"#, "expected one augmentation but received flip, zoom"),
    ])
    func whatIsWrong(text: String, message: String) { #expect(Augmentation.failure(text) == message) }

    // MARK: Samples that do not fit

    private func problem(_ augmentation: Augmentation, of data: Dataset) -> String {
        message { try data.check([augmentation]) }
    }

    @Test func samplesThatDoNotFit() throws {
        let table = try Dataset(inputs: .zeros([4, 3]), labels: [0, 1, 0, 1])
        #expect(
            problem(.rotation(), of: table)
                == "the augmentation rotation needs images. Expected samples [height, width, channels]; received "
                + "float32[3]. Reshape the samples, or leave the augmentation out.")
        #expect(throws: Never.self) { try table.check([.noise(), .mixup()]) }
        let numbers = try Dataset(inputs: .zeros([2, 4, 4, 1]), targets: .zeros([2, 1]))
        #expect(
            problem(.cutmix(), of: numbers)
                == "the augmentation cutmix mixes labels of classes. Expected labels of classes; received float32[1]. "
                + "Leave it out for numeric targets.")
        #expect(
            problem(.randomCrop(padding: 4, mode: .reflect), of: numbers)
                == "the augmentation randomCrop can't reflect more than the image has. Expected a padding less than the "
                + "image's sides; received 4 for float32[4, 4, 1]. Give a smaller padding, or the mode zeros.")
        #expect(
            problem(.zoom(range: 3), of: numbers)
                == "zoom needs a range in 0…0.9, received 3. Give a value in this range.")
        let wide = try Dataset(inputs: .zeros([2, 4, 4, 1], type: .int32), labels: [0, 1])
        #expect(
            problem(.flip(), of: wide)
                == "the augmentation flip can't change samples of this type. Expected uint8 or float32; received "
                + "int32[4, 4, 1]. Convert the samples, or leave the augmentation out.")
    }
}
