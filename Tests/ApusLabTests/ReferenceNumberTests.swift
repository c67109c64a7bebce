import ApusLab
import ApusTestKit
import Testing

/// Numbers that others measured before, with NumPy: what the lab measures must be the same.
@Suite struct ReferenceNumberTests {
    private func results(_ id: String, seeds: Int) throws -> LabResults {
        let experiment = try #require(Lab.experiment(id))
        return try withTemporaryFolder { folder in
            try #require(try LabRunner(folder: folder, seeds: seeds).run(experiment)).results
        }
    }

    /// 30 steps down x²/20 + y²: where they end, how long the way was, how often y changed its sign.
    @Test func paths() throws {
        let results = try results("paths", seeds: 1)
        func number(_ name: String, _ arm: String) -> Double { results[arm].numbers(name).first ?? .nan }
        for (arm, value) in [
            ("sgd", 0.0133), ("momentum", 0.048), ("adagrad", 0.0007), ("adam", 0.102), ("adagrad-turned", 0.141),
            ("adam-turned", 0.62), ("rmsprop", 0.024), ("rmsprop-turned", 0.37), ("sgd-turned-tuned", 0.009),
            ("momentum-turned-tuned", 0.007), ("adam-turned-tuned", 0.021), ("rmsprop-turned-tuned", 0.038),
            ("adagrad-turned-tuned", 0.051),
        ] {
            #expect(abs(number("value", arm) - value) <= 0.04 * value, "\(arm): \(number("value", arm))")
        }
        #expect(abs(number("length", "sgd") - 37) < 0.05 && abs(number("length", "adagrad") - 7.6) < 0.05)
        #expect(["sgd", "momentum", "adagrad", "adam"].map { number("turns", $0) } == [30, 4, 0, 2])
    }

    /// The spread of layer 5 of 1000 × 100 inputs, over ten seeds.
    @Test func histograms() throws {
        let results = try results("histograms", seeds: 10)
        for (arm, pooled, within, tolerance) in [
            ("sigmoid-one", 0.441, 0.136, 0.05), ("sigmoid-hundredth", 0.013, nil, 0.1),
            ("sigmoid-xavier", 0.127, 6e-4, 0.15), ("sigmoid-he", 0.174, 0.0025, 0.15),
            ("tanh-one", 0.958, 0.957, 0.01),
            ("tanh-hundredth", 1e-5, 1e-5, 0.1), ("tanh-xavier", 0.322, 0.319, 0.05), ("tanh-he", 0.568, 0.566, 0.03),
            ("relu-one", 15_400, 8150, 0.2), ("relu-hundredth", 1.5e-6, 8e-7, 0.2), ("relu-xavier", 0.154, 0.082, 0.2),
            ("relu-he", 0.869, 0.46, 0.2),
        ] as [(String, Double, Double?, Double)] {
            let found = (results[arm].mean("pooled.5"), results[arm].mean("within.5"))
            #expect(abs(found.0 - pooled) <= tolerance * pooled, "\(arm): pooled \(found.0)")
            if let within { #expect(abs(found.1 - within) <= tolerance * within, "\(arm): within \(found.1)") }
        }
        #expect(abs(results["sigmoid-one"].mean("saturated") - 0.68) < 0.03)
        #expect(abs(results["tanh-one"].mean("saturated") - 0.83) < 0.03)
        #expect(abs(results["relu-he"].mean("saturated") - 0.49) < 0.03)
    }
}
