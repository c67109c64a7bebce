import ApusGraph
import Testing

@Suite struct GeometryTests {
    private func size(_ height: Int, _ width: Int) -> ImageSize { ImageSize(height: height, width: width) }

    @Test(arguments: 1...9, [1, 2, 3])
    func samePaddingGivesTheSizeOverTheStride(size: Int, stride: Int) {
        for window in 1...4 {
            for dilation in 1...2 {
                let strides = ImageSize(height: stride, width: stride)
                let dilations = ImageSize(height: dilation, width: dilation)
                let image = ImageSize(height: size, width: size + 1)
                let windows = ImageSize(height: window, width: window)
                let padding = ImagePadding.same(image: image, window: windows, strides: strides, dilation: dilations)
                let geometry = ConvolutionGeometry(strides: strides, padding: padding, dilation: dilations)
                let output = geometry.output(image: image, window: windows)
                #expect(output?.height == (size + stride - 1) / stride)
                #expect(output?.width == (size + stride) / stride)
                // The odd pixel goes to the end.
                #expect((0...1).contains(padding.bottom - padding.top))
            }
        }
    }

    @Test func convolutionOutput() {
        let geometry = ConvolutionGeometry(
            strides: size(2, 3), padding: ImagePadding(top: 1, left: 0, bottom: 2, right: 1), dilation: size(2, 1))
        // ⌊(7 + 3 − 2·2 − 1) / 2⌋ + 1 and ⌊(8 + 1 − 1 − 1) / 3⌋ + 1
        #expect(geometry.output(image: size(7, 8), window: size(3, 2)) == size(3, 3))
        #expect(ConvolutionGeometry().output(image: size(2, 2), window: size(3, 1)) == nil)
    }

    @Test func poolOutput() {
        func output(_ extent: Int, _ window: Int, _ stride: Int, _ padding: Int, ceil: Bool) -> Int? {
            PoolGeometry(
                window: size(window, 1), strides: size(stride, 1),
                padding: ImagePadding(top: padding, left: 0, bottom: padding, right: 0), ceilMode: ceil
            ).output(image: size(extent, 1))?.height
        }
        #expect(output(6, 3, 2, 0, ceil: false) == 2)
        #expect(output(6, 3, 2, 0, ceil: true) == 3)
        #expect(output(7, 3, 2, 0, ceil: true) == 3)
        // The last window must start inside the image or the padding before it.
        #expect(output(3, 1, 3, 0, ceil: true) == 1)
        #expect(output(4, 2, 3, 1, ceil: true) == 2)
        #expect(output(2, 3, 1, 0, ceil: true) == nil)
    }
}
