import CKernels

/// An element of an image: a byte or a number.
protocol Pixel: BitwiseCopyable {
    /// The distance from black to white.
    static var range: Float { get }
    static var zero: Self { get }
    /// Half of the last digit that interpolation takes of a place.
    static var placeRounding: Int { get }
    var number: Float { get }
    /// The nearest element; bytes stay in 0…255.
    init(nearest number: Float)
    /// The number between four neighbours, above `a` and `b`, below `c` and `d`, at the fractions of a place.
    static func interpolated(_ a: Self, _ b: Self, _ c: Self, _ d: Self, x: Int, y: Int) -> Self
    /// Samples a row of an image of one channel at the places (x + dx[i], y + dy[i]).
    ///
    /// - Returns: Whether there is a kernel that has done it.
    static func sampleRow(
        _ target: UnsafeMutablePointer<Self>, _ image: UnsafePointer<Self>, stride: Int, x: Int, y: Int,
        dx: UnsafePointer<Int>, dy: UnsafePointer<Int>, count: Int
    ) -> Bool
    /// The sum of every `stride`-th element.
    static func sum(_ elements: UnsafePointer<Self>, count: Int, stride: Int) -> Double
}

extension UInt8: Pixel {
    static var range: Float { 255 }
    static var placeRounding: Int { 1 << (Fixed.digits - 12) }
    @inline(__always) var number: Float { Float(self) }

    @inline(__always) init(nearest number: Float) {
        // Adding 2²³ leaves the nearest whole number in the lowest bits, halves to even.
        self.init(truncatingIfNeeded: (Swift.min(Swift.max(number, 0), 255) + 0x1p23).bitPattern)
    }

    @inline(__always) static func interpolated(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, x: Int, y: Int) -> UInt8
    {
        // Fractions of 11 digits: products of two and a byte fit into 31.
        let right = Int32(truncatingIfNeeded: (x >> (Fixed.digits - 11)) & 2047)
        let down = Int32(truncatingIfNeeded: (y >> (Fixed.digits - 11)) & 2047)
        let upper = Int32(a) &* 2048 &+ right &* (Int32(b) &- Int32(a))
        let lower = Int32(c) &* 2048 &+ right &* (Int32(d) &- Int32(c))
        let value = upper &* 2048 &+ down &* (lower &- upper)
        return UInt8(truncatingIfNeeded: (value &+ 1 << 21) >> 22)
    }
}

extension UInt8 {
    static func sampleRow(
        _ target: UnsafeMutablePointer<UInt8>, _ image: UnsafePointer<UInt8>, stride: Int, x: Int, y: Int,
        dx: UnsafePointer<Int>, dy: UnsafePointer<Int>, count: Int
    ) -> Bool {
        apus_sample_row_u8(target, image, Int32(stride), x, y, dx, dy, count)
        return true
    }

    static func sum(_ elements: UnsafePointer<UInt8>, count: Int, stride: Int) -> Double {
        var sum = 0
        for index in 0..<count { sum &+= Int(elements[index &* stride]) }
        return Double(sum)
    }
}

extension Float: Pixel {
    static var range: Float { 1 }
    static var placeRounding: Int { 0 }
    @inline(__always) var number: Float { self }
    @inline(__always) init(nearest number: Float) { self = number }

    @inline(__always) static func interpolated(_ a: Float, _ b: Float, _ c: Float, _ d: Float, x: Int, y: Int) -> Float
    {
        let right = Float(Int32(truncatingIfNeeded: (x >> (Fixed.digits - 24)) & 0xff_ffff)) * 0x1p-24
        let down = Float(Int32(truncatingIfNeeded: (y >> (Fixed.digits - 24)) & 0xff_ffff)) * 0x1p-24
        let upper = a + right * (b - a)
        let lower = c + right * (d - c)
        return upper + down * (lower - upper)
    }

    static func sampleRow(
        _ target: UnsafeMutablePointer<Float>, _ image: UnsafePointer<Float>, stride: Int, x: Int, y: Int,
        dx: UnsafePointer<Int>, dy: UnsafePointer<Int>, count: Int
    ) -> Bool { false }

    static func sum(_ elements: UnsafePointer<Float>, count: Int, stride: Int) -> Double {
        var sum = 0.0
        for index in 0..<count { sum += Double(elements[index &* stride]) }
        return sum
    }
}

/// The extent of an image; the elements of a pixel are neighbours in memory, rows follow each other.
struct ImageSize {
    let height: Int
    let width: Int
    let channels: Int

    var rowCount: Int { width * channels }
    var count: Int { height * rowCount }
}
