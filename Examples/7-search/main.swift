import Apus
import ApusExperiments
import ApusReport
import ApusSearch

// An experiment that is run, measured on folds, and searched over; what comes of it is in the folder runs.
let experiment = Experiment(
    name: "moons", data: DataSource(source: .generated(.moons(count: 500, noise: 0.2))),
    model: .layers(
        Sequential {
            Dense(16, activation: .relu); Dense(2)
        }), schedule: .constant, batchSize: 32, epochs: 5)
var run = try ExperimentRun(experiment)
try run.train(callbacks: [.earlyStopping(patience: 3)])
try run.writeReport()
if let test = run.record.test, let folder = run.folder { print("test", test, "in", folder.path) }

let scores = try CrossValidation.run(experiment, folds: 3, in: "runs/folds")
if let accuracy = scores.summary("accuracy") { print("folds", accuracy.mean, "±", accuracy.standardDeviation) }

let search = Search(
    space: ["optimizer.adam.learningRate": .log(0.0001...0.1), "model.0.dense.units": .choice([4, 16])], trials: 4)
let tuning = try Tuning(experiment, search, in: "runs/moons-search")
try tuning.run { print("trial", $0.number, $0.assignment, $0.score ?? .nan) }
if let best = try tuning.study.best() { print("best", best.assignment) }
