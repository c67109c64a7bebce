// What `import Apus` brings: everything that training a network takes.
@_exported import ApusConfiguration
@_exported import ApusBackend
@_exported import ApusChecks
@_exported import ApusCharts
@_exported import ApusData
@_exported import ApusExperiments
@_exported import ApusFormats
@_exported import ApusGraph
@_exported import ApusInference
@_exported import ApusModels
@_exported import ApusNN
@_exported import ApusOptimizers
@_exported import ApusReport
@_exported import ApusSearch
@_exported import ApusTensor
@_exported import ApusTraining
