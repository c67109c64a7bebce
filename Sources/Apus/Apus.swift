// What `import Apus` brings: tensors, networks, data, optimizers and training.
//
// Experiments, searches, reports, charts, gradient checks and files of settings are products of their own.
@_exported import ApusData
@_exported import ApusInference
@_exported import ApusModels
@_exported import ApusNN
@_exported import ApusOptimizers
@_exported import ApusTensor
@_exported import ApusTraining

// Of what lies below, by name: the types that tensors, data sets and failures are described with.
@_exported import enum ApusBackend.Device
@_exported import struct ApusBackend.BackendError
@_exported import struct ApusBackend.ProgramError
@_exported import struct ApusBackend.ProgramReport
@_exported import enum ApusGraph.ElementType
@_exported import struct ApusGraph.GraphError
@_exported import struct ApusGraph.GraphProblem
@_exported import struct ApusGraph.Shape
@_exported import struct ApusGraph.TensorType
@_exported import struct ApusFormats.FormatError
@_exported import struct ApusFormats.Image
@_exported import struct ApusFormats.ImageFolder
// Files of weights of others, to look into and to write.
@_exported import struct ApusFormats.HDF5Dataset
@_exported import struct ApusFormats.HDF5File
@_exported import struct ApusFormats.HDF5Group
@_exported import enum ApusFormats.HDF5Value
@_exported import struct ApusFormats.KerasFile
@_exported import struct ApusFormats.NumericArray
@_exported import protocol ApusFormats.NumericElement
@_exported import struct ApusFormats.PyTorchFile
