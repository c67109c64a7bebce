import ApusConfiguration

/// An HDF5 file, as h5py writes it: groups, data sets and attributes.
///
/// Read are superblocks 0 to 3, groups of both forms (of the newer those with few members), contiguous, compact and chunked data sets
/// with gzip and shuffle, numbers, bools and texts. Refused by name are links to other names and files, data outside of the file,
/// virtual data sets, other filters and compounds. What a data set announces is at most a thousand times what the file holds of it.
///
/// ```swift
/// let file = try HDF5File("weights.h5")
/// for name in try file.datasets() {
///     print(name, try file.dataset(name).array())
/// }
/// ```
public struct HDF5File: Sendable {
    /// Where the file is.
    public let path: String
    /// The group that holds all others.
    public let root: HDF5Group
    private let reader: HDF5Reader

    /// Opens a file, and reads its root group.
    ///
    /// - Throws: if the file is missing or damaged, or not of a form that is read.
    public init(_ path: String) throws(FormatError) {
        try self.init(ByteSource(path: path, content: "an HDF5 file"))
    }

    package init(_ source: ByteSource) throws(FormatError) {
        reader = try HDF5Reader(source)
        path = source.path
        root = try HDF5Group(HDF5Object(reader, at: reader.root), reader, name: "")
    }

    /// A group by its path: `model_weights/conv2d_1`.
    public func group(_ path: String) throws(FormatError) -> HDF5Group { try root.group(path) }

    /// A data set by its path: `model_weights/conv2d_1/kernel:0`.
    public func dataset(_ path: String) throws(FormatError) -> HDF5Dataset { try root.dataset(path) }

    /// The paths of all data sets, each group's in the order of the file.
    ///
    /// - Throws: if a link is met that is not followed, or groups lie in each other.
    public func datasets() throws(FormatError) -> [String] { try members().map(\.dataset.name) }

    /// All data sets with the groups that they are in, in the same order.
    func members() throws(FormatError) -> [(group: HDF5Group, dataset: HDF5Dataset)] {
        var members: [(HDF5Group, HDF5Dataset)] = []
        var known: Set<Int> = []
        var rest = reader.source.count * 4 + (1 << 20)
        try collect(root, &members, &known, &rest, depth: 0)
        return members
    }

    private func collect(
        _ group: HDF5Group, _ members: inout [(HDF5Group, HDF5Dataset)], _ known: inout Set<Int>, _ rest: inout Int,
        depth: Int
    ) throws(FormatError) {
        guard known.insert(group.address).inserted else {
            throw reader.unsupported(
                group.name, "is a group that has another name as well, or lies in itself", "Write every group once.")
        }
        guard depth < HDF5Group.maximumDepth else {
            throw reader.unsupported(
                group.name, "lies more than \(HDF5Group.maximumDepth) groups deep", "Write it with fewer.")
        }
        for (place, name) in group.names.enumerated() {
            rest -= group.name.utf8.count + name.utf8.count + 1
            guard rest >= 0 else { throw reader.failure("the names in the file are longer than its size makes likely") }
            let member = try group.member(at: place)
            if let dataset = member.dataset { members.append((group, dataset)) }
            if let inner = member.group { try collect(inner, &members, &known, &rest, depth: depth + 1) }
        }
    }
}
