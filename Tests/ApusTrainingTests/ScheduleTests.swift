import ApusTraining
import Foundation
import Testing

@Suite struct ScheduleTests {
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

    @Test func degenerateLengths() {
        #expect(Schedule.cosine().factor(step: 0, total: 0) == 1)
        #expect(Schedule.cosine(warmupSteps: 10).factor(step: 3, total: 5) == 0.4)
        #expect(Schedule.cosine(warmupSteps: -3).factor(step: 0, total: 10).isFinite)
    }
}
