import ApusGraph
import ApusTensor
import Foundation
import Testing

@Suite struct TensorValueTests {
    // MARK: Making

    @Test func constructors() {
        #expect(Tensor([1, 2, 3]).elementType == .int64)
        #expect(Tensor([1.5]).elementType == .float32)
        #expect(Tensor([UInt8(200)]).elementType == .uint8)
        #expect(Tensor([Int32(2)]).elementType == .int32)
        #expect(Tensor([true]).elementType == .bool)
        #expect(Tensor(3.5).shape == [] && Tensor(3.5).item() == 3.5)
        #expect(Tensor([[1.0, 2], [3, 4], [5, 6]]).shape == [3, 2])
        #expect(Tensor([300.7, -4], type: .uint8).scalars(as: Int.self) == [255, 0])
        #expect(Tensor([Double](), shape: [0, 3]).count == 0)
        #expect(
            Tensor([1.0, 2], shape: [3]).problems.first?.message == "2 numbers do not fill the shape [3], which holds 3"
        )
        #expect(Tensor([[1.0], [2, 3]]).problems.first?.message == "rows of different lengths: [1, 2]")
        #expect(Tensor.zeros([2, 2]).scalars == [0, 0, 0, 0])
        #expect(Tensor.full([2], 7, type: .int32).scalars(as: Int.self) == [7, 7])
        #expect(Tensor.identity(3).scalars == [1, 0, 0, 0, 1, 0, 0, 0, 1])
        #expect(Tensor.arange(0, 5, step: 2).scalars == [0, 2, 4])
        #expect(Tensor.arange(3).scalars == [0, 1, 2])
        #expect(Tensor.arange(5, 0, step: -2).scalars == [5, 3, 1])
        #expect(Tensor.arange(3, 3).count == 0)
        #expect(Tensor.linspace(0, 1, count: 5).scalars == [0, 0.25, 0.5, 0.75, 1])
        #expect(Tensor.linspace(2, 9, count: 1).scalars == [2])
        #expect(
            Tensor(bytes: [1, 0, 0, 0, 255, 255, 255, 255], TensorType([2], .int32)).scalars(as: Int.self) == [1, -1])
    }

    // MARK: Promotion

    @Test func tensorsPromoteAlongTheChain() {
        let types: [ElementType] = [.bool, .uint8, .int32, .int64, .bfloat16, .float32, .float64]
        for (i, a) in types.enumerated() {
            for (j, b) in types.enumerated() where i + j > 0 {
                let sum = Tensor([1.0], type: a) + Tensor([1.0], type: b)
                #expect(sum.elementType == types[max(i, j)])
                #expect(sum.item() == 2)
            }
        }
    }

    @Test func numbersInTheProgram() {
        let integers = Tensor([1, 2], type: .int64)
        #expect((integers + 16_777_217).scalars(as: Int.self) == [16_777_218, 16_777_219])
        #expect((integers * 9_007_199_254_740_993).scalars(as: Int.self)[0] == 9_007_199_254_740_993)
        #expect((integers * 0.5).elementType == .float32)
        #expect(pow(integers, 2).scalars(as: Int.self) == [1, 4])
        #expect(abs(pow(integers, 0.5).scalars[1] - 1.414_213_5) < 1e-6)
        #expect((Tensor([1.0], type: .float64) + 0.1).item(as: Double.self) == 1.1)
        let small = Tensor([UInt8(250)])
        #expect((small + 3).elementType == .uint8 && (small + 3).item(as: Int.self) == 253)
        #expect(
            (small + 300).problems.first?.message
                == "the number 300 does not fit uint8; convert the tensor with cast(to:)")
        #expect((small * 0.5).item() == 125)
        #expect((Tensor([true, false]) + 1).scalars == [2, 1])
        #expect((Tensor([true, false]) .& Tensor([true, true])).scalars(as: Bool.self) == [true, false])
        #expect((1 - Tensor([0.25])).item() == 0.75)
        #expect((-Tensor([1, 2])).scalars(as: Int.self) == [-1, -2])
        #expect((Tensor([7, -7]) % 3).scalars(as: Int.self) == [1, 2])
        #expect((Tensor([7, -7]) / 2).scalars(as: Int.self) == [3, -3])
    }

    @Test func joinedTensorsTakeTheWidestType() {
        let parts = [Tensor([1, 2], type: .int32), Tensor([0.5], type: .float32), Tensor([true])]
        let joined = Tensor.concatenated(parts)
        #expect(joined.elementType == .float32 && joined.scalars == [1, 2, 0.5, 1])
    }

    /// d(aᵇ)/da = b aᵇ⁻¹ is 0 for b = 0, where 0⁻¹ is infinite; a constant exponent costs nothing.
    @Test func slopesOfPowers() {
        let (a, b) = (Tensor([0, 0, 2, -3], type: .float64), Tensor([0, 1, 3, 2], type: .float64))
        #expect(gradient(at: a) { pow($0, b).sum() }.scalars == [0, 1, 12, -6])
        #expect(gradient(at: a) { pow($0, 0).sum() }.scalars == [0, 0, 0, 0])
        #expect(gradient(at: a) { pow($0, 3).sum() }.scalars == [0, 0, 12, 27])
    }

    /// A scalar has no axes to reduce, but the rules for element types hold.
    @Test func scalarsAreReduced() {
        #expect(Tensor(3).sum().item() == 3 && Tensor(2.5).mean().item() == 2.5)
        #expect(!Tensor(3).cast(to: .int32).mean().problems.isEmpty)
        #expect(!Tensor([1, 2]).cast(to: .int32).mean().problems.isEmpty)
        #expect(Tensor([1, 2]).sum(axes: []).scalars == [1, 2])
        #expect(Tensor(2.5).max(keepingAxes: true).shape == [])
    }

    // MARK: Parts

    @Test func moreSlices() {
        let x = Tensor((0..<24).map { $0 }, shape: [2, 3, 4], type: .int32)
        #expect(x[0, -2..<3, 0].scalars(as: Int.self) == [4, 8])
        #expect(x[0, 0, -2...(-1)].scalars(as: Int.self) == [2, 3])
        #expect(x[0, 0, ...(-2)].scalars(as: Int.self) == [0, 1, 2])
        #expect(x[0, TensorSlice.range(-2, nil, step: 1), 0].scalars(as: Int.self) == [4, 8])
        #expect(x[0, 0, TensorSlice.range(nil, -1, step: 1)].scalars(as: Int.self) == [0, 1, 2])
        #expect(x[0, 0, TensorSlice.every(3, from: 0)].scalars(as: Int.self) == [0, 3])
        #expect(x[1, TensorSlice.all, 1...2].shape == [3, 2])
        #expect(x[0, 0, 2..<100].scalars(as: Int.self) == [2, 3])
        #expect(x[0, 0, 9..<100].count == 0)
        #expect(x[TensorSlice.ellipsis, TensorSlice.newAxis].shape == [2, 3, 4, 1])
        #expect(x[0, 0, 0].shape == [] && x[0, 0, 0].item(as: Int.self) == 0)
        #expect(x[0, 0, 0, 0].problems.first?.message == "4 indices for the 3 axes of shape [2, 3, 4]")
        #expect(!x[TensorSlice.ellipsis, TensorSlice.ellipsis].problems.isEmpty)
        #expect(!x[0, 0, TensorSlice.every(0)].problems.isEmpty)
        #expect(x[-3].problems.first?.message == "index -3 is outside axis 0 of shape [2, 3, 4]")
    }

    @Test func movement() {
        let x = Tensor((0..<6).map { $0 }, shape: [2, 3], type: .int32)
        #expect(x.transposed().scalars(as: Int.self) == [0, 3, 1, 4, 2, 5])
        #expect(x.reshaped(to: [3, -1]).shape == [3, 2])
        #expect(x.reshaped(to: [4, -1]).problems.first?.message.contains("6 elements") == true)
        #expect(x.expandingShape(at: -1).shape == [2, 3, 1])
        #expect(x.expandingShape(at: 1).squeezingShape(at: 1).shape == [2, 3])
        #expect(x.reversed(axes: [-1]).scalars(as: Int.self) == [2, 1, 0, 5, 4, 3])
        #expect(x.padded([(0, 1), (1, 0)], value: 9).scalars(as: Int.self) == [9, 0, 1, 2, 9, 3, 4, 5, 9, 9, 9, 9])
        #expect(Tensor.concatenated([x, x], axis: -1).shape == [2, 6])
        #expect(Tensor.stacked([x, x, x], axis: 1).shape == [2, 3, 3])
        #expect(!Tensor.concatenated([]).problems.isEmpty)
        #expect(x.gathered(Tensor([2, 0]), axis: 1).scalars(as: Int.self) == [2, 0, 5, 3])
        #expect(Tensor([1, 0], type: .int32).oneHot(classes: 3).scalars == [0, 1, 0, 1, 0, 0])
    }

    @Test func reductionsOverAxes() {
        let x = Tensor((0..<24).map(Double.init), shape: [2, 3, 4])
        #expect(x.sum(axes: [0, -1]).scalars == [60, 92, 124])
        #expect(x.mean(axes: [1], keepingAxes: true).shape == [2, 1, 4])
        #expect(x.min().item() == 0 && x.max().item() == 23)
        #expect((x .> 22).any().item(as: Bool.self) && !(x .> 22).all().item(as: Bool.self))
        #expect(x.variance(axes: [2]).scalars == Array(repeating: 1.25, count: 6))
        #expect(x.argmin(axis: 1).scalars(as: Int.self) == Array(repeating: 0, count: 8))
        #expect(Tensor([1, 2, 3]).product().item(as: Int.self) == 6)
        #expect(x.sum(axes: []).shape == [2, 3, 4])
        #expect(x.sum(axes: [3]).problems.first?.message == "axis 3 is outside the shape [2, 3, 4], which has 3 axes")
        #expect(Tensor.zeros([0, 3]).sum().item() == 0)
        #expect(!Tensor.zeros([0, 3]).max().problems.isEmpty)
        #expect(Tensor([2.0, .nan, 1, 2]).sorted(descending: true).scalars[1...] == [2, 2, 1])
        #expect(Tensor([2.0, 1, 2]).argsort().scalars(as: Int.self) == [1, 0, 2])
        #expect(!Tensor([2.0, 1]).topK(3).values.problems.isEmpty)
        #expect(Tensor([1.0, 2, 3]).cumulativeSum(exclusive: true, reverse: true).scalars == [5, 3, 0])
    }

    @Test func productsOfEveryRank() {
        let (v, m) = (Tensor([1.0, 2]), Tensor([[1.0, 2, 3], [4, 5, 6]]))
        #expect(v.matmul(m).shape == [3] && v.matmul(m).scalars == [9, 12, 15])
        #expect(Tensor.ones([5, 1, 2, 3]).matmul(Tensor.ones([4, 3, 2])).shape == [5, 4, 2, 2])
        #expect(Tensor.ones([4, 2, 3]).matmul(Tensor.ones([3])).shape == [4, 2])
        #expect(!Tensor(2.0).matmul(m).problems.isEmpty)
        #expect(m.matmul(m).problems.first?.message.contains("3 columns") == true)
    }

    // MARK: Printing

    @Test func printsEveryKind() {
        #expect("\(Tensor(2.5))" == "2.5000")
        #expect(
            "\(Tensor([Int64.max, Int64.min].map { Int($0) }))" == "[ 9223372036854775807, -9223372036854775808] int64")
        #expect("\(Tensor([0.5, -0.25], type: .float64))" == "[ 0.5000, -0.2500] float64")
        #expect(
            "\(Tensor((0..<8).map { $0 }, shape: [2, 2, 2], type: .uint8))"
                == "[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]] uint8")
        #expect("\(Tensor.zeros([0]))" == "[]")
        #expect("\(Tensor.zeros([2, 0]))" == "[[],\n []]")
        #expect("\(Tensor([-Float.infinity, 0.5]))" == "[  -inf, 0.5000]")
        #expect("\(Tensor([1e-30, 0, -1]))" == "[ 0.0000,  0.0000, -1.0000]")
        #expect("\(Tensor([1e-5, 0]))" == "[1.0000e-05, 0.0000e+00]")
        #expect("\(Tensor([0.99999]))" == "[1.0000]")
        #expect("\(Tensor([Float.greatestFiniteMagnitude]))" == "[3.4028e+38]")
        #expect("\(Tensor([Float.nan]))" == "[nan]")
        let matrix = "\(Tensor.zeros([100, 100]))".split(separator: "\n")
        #expect(matrix.count == 7 && matrix[0] == "[[0., 0., 0., ..., 0., 0., 0.]," && matrix[3] == " ...,")
        #expect("\(Tensor.ones([2]) + Tensor.ones([3]))".hasPrefix("Tensor with add: shapes [2] and [3]"))
    }

    // MARK: Random

    @Test func momentsOfDistributions() {
        let key = RandomKey(seed: 5)
        let uniform = Tensor.uniform([20_000], low: -1, high: 3, key: key.child(1))
        #expect(uniform.min().item() >= -1 && uniform.max().item() < 3)
        #expect(abs(uniform.mean().item() - 1) < 0.04 && abs(uniform.variance().item() - 16.0 / 12) < 0.04)
        let cut = Tensor.truncatedNormal([20_000], mean: 1, standardDeviation: 0.5, key: key.child(2))
        #expect(cut.min().item() >= 0 && cut.max().item() <= 2 && abs(cut.mean().item() - 1) < 0.02)
        let coins = Tensor.bernoulli([20_000], probability: 0.3, key: key.child(3)).cast(to: .float32)
        #expect(abs(coins.mean().item() - 0.3) < 0.02)
        let (a, b) = (Tensor.normal([1000], key: key.child("a")), Tensor.normal([1000], key: key.child("b")))
        #expect(abs((a * b).mean().item()) < 0.15)
        // What else is drawn changes nothing.
        #expect(Tensor.normal([10], key: key.child("a")).scalars == Array(a.scalars.prefix(10)))
        #expect(!Tensor.normal([3], key: key, type: .int32).problems.isEmpty)
        #expect(!Tensor.uniform([3], low: 1, high: 1, key: key).problems.isEmpty)
    }

    // MARK: Files

    @Test func writesNumPyFiles() throws {
        let path = NSTemporaryDirectory() + "apus-tensor-\(UInt64.random(in: 0 ... .max)).npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        func written(_ tensor: Tensor) throws -> (header: String, elements: [UInt8]) {
            try tensor.writeNPY(to: path)
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            let length = Int(bytes[8]) + 256 * Int(bytes[9])
            #expect(Array(bytes[..<8]) == [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
            #expect((10 + length) % 64 == 0 && bytes[9 + length] == 10)
            let header = String(decoding: bytes[10..<(9 + length)], as: UTF8.self)
            return (header.trimmingCharacters(in: .whitespaces), Array(bytes[(10 + length)...]))
        }
        let integers = try written(Tensor([1, -1], type: .int32))
        #expect(integers.header == "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }")
        #expect(integers.elements == [1, 0, 0, 0, 255, 255, 255, 255])
        #expect(
            try written(Tensor.zeros([2, 3], type: .float64)).header
                == "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }")
        #expect(try written(Tensor(true)).header == "{'descr': '|b1', 'fortran_order': False, 'shape': (), }")
        #expect(try written(Tensor([1.0], type: .bfloat16)).elements == [0, 0, 128, 63])
        let error = #expect(throws: NPYWritingError.self) { try Tensor.zeros([1]).writeNPY(to: "/nowhere/x.npy") }
        #expect(error?.description.hasPrefix("can't write /nowhere/x.npy: No such file or directory") == true)
    }
}
