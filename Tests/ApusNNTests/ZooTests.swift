import ApusExperiments
import ApusModels
import ApusNN
import ApusTraining
import ApusTestKit
import Testing

/// Parameter counts as published, for the trained weights.
@Suite struct ZooTests {
    @Test func residualNetworks() throws {
        // torchvision's resnet18 and resnet34; the small stem's count is that of the usual CIFAR networks.
        #expect(
            try Sequential.resnet18(classes: 1000, stem: .large).summary(input: [224, 224, 3]).trainableCount
                == 11_689_512)
        #expect(
            try Sequential.resnet34(classes: 1000, stem: .large).summary(input: [224, 224, 3]).trainableCount
                == 21_797_672)
        #expect(try Sequential.resnet18().summary(input: [32, 32, 3]).trainableCount == 11_173_962)
    }

    @Test func vgg16() throws {
        #expect(
            try Sequential.vgg16(classes: 1000, normalizes: false, head: .large).summary(input: [224, 224, 3])
                .trainableCount
                == 138_357_544)
        #expect(
            try Sequential.vgg16(classes: 1000, head: .large).summary(input: [224, 224, 3]).trainableCount
                == 138_365_992)
        #expect(try Sequential.vgg16().summary(input: [32, 32, 3]).trainableCount == 14_728_266)
    }

    @Test(arguments: Zoo.allCases) func everyNameIsAModel(_ network: Zoo) throws {
        let summary = try ModelSource.name(network.rawValue).model(outputs: 7).summary(input: [32, 32, 3])
        #expect(summary.rows.last?.outputShape == [7])
        #expect(
            message { try ModelSource.name("resnet-18").model() }
                == "there is no network resnet-18 (did you mean resnet18?)")
    }
}
