import ApusTensor

extension ONNXOperators {
    /// Images of other sizes, and at other places.
    static let resizing: [String: Operator] = [
        "Resize": { call in [try ONNXResizing(call, isUpsample: false).applied()] },
        "Upsample": { call in [try ONNXResizing(call, isUpsample: true).applied()] },
        "GridSample": { call in [try ONNXGridSampling(call).applied()] },
    ]
}
