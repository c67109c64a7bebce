import ApusConfiguration

/// A group of an HDF5 file: data sets and groups by name, and attributes.
///
/// ```swift
/// let file = try HDF5File("weights.h5")
/// for name in file.root.names { print(name) }
/// let layer = try file.root.group("conv2d_1")
/// print(try layer.attribute("weight_names") as Any)
/// ```
public struct HDF5Group: Sendable {
    /// How many groups may lie in each other.
    static let maximumDepth = 64

    /// Where it is in the file: `model_weights/conv2d_1`; empty for the root.
    public let name: String
    private let links: [(name: String, link: HDF5Link)]
    private let places: [String: Int]
    private let attributes: HDF5Attributes
    private let reader: HDF5Reader
    /// Where its header is.
    let address: Int

    init(_ object: HDF5Object, _ reader: HDF5Reader, name: String) throws(FormatError) {
        self.name = name
        self.reader = reader
        address = object.address
        links = try HDF5Links(object, reader, name: name.isEmpty ? "/" : name).links
        attributes = try HDF5Attributes(object, reader, name: name.isEmpty ? "/" : name)
        places = Dictionary(
            links.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
        guard places.count == links.count, links.allSatisfy({ !$0.name.isEmpty && !$0.name.utf8.contains(0x2f) }) else {
            throw reader.failure(
                "a group has two members of one name, or one whose name is no part of a path", at: address)
        }
    }

    /// The names of its members, in the order of the file: that of the alphabet, if h5py wrote it with its defaults.
    public var names: [String] { links.map(\.name) }

    /// Whether there is a member of this name.
    public func contains(_ name: String) -> Bool { places[name] != nil }

    /// A group in it, or below it: names with slashes between them.
    ///
    /// - Throws: if there is none; links to other names and other files are refused.
    public func group(_ name: String) throws(FormatError) -> HDF5Group {
        guard let group = try member(name).group else {
            throw FormatError(
                .mismatch, path: reader.path, "\(inner(name).quoted) is no group", expected: "a group",
                received: "a data set or a type", remedy: "Check the name.")
        }
        return group
    }

    /// A data set in it, or below it: names with slashes between them.
    ///
    /// - Throws: if there is none; links to other names and other files are refused.
    public func dataset(_ name: String) throws(FormatError) -> HDF5Dataset {
        guard let dataset = try member(name).dataset else {
            throw FormatError(
                .mismatch, path: reader.path, "\(inner(name).quoted) is no data set", expected: "a data set",
                received: "a group or a type", remedy: "Check the name.")
        }
        return dataset
    }

    /// The names of its attributes.
    public var attributeNames: [String] { attributes.names }

    /// The value of an attribute; `nil` if there is none of this name.
    ///
    /// - Throws: if its type is neither numbers nor texts.
    public func attribute(_ name: String) throws(FormatError) -> HDF5Value? { try attributes.value(name) }

    private func inner(_ name: String) -> String { self.name.isEmpty ? name : "\(self.name)/\(name)" }

    /// What stands at a path below this group.
    func member(_ path: String) throws(FormatError) -> HDF5Member {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count <= HDF5Group.maximumDepth else {
            throw reader.unsupported(
                path, "lies more than \(HDF5Group.maximumDepth) groups deep", "Write it with fewer.")
        }
        var group = self
        for (index, part) in parts.enumerated() {
            guard let place = group.places[part] else { throw group.noMember(part) }
            let member = try group.member(at: place)
            if index == parts.count - 1 { return member }
            guard let inner = member.group else {
                throw FormatError(
                    .mismatch, path: reader.path, "\(group.inner(part).quoted) is no group", expected: "a group",
                    remedy: "Check the name.")
            }
            group = inner
        }
        throw noMember(path)
    }

    private func noMember(_ part: String) -> FormatError {
        FormatError(
            .mismatch, path: reader.path, "there is no \(part.quoted) in \((name.isEmpty ? "/" : name).quoted)",
            expected: names.isEmpty ? "nothing: it is empty" : "one of \(names.shown(5))", remedy: "Check the name.")
    }

    /// The member of that place in the list of names.
    func member(at place: Int) throws(FormatError) -> HDF5Member {
        let (name, link) = links[place]
        switch link {
        case .object(let address): return try HDF5Member(reader, at: address, name: inner(name))
        case .soft:
            throw reader.unsupported(
                inner(name), "is a soft link, which is not followed", "Write the data set itself in its place.")
        case .external:
            throw reader.unsupported(
                inner(name), "is a link to another file, which is not followed",
                "Write the data set itself in its place.")
        }
    }
}

/// What a link leads to.
struct HDF5Member {
    let group: HDF5Group?
    let dataset: HDF5Dataset?

    init(_ reader: HDF5Reader, at address: Int, name: String) throws(FormatError) {
        let object = try HDF5Object(reader, at: address)
        dataset = object.isDataset ? try HDF5Dataset(object, reader, name: name) : nil
        group = object.isGroup && dataset == nil ? try HDF5Group(object, reader, name: name) : nil
    }
}
