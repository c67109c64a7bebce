import Foundation

/// Held by every check that sets the instruction set or the number of threads, which are global.
let kernelLock = NSLock()
