import ApusBackend
import ApusTensor
import Foundation
import Testing

/// Where tensors are computed, and the seam between what users hold and what computes.
@Suite struct DeviceTests {
    @Test func theReferenceComputesInFloat64() throws {
        // Beyond float32's digits: 1 + 1e-9 − 1.
        let small = try Device.reference { try (Tensor([1.0]) + 1e-9 - 1).cast(to: .float64).evaluated() }
        #expect(abs(small.item(as: Double.self) - 1e-9) < 1e-15)
        #expect(small.device == .reference)
        #expect(try (Tensor([1]) + 1).evaluated().device == .cpu)
        #expect(Tensor([1]).device == nil)
    }

    @Test func dataStayWhereTheyWereComputed() throws {
        let x = try Device.reference { try exp(Tensor([1.0, 2.0])).evaluated() }
        #expect(try (x * 2).evaluated().device == .reference)
        let function = compile { (x: Tensor) in x + 1 }
        #expect(try function(x).device == .reference)
        #expect(try function(Tensor([1])).device == .cpu)
    }

    @Test func twoDevicesInOneExpressionAreAProblem() throws {
        let a = try Device.reference { try exp(Tensor([1.0])).evaluated() }
        let b = try exp(Tensor([1.0])).evaluated()
        let error = #expect(throws: (any Error).self) { try (a + b).evaluated() }
        #expect(
            error.map { "\($0)" }
                == "devices: one expression holds tensors that were computed on reference and on cpu; "
                + "bring them to one device: x.moved(to: .cpu)")
        #expect(try (a.moved(to: .cpu) + b).evaluated().device == .cpu)
    }

    @Test func indicesOutOfRangeAreErrorsThereToo() {
        let error = #expect(throws: ProgramError.self) {
            try Device.reference { try Tensor([1, 2]).gathered(Tensor([5] as [Int])).evaluated() }
        }
        #expect(error?.step == "gather")
    }

    /// Above the seam one file names backends.
    @Test func oneFileNamesBackends() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        var found: [String] = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let path = file.path.dropFirst(root.path.count + 1)
            guard !path.hasPrefix("ApusCPU/"), !path.hasPrefix("ApusReference/") else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            if text.contains(/import Apus(CPU|Reference)\b/) { found.append(String(path)) }
        }
        #expect(found == ["ApusTensor/Programs/Device+Known.swift"])
    }
}
