package import ApusNN

/// An activation that is flat far from 0.
package enum FlatActivation: String, CaseIterable, Sendable {
    case sigmoid, tanh
}

extension Model {
    /// The activation at the layer's end, if it is one that is flat far from 0.
    package var flatActivation: FlatActivation? {
        let text = "\(self)"
        return FlatActivation.allCases.first { text.contains($0.rawValue) }
    }
}
