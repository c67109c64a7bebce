import ApusFormats
import Foundation
import Testing

@Suite struct ImageFolderTests {
    private func folder(_ files: [String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in files {
            let path = "\(folder.path)/\(file)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            if !file.hasSuffix("/") { try Data([1]).write(to: URL(fileURLWithPath: path)) }
        }
        return folder
    }

    @Test func classesAndImagesAreSorted() throws {
        let folder = try folder([
            "dog/2.png", "dog/10.PNG", "dog/.hidden.png", "dog/notes.txt", "dog/a/1.jpg", "dog/a/b/x.jpeg", "Cat/z.jpg",
            "été/e.png", ".git/x.png", "readme.png",
        ])
        // A link that leads back up must not be followed for ever, one to another folder is.
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/dog/a/up", withDestinationPath: "..")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/Cat/more", withDestinationPath: "../été")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/Cat/broken.png", withDestinationPath: "no")
        let images = try ImageFolder(folder.path)
        #expect(images.classNames == ["Cat", "dog", "été"])
        #expect(
            images.paths.map { String($0.dropFirst(folder.path.count + 1)) } == [
                "Cat/more/e.png", "Cat/z.jpg", "dog/10.PNG", "dog/2.png", "dog/a/1.jpg", "dog/a/b/x.jpeg", "été/e.png",
            ])
        #expect(images.labels == [0, 0, 1, 1, 1, 1, 2])
        #expect(
            ImageFolder.note(folder.path, skipping: images.skipped)
                == "\(folder.path): 3 files left out, for only PNG and JPEG files in folders of classes are read: 2 .png, 1 .txt "
                + "(readme.png, Cat/broken.png, dog/notes.txt)")
    }

    /// Folders that are called by numbers are classes in their order.
    @Test func numbersAreInOrder() throws {
        let names = (0...10).map { "\($0)" }
        let folder = try folder(names.map { "\($0)/a.png" })
        let images = try ImageFolder(folder.path)
        #expect(images.classNames == names)
        #expect(images.skipped.isEmpty)
        #expect(ClassNames.sorted(["b", "10", "9"]).names == ["10", "9", "b"])
        #expect(ClassNames.sorted(["10", "-1", "9"]).places == [2, 0, 1])
    }

    @Test func mistakesAreExplained() throws {
        let flat = try folder(["a.png", "b.png"])
        #expect(
            message { () throws(FormatError) in try ImageFolder(flat.path) }
                == "\(flat.path): the folder has no sub-folders. Expected one sub-folder a class; received 2 images. Put "
                + "the images of each class into a folder with its name, or check the path.")
        let empty = try folder(["a/1.png", "b/1.gif"])
        #expect(
            message { () throws(FormatError) in try ImageFolder(empty.path) }
                == "\(empty.path)/b: the folder of a class holds no images. Expected files called .png, .jpg or .jpeg; "
                + "received 1 .gif. Convert them to PNG, or remove the folder.")
        #expect(
            message { () throws(FormatError) in try ImageFolder("\(empty.path)/c") }
                == "\(empty.path)/c: there is no such file. Expected a folder of images. Check the path.")
        #expect(throws: FormatError.self) { try ImageFolder("\(flat.path)/a.png") }
        #expect(throws: FormatError.self) { try ImageFolder("a\0b") }
    }
}
