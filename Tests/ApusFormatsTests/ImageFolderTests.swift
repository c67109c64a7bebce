import ApusFormats
import ApusTestKit
import Foundation
import Testing

@Suite struct ImageFolderTests {
    private func withFiles(_ files: [String], _ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for file in files {
                let path = "\(folder)/\(file)"
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                if !file.hasSuffix("/") { try Data([1]).write(to: URL(fileURLWithPath: path)) }
            }
            try body(folder)
        }
    }

    @Test func classesAndImagesAreSorted() throws {
        try withFiles([
            "dog/2.png", "dog/10.PNG", "dog/.hidden.png", "dog/notes.txt", "dog/a/1.jpg", "dog/a/b/x.jpeg", "Cat/z.jpg",
            "été/e.png", ".git/x.png", "readme.png",
        ]) { folder in
            // A link that leads back up must not be followed for ever, one to another folder is.
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/dog/a/up", withDestinationPath: "..")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/Cat/more", withDestinationPath: "../été")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/Cat/broken.png", withDestinationPath: "no")
            let images = try ImageFolder(folder)
            #expect(images.classNames == ["Cat", "dog", "été"])
            #expect(
                images.paths.map { String($0.dropFirst(folder.count + 1)) } == [
                    "Cat/more/e.png", "Cat/z.jpg", "dog/10.PNG", "dog/2.png", "dog/a/1.jpg", "dog/a/b/x.jpeg",
                    "été/e.png",
                ])
            #expect(images.labels == [0, 0, 1, 1, 1, 1, 2])
            #expect(
                ImageFolder.note(folder, skipping: images.skipped)
                    == "\(folder): 3 files left out, for only PNG and JPEG files in folders of classes are read: 2 .png, 1 .txt "
                    + "(readme.png, Cat/broken.png, dog/notes.txt)")
        }
    }

    /// Folders that are called by numbers are classes in their order.
    @Test func numbersAreInOrder() throws {
        let names = (0...10).map { "\($0)" }
        try withFiles(names.map { "\($0)/a.png" }) { folder in
            let images = try ImageFolder(folder)
            #expect(images.classNames == names)
            #expect(images.skipped.isEmpty)
        }
        #expect(ClassNames.sorted(["b", "10", "9"]).names == ["10", "9", "b"])
        #expect(ClassNames.sorted(["10", "-1", "9"]).places == [2, 0, 1])
    }

    @Test func mistakesAreExplained() throws {
        try withFiles(["a.png", "b.png"]) { flat in
            #expect(
                message { try ImageFolder(flat) }
                    == "\(flat): the folder has no sub-folders. Expected one sub-folder a class; received 2 images. Put "
                    + "the images of each class into a folder with its name, or check the path.")
            #expect(throws: FormatError.self) { try ImageFolder("\(flat)/a.png") }
        }
        try withFiles(["a/1.png", "b/1.gif"]) { empty in
            #expect(
                message { try ImageFolder(empty) }
                    == "\(empty)/b: the folder of a class holds no images. Expected files called .png, .jpg or .jpeg; "
                    + "received 1 .gif. Convert them to PNG, or remove the folder.")
            #expect(
                message { try ImageFolder("\(empty)/c") }
                    == "\(empty)/c: there is no such file. Expected a folder of images. Check the path.")
        }
        #expect(throws: FormatError.self) { try ImageFolder("a\0b") }
    }
}
