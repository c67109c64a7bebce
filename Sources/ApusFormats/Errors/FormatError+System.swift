import Foundation

extension FormatError {
    /// The system refused to open or read a file.
    static func reading(_ path: String, code: Int32, expected: String? = nil) -> FormatError {
        if code == ENOENT || code == ENOTDIR {
            return FormatError(
                .missing, path: path, "there is no such file", expected: expected, remedy: "Check the path.")
        }
        return FormatError(
            .system(code), path: path, "the file can't be read: \(systemText(code))", remedy: systemRemedy(code))
    }

    /// The system refused to create, write, sync or rename a file.
    package static func writing(_ path: String, code: Int32, while action: String) -> FormatError {
        FormatError(
            .system(code), path: path, "the file can't be written: \(systemText(code)), while \(action)",
            remedy: systemRemedy(code))
    }

    /// A path that the system would cut short.
    static func checkPath(_ path: String) throws(FormatError) {
        guard !path.utf8.contains(0) else {
            throw FormatError(
                .mismatch, path: path.split(separator: "\0", omittingEmptySubsequences: false).joined(separator: "\\0"),
                "the path contains a zero byte", remedy: "Use a path without it.")
        }
    }

    private static func systemText(_ code: Int32) -> String {
        let name = names.first { $0.code == code }?.name ?? "error \(code)"
        guard let text = strerror(code) else { return name }
        return "\(String(cString: text)) (\(name))"
    }

    private static func systemRemedy(_ code: Int32) -> String {
        switch code {
        case ENOSPC: "Free space on that disk, or choose a folder on another one."
        case EDQUOT: "Delete files of yours there, ask for a greater quota, or choose a folder on another disk."
        case EIO: "The disk or its connection fails: look at the system's log, and choose a folder on another disk."
        case EACCES, EPERM: "Change the permissions of the file and its folder, or choose another folder."
        case EROFS: "The file system is read-only: choose another folder."
        case ENOENT, ENOTDIR: "Create its folder first, or check the path."
        case EISDIR: "The path names a folder: give the path of a file."
        case EMFILE, ENFILE: "Too many files are open: close some, or raise the limit (ulimit -n)."
        case ENAMETOOLONG: "Choose a shorter name."
        case EFBIG: "The file is greater than the limit of the file system or the process (ulimit -f)."
        case ENOMEM: "Not enough memory: free some, or take a smaller file."
        default: "Check the path, and that the disk works."
        }
    }

    private static let names: [(code: Int32, name: String)] = [
        (ENOSPC, "ENOSPC"), (EDQUOT, "EDQUOT"), (EIO, "EIO"), (EACCES, "EACCES"), (EPERM, "EPERM"), (EROFS, "EROFS"),
        (ENOENT, "ENOENT"), (ENOTDIR, "ENOTDIR"), (EISDIR, "EISDIR"), (EMFILE, "EMFILE"), (ENFILE, "ENFILE"),
        (ENAMETOOLONG, "ENAMETOOLONG"), (EFBIG, "EFBIG"), (ENOMEM, "ENOMEM"), (ELOOP, "ELOOP"), (EEXIST, "EEXIST"),
    ]
}
