import ApusCPU
import ApusFixtures
import ApusGraph
import ApusTensor
import Testing

@testable import ApusTraining
