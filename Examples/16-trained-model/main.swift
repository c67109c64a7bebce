import ApusInference

// What was trained, used: `apus train lenet5` made the run. This program links nothing that trains.
let model = try TrainedModel("runs/lenet5-1")
print(try model.predict(Image(contentsOf: "shoe.png")).top(3))
try model.write(to: "lenet.apus")
