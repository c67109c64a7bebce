/// The attributes of attention by scaled dot products.
///
/// Queries [N, T, heads, size], keys [N, S, groups, size], values [N, S, groups, depth] → [N, T, heads, depth].
package struct AttentionForm: Hashable, Sendable {
    /// Whether query t sees the keys up to t alone.
    package var isCausal: Bool
    /// The factor of the dot products.
    package var scale: Double
    /// What the last operand says of pairs of queries and keys; without one there is no such operand.
    package var mask: AttentionMask?

    package init(isCausal: Bool, scale: Double, mask: AttentionMask? = nil) {
        self.isCausal = isCausal
        self.scale = scale
        self.mask = mask
    }

    /// How many keys all queries of a head see together.
    func pairs(queries: Int, keys: Int) -> Int {
        guard isCausal else { return queries *| keys }
        let rising = min(queries, keys)
        return rising *| (rising + 1) / 2 +| max(0, queries - keys) *| keys
    }
}

/// What a mask [N, heads, T, S] says, each of whose axes may be 1. A query that sees nothing finds 0.
package enum AttentionMask: String, Hashable, Sendable, CaseIterable {
    /// bool: which keys a query sees.
    case seen
    /// Numbers that are added to the products; −∞ hides a key.
    case added
}

/// The operands of attention.
package enum AttentionOperand: String, Hashable, Sendable, CaseIterable {
    case queries, keys, values
}
