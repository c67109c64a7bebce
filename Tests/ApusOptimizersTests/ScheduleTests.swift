import ApusData
import ApusExperiments
import ApusFixtures
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import Testing

@Suite struct ScheduleTests {
    @Test(arguments: try FixtureCase.all("rules-schedules")) func followsPyTorchOrKeras(_ item: FixtureCase) throws {
        let schedule = try item.value("schedule", as: Schedule.self)
        let total = try item.value("total", as: Int.self)
        try schedule.validate()
        let factors = (0..<200).map { schedule.factor(step: $0, total: total) }
        try expectClose(Tensor(factors, type: .float32), item["factors"], .elementwise, item.name)
        // What a file says is what is written.
        let text = try JSONEncoder().encode([schedule])
        #expect(try JSONDecoder().decode([Schedule].self, from: text) == [schedule])
    }

    @Test func everyScheduleHasAFixture() throws {
        let names = try FixtureCase.all("rules-schedules").map {
            "\(try $0.value("schedule", as: Schedule.self).curve)".prefix { $0 != "(" }
        }
        #expect(Set(names.map(String.init)) == Set(Schedule.Curve.names))
    }

    @Test func impossibleConstants() {
        func problem(_ curve: Schedule.Curve, warmupSteps: Int = 0) -> String {
            message { try Schedule(curve, warmupSteps: warmupSteps).validate() }
        }
        #expect(problem(.step(size: 0)) == "the schedule's size is 0 but must be positive")
        #expect(problem(.constant, warmupSteps: -1) == "the schedule's warmupSteps is -1 but must be at least 0")
        #expect(
            problem(.piecewise(boundaries: [3], factors: [1]))
                == "the schedule's piecewise needs one factor more than boundaries, received 1 and 1")
        #expect(problem(.multiStep(milestones: [9, 3])) == "the schedule's steps must rise, received [9, 3]")
        #expect(problem(.oneCycle(rise: 2)) == "the schedule's rise is 2.0 but must be in 0...1")
    }

    @Test func constant() {
        #expect((0..<10).allSatisfy { Schedule.constant.factor(step: $0, total: 10) == 1 })
    }

    @Test func cosineFallsToZero() {
        let schedule = Schedule.cosine()
        let values = (0...100).map { schedule.factor(step: $0, total: 100) }
        #expect(values[0] == 1)
        #expect(abs(values[50] - 0.5) < 1e-15)
        #expect(abs(values[100]) < 1e-15)
        #expect(abs(values[25] - (1 + cos(.pi / 4)) / 2) < 1e-15)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 })
        // Beyond the end it stays there.
        #expect(abs(schedule.factor(step: 1000, total: 100)) < 1e-15)
    }

    @Test func warmupRisesLinearly() {
        let schedule = Schedule.cosine(warmupSteps: 4)
        #expect((0..<4).map { schedule.factor(step: $0, total: 104) } == [0.25, 0.5, 0.75, 1])
        #expect(schedule.factor(step: 4, total: 104) == 1)
        #expect(abs(schedule.factor(step: 54, total: 104) - 0.5) < 1e-15)
        #expect(abs(schedule.factor(step: 104, total: 104)) < 1e-15)
    }

    /// A warm-up ends where the schedule begins, wherever that is.
    @Test func warmupsRiseToTheFirstValue() {
        for schedule in [
            Schedule.oneCycle(warmupSteps: 5), .piecewise(boundaries: [3], factors: [0.25, 1], warmupSteps: 5),
            .multiStep(milestones: [0], warmupSteps: 5), .cosine(warmupSteps: 5),
        ] {
            let factors = (0..<6).map { schedule.factor(step: $0, total: 100) }
            #expect(abs(factors[4] - factors[5]) < 1e-12, "\(schedule)")
            for step in 0..<5 { #expect(abs(factors[step] - factors[5] * Double(step + 1) / 5) < 1e-12) }
        }
    }

    /// The factors of PyTorch's OneCycleLR for trainings of few steps, as its formula gives them.
    @Test(
        arguments: [
            (0.3, [4e-6]), (0.3, [0.811745653949763, 4e-6]), (0.3, [0.9944154354509117, 0.46263710266697505, 4e-6]),
            (0.3, [0.04, 0.811745653949763, 0.28306099820869923, 4e-6]), (0.9, [0.04, 4e-6]), (0, [0.500002, 4e-6]),
            (1, [0.04, 0.52, 1]),
        ] as [(Double, [Double])]) func oneCycleOverFewSteps(rise: Double, factors: [Double])
    {
        for (step, factor) in factors.enumerated() {
            let received = Schedule.oneCycle(rise: rise).factor(step: step, total: factors.count)
            #expect(abs(received - factor) < 1e-12)
        }
    }

    /// A short training warms up for a part of its own, a long one for the steps.
    @Test func warmupsAreLimited() throws {
        let schedule = Schedule.constant(warmupSteps: 4, warmupShare: 0.2)
        #expect((0..<3).map { schedule.factor(step: $0, total: 10) } == [0.5, 1, 1])
        #expect((0..<5).map { schedule.factor(step: $0, total: 100) } == [0.25, 0.5, 0.75, 1, 1])
        #expect(schedule.factor(step: 0, total: 3) == 1)
        #expect("\(schedule)" == "constant after 4 steps of warm-up, at most 0.2 of the training")
        #expect(try JSONDecoder().decode(Schedule.self, from: try JSONEncoder().encode(schedule)) == schedule)
        #expect(
            message { try Schedule.constant(warmupSteps: 0, warmupShare: 2).validate() }
                == "the schedule's warmupShare is 2.0 but must be in 0...1")
        // The usual one reaches its rate, however short the training is.
        let usual = Experiment(name: "x", model: "mlp").schedule
        for total in [1, 5, 40, 300, 4220] {
            #expect((0..<total).map { usual.factor(step: $0, total: total) }.max()! > 0.97)
        }
    }

    @Test func aLongWarmupIsReported() throws {
        let data = try Dataset(inputs: .ones([10, 2]), labels: (0..<10).map { $0 % 2 })
        func remarks(warmupSteps: Int) throws -> [String] {
            var trainer = Trainer(
                Dense(2), loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1),
                schedule: .cosine(warmupSteps: warmupSteps), seed: 1)
            var remarks: [String] = []
            try trainer.fit(data, epochs: 3, batchSize: 5) { remarks.append($0) }
            return remarks
        }
        // Two steps an epoch.
        #expect(try remarks(warmupSteps: 0) == [] && remarks(warmupSteps: 3) == [])
        let remedy = "give less warmupSteps or a warmupShare, smaller batches or more epochs"
        #expect(
            try remarks(warmupSteps: 4) == ["the warm-up of the learning rate takes 4 of 6 steps; \(remedy)"])
        #expect(
            try remarks(warmupSteps: 20) == [
                "the warm-up of the learning rate takes 6 of 6 steps, which ends at 6 / 20 of its value; \(remedy)"
            ])
    }

    @Test func degenerateLengths() {
        #expect(Schedule.cosine().factor(step: 0, total: 0) == 1)
        #expect(Schedule.cosine(warmupSteps: 10).factor(step: 3, total: 5) == 0.4)
        #expect(Schedule.cosine(warmupSteps: -3).factor(step: 0, total: 10).isFinite)
    }
}
