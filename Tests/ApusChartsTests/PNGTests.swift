import ApusCharts
import Testing

@Suite struct PNGTests {
    @Test(arguments: [(1, 1, 1), (3, 5, 3), (28, 28, 1), (300, 90, 3), (2, 2, 4), (2, 3, 2)])
    func samplesSurvive(height: Int, width: Int, channels: Int) throws {
        let samples = (0..<height * width * channels).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 251) }
        let png = try #require(PNG(height: height, width: width, channels: channels, samples: samples))
        let file = try DecodedPNG(png.bytes)
        #expect(file.width == width)
        #expect(file.height == height)
        #expect(file.colorType == [1: 0, 2: 4, 3: 2, 4: 6][channels])
        let length = width * channels
        let rows = (0..<height).map { Array(file.lines[$0 * (length + 1)..<($0 + 1) * (length + 1)]) }
        #expect(rows.allSatisfy { $0[0] == 0 })
        #expect(Array(rows.map { $0.dropFirst() }.joined()) == samples)
    }

    @Test func palettes() throws {
        let png = try #require(
            PNG(height: 1, width: 2, indices: [0, 1], palette: [Color(0x102030), Color(0xFFFFFF)], transparent: 1))
        let file = try DecodedPNG(png.bytes)
        #expect(file.colorType == 3)
        #expect(file.chunks["PLTE"] == [0x10, 0x20, 0x30, 0xFF, 0xFF, 0xFF])
        #expect(file.chunks["tRNS"] == [255, 0])
        #expect(file.lines == [0, 0, 1])
    }

    @Test func refusesWhatIsNoImage() {
        #expect(PNG(height: 2, width: 2, channels: 1, samples: [1, 2, 3]) == nil)
        #expect(PNG(height: 0, width: 2, channels: 1, samples: []) == nil)
        #expect(PNG(height: -1, width: -1, channels: 1, samples: [1]) == nil)
        #expect(PNG(height: 1, width: 1, channels: 5, samples: [1, 2, 3, 4, 5]) == nil)
        #expect(PNG(height: 1, width: 70_000, channels: 1, samples: [UInt8](repeating: 0, count: 70_000)) == nil)
        #expect(PNG(height: 1, width: 1, indices: [1], palette: [Color(0)]) == nil)
    }

    @Test func checksumsOfTheStandards() {
        #expect(PNG.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(PNG.adler32(Array("Wikipedia".utf8)) == 0x11E6_0398)
    }

    @Test(arguments: [1, 2, 3, 4, 5])
    func base64(width: Int) throws {
        let png = try #require(PNG(height: 1, width: width, channels: 1, samples: [UInt8](repeating: 7, count: width)))
        #expect(png.dataURI.hasPrefix("data:image/png;base64,iVBORw0KGgo"))
        #expect((png.dataURI.utf8.count - 22) % 4 == 0)
        #expect(decodeBase64(png.dataURI.dropFirst(22)) == png.bytes)
    }
}

private func decodeBase64(_ text: Substring) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var bytes: [UInt8] = []
    var (bits, count) = (0, 0)
    for character in text {
        guard let value = alphabet.firstIndex(of: character) else { break }
        (bits, count) = ((bits << 6 | value) & 0xFFFF, count + 6)
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(bits >> count & 255))
        }
    }
    return bytes
}

/// A reader that trusts nothing: signature, chunk order, CRC, stored blocks, Adler.
private struct DecodedPNG {
    struct Problem: Error { var text: String }

    var width = 0
    var height = 0
    var colorType = -1
    var chunks: [String: [UInt8]] = [:]
    var lines: [UInt8] = []

    init(_ bytes: [UInt8]) throws {
        func check(_ condition: Bool, _ text: String) throws { if !condition { throw Problem(text: text) } }
        func integer(_ slice: ArraySlice<UInt8>) -> Int { slice.reduce(0) { $0 << 8 | Int($1) } }
        try check(bytes.starts(with: [137, 80, 78, 71, 13, 10, 26, 10]), "signature")
        var place = 8
        var names: [String] = []
        while place < bytes.count {
            let length = integer(bytes[place..<place + 4])
            let content = bytes[place + 4..<place + 8 + length]
            var crc: UInt32 = ~0
            for byte in content {
                for bit in 0..<8 { crc = (crc ^ UInt32(byte >> bit)) & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
            }
            try check(integer(bytes[place + 8 + length..<place + 12 + length]) == Int(~crc), "CRC")
            let name = String(decoding: content.prefix(4), as: UTF8.self)
            names.append(name)
            chunks[name] = Array(content.dropFirst(4))
            place += 12 + length
        }
        try check(names.first == "IHDR" && names.last == "IEND" && names.contains("IDAT"), "chunks \(names)")
        let header = chunks["IHDR"] ?? []
        try check(header.count == 13 && header[8] == 8 && header[10...] == [0, 0, 0], "header")
        (width, height, colorType) = (integer(header[0..<4]), integer(header[4..<8]), Int(header[9]))
        let stream = chunks["IDAT"] ?? []
        try check(stream[0] == 0x78 && integer(stream[0..<2]) % 31 == 0, "zlib header")
        var at = 2
        var isLast = false
        while !isLast {
            isLast = stream[at] == 1
            let length = Int(stream[at + 1]) | Int(stream[at + 2]) << 8
            let complement = Int(stream[at + 3]) | Int(stream[at + 4]) << 8
            try check(length ^ complement == 0xFFFF, "block length")
            lines += stream[at + 5..<at + 5 + length]
            at += 5 + length
        }
        var (a, b) = (1, 0)
        for byte in lines { (a, b) = ((a + Int(byte)) % 65_521, (b + a + Int(byte)) % 65_521) }
        try check(integer(stream[at...]) == b << 16 | a, "Adler")
        try check(at + 4 == stream.count, "length")
    }
}
