import ApusGraph
import CKernels

extension Lowering {
    /// A loop whose body is a program of its own, with memory of its own.
    mutating func scan(_ number: Int, _ body: ScanBody) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number).map { Operand.read(value($0)) }
        let result = result(number)
        guard node.shape.count > 0 else { return }
        let program: Program
        do { program = try CPU.compile(body.graph) } catch {
            for problem in error.problems { report(problem.operation, problem.message) }
            return
        }
        plan.innerByteCount += program.report.arenaByteCount + program.report.constantByteCount
        step(
            "scan", apus_scan, inputs + [.write(result)], ParameterBlock(body, program, result: inputs.count),
            cost: node.cost)
    }
}

extension ParameterBlock {
    /// The parameters of a loop, which own its body.
    fileprivate convenience init(_ body: ScanBody, _ program: Program, result: Int) {
        let bytes = body.elementType.byteCount
        let parts = body.parts
        var moves: [apus_scan_move] = []
        var starts: [apus_scan_start] = []
        func move(_ slot: Int, operand: Int, offset: Int, stride: Int) {
            for place in program.calls.places(of: slot) {
                moves.append(
                    apus_scan_move(
                        place: place, operand: Int64(operand), offset: Int64(offset), stride: Int64(stride)))
            }
        }
        // Before and after an entry, in entries from the begin of what is kept.
        let (before, after) = body.isReversed ? (1, 0) : (0, 1)
        for (index, input) in body.graph.inputs.enumerated() {
            if index < body.carryCount {
                let (part, stride) = (parts[index], parts[index].stride)
                move(
                    index, operand: result, offset: bytes * (part.start + before * stride), stride: bytes * stride)
                let first = body.isReversed ? body.length * stride : 0
                starts.append(
                    apus_scan_start(
                        operand: Int64(index), offset: Int64(bytes * (part.start + first)),
                        byte_count: Int64(input.type.byteCount)))
            } else {
                let isSequence = index < body.carryCount + body.sequenceCount
                move(index, operand: index, offset: 0, stride: isSequence ? input.type.byteCount : 0)
            }
        }
        var slot = body.graph.inputs.count
        for (index, output) in body.graph.outputs.enumerated() where output.replaces == nil {
            let part = parts[index]
            let shift = index < body.carryCount ? after : 0
            move(
                slot, operand: result, offset: bytes * (part.start + shift * part.stride), stride: bytes * part.stride)
            slot += 1
        }
        let memory = UnsafeMutablePointer<apus_scan_parameters>.allocate(capacity: 1)
        let movesMemory = UnsafeMutablePointer<apus_scan_move>.allocate(capacity: max(1, moves.count))
        movesMemory.initialize(from: moves, count: moves.count)
        let startsMemory = UnsafeMutablePointer<apus_scan_start>.allocate(capacity: max(1, starts.count))
        startsMemory.initialize(from: starts, count: starts.count)
        memory.initialize(
            to: apus_scan_parameters(
                steps: program.calls.calls, step_count: Int64(program.calls.count), moves: movesMemory,
                move_count: Int64(moves.count), starts: startsMemory, start_count: Int64(starts.count),
                length: Int64(body.length), reverse: body.isReversed ? 1 : 0, result: Int64(result)))
        self.init(adopting: UnsafeRawPointer(memory)) { _ in
            memory.deallocate()
            movesMemory.deallocate()
            startsMemory.deallocate()
            withExtendedLifetime(program) {}
        }
    }
}
