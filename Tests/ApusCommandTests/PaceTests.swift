import ApusCommand
import Testing

/// How far and how fast a running epoch is, and what steps take.
@Suite struct PaceTests {
    @Test func byHand() {
        let pace = Pace(samples: 30, of: 120, in: 3, of: 5, counted: 30, seconds: 6)
        #expect(pace.fraction == 0.25)
        #expect(pace.rate == 5)
        // 90 samples of this epoch, and two epochs of 120.
        #expect(pace.left == 66)
    }

    /// A third of the steps waited for a core.
    @Test func stepsOfABusyMachine() {
        let times = StepTimes([3, 1, 1.5, 1, 6, 1.5])
        #expect(times.median == 1.5 && abs(times.mean - 14.0 / 6) < 1e-12 && times.wereDisturbed)
        #expect(!StepTimes([1, 1.1, 1.5, 1, 1.2]).wereDisturbed)
    }

    /// What was done before an interruption took none of the time.
    @Test func afterAnInterruption() {
        let pace = Pace(samples: 100, of: 120, in: 2, of: 2, counted: 10, seconds: 4)
        #expect(pace.fraction == 100.0 / 120 && pace.rate == 2.5 && pace.left == 8)
    }

    @Test func nothingIsCounted() {
        for pace in [
            Pace(samples: 100, of: 120, in: 1, of: 2, counted: 0, seconds: 4),
            Pace(samples: 100, of: 120, in: 1, of: 2, counted: 100, seconds: 0),
        ] {
            #expect(pace.rate.isNaN && pace.left.isNaN)
        }
        #expect(Pace(samples: 0, of: 0, in: 1, of: 1, counted: 0, seconds: 1).fraction == 0)
        #expect(Pace(samples: 120, of: 120, in: 2, of: 2, counted: 120, seconds: 1).left == 0)
    }
}
