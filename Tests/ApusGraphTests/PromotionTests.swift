import ApusGraph
import Testing

@Suite struct PromotionTests {
    @Test(arguments: [
        (ElementType.bool, ElementType.uint8, ElementType.uint8), (.uint8, .int32, .int32), (.int32, .int64, .int64),
        (.int64, .bfloat16, .bfloat16), (.bfloat16, .float32, .float32), (.float32, .float64, .float64),
        (.int64, .float32, .float32), (.bool, .bool, .bool),
    ])
    func promotedType(_ a: ElementType, _ b: ElementType, _ expected: ElementType) {
        #expect(ElementType.promoted(a, b) == expected)
        #expect(ElementType.promoted(b, a) == expected)
        if expected != .bool {
            #expect(Node.binary(.add, input([2], a), input([2], b)).type == TensorType([2], expected))
            #expect(Node.binary(.less, input([2], a), input([2], b)).type == TensorType([2], .bool))
            #expect(Node.select(input([2], .bool), input([2], a), input([2], b)).type == TensorType([2], expected))
        }
    }

    @Test(
        arguments: [
            ([3, 4], [4], [3, 4]), ([3, 1], [1, 4], [3, 4]), ([], [2, 3], [2, 3]), ([5, 1, 3], [2, 1], [5, 2, 3]),
            ([0, 3], [1, 3], [0, 3]), ([1], [0], [0]), ([2], [2], [2]),
        ] as [(Shape, Shape, Shape)])
    func broadcastShape(_ a: Shape, _ b: Shape, _ expected: Shape) {
        #expect(Shape.broadcast(a, b) == expected)
        #expect(Shape.broadcast(b, a) == expected)
        #expect(Node.binary(.multiply, input(a), input(b)).shape == expected)
    }

    @Test(arguments: [([3], [4]), ([2, 3], [2]), ([0], [2])] as [(Shape, Shape)])
    func shapesThatDoNotBroadcast(_ a: Shape, _ b: Shape) {
        #expect(Shape.broadcast(a, b) == nil)
    }

    @Test func nothingIsAddedWhereNothingChanges() {
        let x = input([3, 4])
        #expect(x.cast(to: .float32) === x)
        #expect(x.broadcast(to: [3, 4]) === x)
        #expect(x.reshape([3, 4]) === x)
        #expect(x.transpose([0, 1]) === x)
        #expect(x.reduce(.sum, []) === x)
    }

    @Test(
        arguments: [
            ([2, 3], [3, 4], [2, 4]), ([5, 2, 3], [3, 4], [5, 2, 4]), ([5, 2, 3], [5, 3, 4], [5, 2, 4]),
            ([2, 3], [5, 3, 4], [5, 2, 4]), ([7, 1, 2, 3], [5, 3, 4], [7, 5, 2, 4]),
        ] as [(Shape, Shape, Shape)])
    func matmulShape(_ a: Shape, _ b: Shape, _ expected: Shape) {
        let product = Node.matmul(input(a), input(b))
        #expect(product.problems == [])
        #expect(product.shape == expected)
    }

    @Test func constantsAreRoundedToTheirType() {
        #expect(Node.constant(0.1, [], .float32).constantValue == Double(Float(0.1)))
        #expect(Node.constant(2.7, [], .int32).constantValue == 2)
        #expect(Node.constant(.nan, [], .int64).constantValue == 0)
        #expect(Node.constant(300, [], .uint8).constantValue == 255)
        #expect(Node.constant(0.5, [], .bool).constantValue == 1)
    }
}
