/// The attributes of attention by scaled dot products.
///
/// Queries [N, T, heads, size], keys [N, S, groups, size], values [N, S, groups, depth] → [N, T, heads, depth].
package struct AttentionForm: Hashable, Sendable {
    /// Whether query t sees the keys up to t alone.
    package var isCausal: Bool
    /// The factor of the dot products.
    package var scale: Double

    package init(isCausal: Bool, scale: Double) {
        self.isCausal = isCausal
        self.scale = scale
    }

    /// How many keys all queries of a head see together.
    func pairs(queries: Int, keys: Int) -> Int {
        guard isCausal else { return queries *| keys }
        let rising = min(queries, keys)
        return rising *| (rising + 1) / 2 +| max(0, queries - keys) *| keys
    }
}

/// The operands of attention.
package enum AttentionOperand: String, Hashable, Sendable, CaseIterable {
    case queries, keys, values
}
