// What `Benchmarks/images.py` compares with torchvision and tf.data:
//     apus-image-bench FOLDER SIZE BATCH SECONDS    reads the images of a folder as batches, again and again; prints a line of JSON

import ApusData
import ApusFormats
import Foundation

/// Seconds of all threads of this process.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let size = Int(arguments[2]), let batch = Int(arguments[3]),
    let wanted = Double(arguments[4])
else {
    FileHandle.standardError.write(Data("apus-image-bench FOLDER SIZE BATCH SECONDS\n".utf8))
    exit(64)
}
// No image stays in memory: each is decoded every time.
let data = try Dataset.images(
    ImageFolder(arguments[1]), height: size, width: size, channels: 3, streams: true, memoryLimit: 0)

/// Goes through the images in a new order, mirroring half of them; how many there were.
func pass(_ epoch: Int) throws -> Int {
    let batches = data.batches(of: batch, epoch: epoch, seed: 1, augmentations: [.flip()])
    let count = batches.reduce(0) { $0 + $1.inputs.only.shape[0] }
    try batches.checkFailure()
    return count
}

_ = try pass(0)
let clock = ContinuousClock()
let (start, processorStart) = (clock.now, processorSeconds())
var (epoch, images) = (0, 0)
while epoch == 0 || (clock.now - start) / .seconds(1) < wanted {
    epoch += 1
    images += try pass(epoch)
}
let seconds = (clock.now - start) / .seconds(1)
print(
    """
    {"framework": "apus", "mode": "ahead", "images_per_second": \(Double(images) / seconds), \
    "cpu_ms_per_image": \((processorSeconds() - processorStart) / Double(images) * 1e3)}
    """)
