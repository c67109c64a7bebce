import ApusInference
import ApusReport
import Foundation
import Testing

/// Predictions as `apus predict` prints them.
@Suite struct PredictionTextTests {
    private func classes(_ name: String, _ choices: [(String, Double)]) -> Prediction.Output {
        Prediction.Output(
            name: name,
            classes: choices.enumerated().map { Prediction.Choice(name: $1.0, label: $0, probability: $1.1) },
            numbers: [])
    }

    private func numbers(_ name: String, _ numbers: [Double]) -> Prediction.Output {
        Prediction.Output(name: name, classes: [], numbers: numbers)
    }

    private var several: [Prediction] {
        [
            Prediction(
                input: "t.csv#0",
                outputs: [classes("kind", [("red", 0.75), ("blue", 0.25)]), numbers("price", [1.5])]),
            Prediction(
                input: "t.csv#10",
                outputs: [classes("kind", [("blue", 0.5), ("red", 0.5)]), numbers("price", [-.infinity])]),
        ]
    }

    @Test func severalOutputsHaveTheirNames() throws {
        #expect(
            several.text == """
                t.csv#0   kind:  red 75 %   blue 25 %  price:  1.5
                t.csv#10  kind:  blue 50 %  red 50 %   price:  -inf

                """)
        #expect(
            several.csv == """
                input,kind.class1,kind.probability1,kind.class2,kind.probability2,price.value
                t.csv#0,red,0.7500,blue,0.2500,1.5
                t.csv#10,blue,0.5000,red,0.5000,-inf

                """)
        let json = String(decoding: try several.json(), as: UTF8.self)
        #expect(json.contains(##""outputs" : {"##) && json.contains(##""kind" : {"##) && json.contains(##""-inf""##))
        #expect(!json.contains(##""name" : "kind""##))
    }

    /// One output stands by itself, whatever the model calls it.
    @Test func oneOutput() throws {
        let one = [Prediction(input: "a", outputs: [numbers("", [1, 2])])]
        #expect(one.text == "a  1  2\n" && one.csv == "input,value1,value2\na,1.0,2.0\n")
        let named = [Prediction(input: "a", outputs: [numbers("price", [1])])]
        #expect(named.text == "a  1\n" && named.csv == "input,value\na,1.0\n")
        #expect(try !String(decoding: named.json(), as: UTF8.self).contains("outputs"))
        #expect([Prediction]().csv == "input,value\n" && [Prediction]().text == "")
    }

    @Test func choicesAsText() {
        let choices = classes("", [("shoe", 0.97342), ("bag", 1e-9), ("none", .nan)]).classes
        #expect("\(choices)" == "[shoe 97.3 %, bag 0.0 %, none nan %]")
    }
}
