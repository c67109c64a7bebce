// What `import ApusInference` brings: what a program that predicts needs to name.
@_exported import ApusData
@_exported import ApusFormats
@_exported import ApusGraph
@_exported import ApusNN
@_exported import ApusTensor
