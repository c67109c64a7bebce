// What a program that only predicts needs besides: tensors, networks and data.
@_exported import ApusData
@_exported import ApusNN
@_exported import ApusTensor

// Of what lies below, by name.
@_exported import enum ApusGraph.ElementType
@_exported import struct ApusFormats.FormatError
@_exported import struct ApusFormats.Image
@_exported import struct ApusGraph.GraphError
@_exported import struct ApusGraph.Shape
@_exported import struct ApusGraph.TensorType
