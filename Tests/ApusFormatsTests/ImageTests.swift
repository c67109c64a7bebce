import ApusFormats
import ApusTestKit
import ApusGraph
import Foundation
import Testing

@Suite struct ImageTests {
    /// The largest difference of two images; `nil` if they differ in size.
    static func difference(_ image: Image, _ expected: NumericArray) -> Int? {
        guard image.shape == expected.shape, image.pixels.count == expected.bytes.count else { return nil }
        return zip(image.pixels, expected.bytes).map { abs(Int($0) - Int($1)) }.max()
    }

    static let names: [String] = ImageFixture.names.filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }

    @Test func thereAreFixtures() { #expect(ImageTests.names.count == 43) }

    @Test(arguments: names)
    func imagesAreRead(name: String) throws {
        let expected = try ImageFixture.array(String(name.dropLast(4)))
        let image = try ImageFile.decode(ImageFixture.path(name))
        let difference = try #require(ImageTests.difference(image, expected), "\(image.shape)")
        // Composition rounds once more; libraries of JPEG differ a little.
        #expect(difference <= (name.hasSuffix(".jpg") ? 2 : name.contains("a-16") ? 1 : 0))
        #expect(try ImageFile.decode(ImageFixture.bytes(name)) == image)
    }

    @Test(arguments: ["gray-alpha-8", "gray-alpha-16-interlaced", "rgba-8-interlaced", "rgba-16"])
    func transparencyCanBeDropped(name: String) throws {
        let image = try ImageFile.decode(ImageFixture.path("\(name).png"), .init(transparency: .dropped))
        #expect(ImageTests.difference(image, try ImageFixture.array("\(name)/dropped")) == 0)
    }

    @Test func channelsAreConverted() throws {
        let path = ImageFixture.path("resize-rgb.png")
        let gray = try ImageFile.decode(path, .init(channels: 1))
        #expect(ImageTests.difference(gray, try ImageFixture.array("converted/resize-rgb")) == 0)
        let color = try ImageFile.decode(ImageFixture.path("gray-8.png"), .init(channels: 3))
        #expect(color.shape == [11, 13, 3])
        #expect(try color.converted(channels: 1) == ImageFile.decode(ImageFixture.path("gray-8.png")))
        #expect(
            message { try ImageFile.decode(path, .init(channels: 4)) }
                == "\(path): images have 1 or 3 channels. Expected 1 (gray) or 3 (RGB); received 4. Ask for 1 or 3 channels."
        )
    }

    @Test(arguments: [2, 4, 8])
    func jpegIsDecodedSmaller(denominator: Int) throws {
        let size = (height: (29 + denominator - 1) / denominator, width: (43 + denominator - 1) / denominator)
        let image = try ImageFile.decode(ImageFixture.path("jpeg-420.jpg"), .init(minimumSize: size))
        let expected = try ImageFixture.array("jpeg-420/scaled-\(denominator)")
        #expect(try #require(ImageTests.difference(image, expected)) <= 2)
        let larger = (height: size.height, width: size.width + 1)
        #expect(
            try ImageFile.decode(ImageFixture.path("jpeg-420.jpg"), .init(minimumSize: larger)).width >= size.width + 1)
        // 16 × 8 stored, upright 8 × 16: the size that is asked for is of the upright image.
        let turned = try ImageFile.decode(
            ImageFixture.path("jpeg-orientation-6.jpg"), .init(minimumSize: (height: 16 / denominator, width: 1)))
        #expect(turned.shape == [16 / denominator, 8 / denominator, 3])
    }

    @Test(arguments: ImageFixture.arrays.filter { $0.hasPrefix("resize/") })
    func imagesAreResized(name: String) throws {
        let expected = try ImageFixture.array(name)
        let source = name.dropFirst(7).prefix { $0 != "x" && !$0.isNumber }.dropLast()
        let image = try ImageFile.decode(ImageFixture.path("\(source).png"))
        let resized = try image.resized(height: expected.shape[0], width: expected.shape[1])
        #expect(try #require(ImageTests.difference(resized, expected)) <= 1)
    }

    @Test func sizesOfShorterSidesAndMiddles() throws {
        let image = try Image(height: 3, width: 4, channels: 1, pixels: Array(0..<12))
        #expect(try image.resized(shorterSide: 6).shape == [6, 8, 1])
        #expect(try image.resized(shorterSide: 2).shape == [2, 2, 1])
        #expect(try image.centerCropped(height: 2, width: 2).pixels == [1, 2, 5, 6])
        #expect(try image.centerCropped(height: 3, width: 1).pixels == [1, 5, 9])
        #expect(
            message { try image.centerCropped(height: 3, width: 5) }
                == "the middle that is asked for does not fit into the image. Expected at most 3 × 4 (height × width); "
                + "received 3 × 5. Resize the image first, or ask for less.")
        for (height, width) in [(0, 1), (1, -1), (Int.max, 2), (1 << 40, 1 << 40)] {
            #expect(throws: FormatError.self) { try image.resized(height: height, width: width) }
        }
        #expect(throws: FormatError.self) { try image.resized(shorterSide: .max) }
        #expect(throws: FormatError.self) { try image.resized(shorterSide: .min) }
        #expect(throws: FormatError.self) { try Image(height: 2, width: 2, channels: 1, pixels: [1, 2, 3]) }
        #expect(throws: FormatError.self) { try Image(height: 0, width: 2, channels: 1, pixels: []) }
        #expect(throws: FormatError.self) { try Image(height: .max, width: 2, channels: 1, pixels: []) }
        #expect(throws: FormatError.self) { try Image(height: 1, width: 1, channels: 2, pixels: [1, 2]) }
    }

    @Test(arguments: ["resize-rgb", "gray-8", "jpeg-444"])
    func imagesComeBackAsPNG(name: String) throws {
        let file = try #require(ImageTests.names.first { $0.hasPrefix("\(name).") })
        let image = try ImageFile.decode(ImageFixture.path(file))
        try withTemporaryFolder { folder in
            let path = try folder.file("out.png")
            try image.writePNG(to: path)
            #expect(try ImageFile.decode(path) == image)
            #expect(try contents(path) == image.encodedPNG())
        }
    }

    /// Whatever is missing at the end, an error says so.
    @Test(arguments: ["rgb-8.png", "rgba-16-interlaced.png", "palette-4.png", "jpeg-420.jpg", "jpeg-progressive.jpg"])
    func truncatedFilesAreRefused(name: String) throws {
        let bytes = try ImageFixture.bytes(name)
        for count in 0..<bytes.count {
            let text = message { try ImageFile.decode(Array(bytes[..<count]), name: "cut") }
            #expect(text.hasPrefix("cut: "), "\(count) of \(bytes.count): \(text)")
        }
        #expect(
            message { try ImageFile.decode(Array(bytes.dropLast(4)), name: "cut") }
                == "cut: the file ends before its image does (at byte \(bytes.count - 4)). Copy or download it again.")
    }

    @Test func sizesAreCheckedFirst() throws {
        var bytes = try ImageFixture.bytes("rgb-8.png")
        #expect(
            message { try ImageFile.decode(bytes, .init(pixelLimit: 142)) }
                == "image: the image is too large. Expected at most 142 pixels; received 11 × 13 (height × width). Make it "
                + "smaller, or raise the limit (pixelLimit) if you trust it.")
        #expect(try ImageFile.decode(bytes, .init(pixelLimit: 143)).height == 11)
        // 8192 × 8192, with the checksum that belongs to it.
        bytes.replaceSubrange(16..<24, with: [0, 0, 32, 0, 0, 0, 32, 0])
        bytes.replaceSubrange(29..<33, with: crc32(bytes[12..<29]))
        #expect(
            message { try ImageFile.decode(bytes) }.hasPrefix(
                "image: the file is far too short for its image (at byte \(bytes.count)). Expected at least 195083 bytes "
                    + "for 8192 × 8192 pixels (height × width); received"))
    }

    @Test func otherFilesAreRefused() throws {
        #expect(
            message { try ImageFile.decode(Array("GIF89a".utf8), name: "a.gif") }
                == "a.gif: this is not an image that can be read (at byte 0). Expected PNG or JPEG; received 47 49 46 38 39 "
                + "61. Convert it to PNG, or check the path.")
        var bytes = try ImageFixture.bytes("rgb-8.png")
        bytes[40] ^= 1
        #expect(message { try ImageFile.decode(bytes) }.contains("the image is damaged"))
        bytes = try ImageFixture.bytes("jpeg-444.jpg")
        // Nonsense in the midst of the compressed data.
        bytes.replaceSubrange(bytes.count / 2..<bytes.count / 2 + 40, with: Array(repeating: 0x55, count: 40))
        bytes.replaceSubrange(bytes.count / 2 + 40..<bytes.count / 2 + 42, with: [0xff, 0xd9])
        #expect(message { try ImageFile.decode(bytes) }.hasPrefix("image: "))
        try withTemporaryFolder { folder in
            #expect(
                message { try ImageFile.decode("\(folder)/none.png") }
                    == "\(folder)/none.png: there is no such file. Expected a PNG or JPEG image. Check the path.")
        }
    }

    private func crc32(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~crc >> $0) }
    }
}

/// Files of Tests/Fixtures, whose script tells what they are.
enum ImageFixture {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures")

    static func path(_ name: String) -> String { folder.appendingPathComponent("images/\(name)").path }

    static func bytes(_ name: String) throws -> [UInt8] { try contents(path(name)) }

    static func array(_ name: String) throws -> NumericArray {
        try NPZFile(folder.appendingPathComponent("images.npz").path).array(name)
    }

    static let names = (try? FileManager.default.contentsOfDirectory(atPath: path("")))?.sorted() ?? []
    static let arrays = (try? NPZFile(folder.appendingPathComponent("images.npz").path))?.names ?? []
}
