public import ApusExperiments
import ApusFormats
import ApusTraining
import Foundation

extension RunReport {
    /// What the page is called in the folder of a run.
    public static let fileName = "report.html"

    /// Writes `plots/*.svg` and `report.html` into the folder of a run; each file appears whole or not at all.
    ///
    /// - Throws: `FormatError` if the disk refuses.
    public func write(to folder: RunFolder) throws {
        let pictures = plots.map { plot in
            (plot, plot.chart.svg(size: plot.size, theme: .automatic, background: true))
        }
        let plotFolder = "\(folder.path)/plots"
        do {
            try FileManager.default.createDirectory(atPath: plotFolder, withIntermediateDirectories: true)
        } catch {
            throw FormatError(
                .system(EIO), path: plotFolder, "the folder can't be made: \(error.localizedDescription)",
                remedy: "Check the permissions and the free space.")
        }
        for (plot, svg) in pictures { try folder.write("plots/\(plot.name).svg", svg) }
        try folder.write(RunReport.fileName, html)
    }
}
