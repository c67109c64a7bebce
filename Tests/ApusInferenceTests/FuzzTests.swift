import ApusFuzzing
import ApusFormats
import ApusGraph
import ApusInference
import ApusTestKit
import Foundation
import Testing

/// Damaged files of models must lead to errors or models; see `Fuzzing`.
@Suite struct FuzzTests {
    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func model() async {
            await #expect(processExitsWith: .success) { try Fuzzing.model(limited: true) }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func modelHere() throws { try Fuzzing.model(limited: false) }

    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func description() async {
            await #expect(processExitsWith: .success) { try Fuzzing.description(limited: true) }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func descriptionHere() throws { try Fuzzing.description(limited: false) }
}

extension Fuzzing {
    /// `inputs.json` of runs: of one input, and of several with features.
    static func description(limited: Bool) throws {
        var several = try TwoWays.trained().details
        several.inputs[0].features = [.init(name: "price", mean: 1.5), .init(name: "color=red", mean: 0.5)]
        let samples = try [doubling().details, several].map {
            Array(try $0.text(path: "", kinds: [TwoWays.self], isPretty: true).utf8)
        }
        try run(samples, limited: limited) { bytes, _ throws(FormatError) in
            let read = try ModelDescription(json: Data(bytes), path: "fuzz", kinds: [TwoWays.self])
            if let model = read.model { _ = try read.traced(model, path: "fuzz") }
        }
    }

    static func model(limited: Bool) throws {
        var samples: [[UInt8]] = []
        try withTemporaryFolder { folder in
            let path = "\(folder)/model.safetensors"
            let network = Sequential {
                Conv2D(filters: 2, kernelSize: 3, padding: .same, activation: .relu)
                MaxPool2D(2)
                Flatten()
                Dense(2)
            }
            let other = TrainedModel(
                network, variables: try network.initialized(input: [4, 4, 1], seed: 3), input: [4, 4, 1],
                preprocessing: .unitRange, classNames: ["a", "b"], meaning: .classes(areProbabilities: false))
            for model in [try doubling(), other] {
                try model.write(to: path)
                samples.append(try Array(Data(contentsOf: URL(filePath: path))))
            }
        }
        try run(samples, limited: limited) { bytes, _ throws(FormatError) in
            _ = try TrainedModel(SafetensorsFile(ByteSource(bytes, name: "fuzz")))
        }
    }
}
