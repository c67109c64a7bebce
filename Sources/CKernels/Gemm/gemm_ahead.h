// What tiles fetch for the L2 cache while they compute, a line every k. Part of gemm_template.h.

/// A block of k read in place: the first tiles of a panel fetch B of the next block, a line of each row, and in the
/// thread's first panel those after them A, a line of each k. `a` is where the rows of A begin, in this block.
static inline void APUS_FN(gemm_fetch_k)(const apus_gemm_parameters *p, const gemm_piece *piece, int64_t i,
                                         const float *a, int64_t vectors, APUS_FN(gemm_tile) *t) {
    int64_t line = 64 / (int64_t)sizeof(float), b_lines = gemm_ceiling(vectors * APUS_LANES, line);
    if (i < b_lines) {
        t->ahead = (const char *)(t->b + t->k * t->b_row_stride + i * line);
        t->ahead_step = t->b_row_stride * (int64_t)sizeof(float);
    } else if (piece->is_first) {
        int64_t row = gemm_part(p->m, piece->tile_begin, piece->tiles) + (i - b_lines) * line;
        if (row >= gemm_part(p->m, piece->tile_end, piece->tiles)) return;
        t->ahead = (const char *)(a + row * t->a_row_stride + t->k * t->a_column_stride);
        t->ahead_step = t->a_column_stride * (int64_t)sizeof(float);
    }
}

/// Part of a matrix that lies in one piece.
typedef struct {
    const float *begin;
    int64_t count;
} APUS_FN(gemm_stretch);

/// What the first tiles of a block fetch: one stretch after the other.
static inline void APUS_FN(gemm_fetch_stretches)(const gemm_piece *piece, int64_t i,
                                                 const APUS_FN(gemm_stretch) *stretches, int count,
                                                 APUS_FN(gemm_tile) *t) {
    // A tile fetches as many lines as it has rows of B.
    int64_t floats = t->k * 64 / (int64_t)sizeof(float);
    int64_t tile = piece->panel * (piece->tile_end - piece->tile_begin) + i;
    for (int s = 0; s < count; s++) {
        int64_t tiles = gemm_ceiling(stretches[s].count, floats);
        if (tile < tiles) {
            t->ahead = (const char *)(stretches[s].begin + tile * floats);
            t->ahead_step = 64;
            return;
        }
        tile -= tiles;
    }
}

/// Says what tile `i` of a piece fetches. `a` is where the rows of A begin, in the block of k.
static inline void APUS_FN(gemm_look_ahead)(const gemm_job *job, const gemm_piece *piece, int64_t i, const float *a,
                                            int64_t vectors, APUS_FN(gemm_tile) *t) {
    const gemm_shape *s = job->shape;
    const apus_gemm_parameters *p = &s->p;
    t->ahead = (const char *)t->b;
    t->ahead_step = 0;
    if (s->fetches_rows) {
        int64_t rows = gemm_least(p->m - piece->bottom, gemm_ceiling(p->m, s->row_blocks));
        int64_t c = piece->c_offset + piece->bottom * p->n;
        APUS_FN(gemm_stretch) next[] = {{p->adds ? job->added + c : NULL, p->adds ? rows * p->n : 0},
                                        {a + piece->bottom * p->k, rows * p->k},
                                        {job->c + c, rows * p->n}};
        APUS_FN(gemm_fetch_stretches)(piece, i, next, 3, t);
    } else if (s->parts > 1) {
        // The next part goes on where this one ends.
        int64_t k = gemm_least(p->k - piece->k_end, t->k);
        APUS_FN(gemm_stretch) next[] = {{job->a + piece->k_end * p->m, k * p->m},
                                        {job->b + piece->k_end * p->n, k * p->n}};
        APUS_FN(gemm_fetch_stretches)(piece, i, next, 2, t);
    } else if (s->fetches_k && piece->k_end < p->k) {
        APUS_FN(gemm_fetch_k)(p, piece, i, a, vectors, t);
    } else if (s->packs_b && piece->panel + 1 < APUS_FN(gemm_columns_of)(s).panels && i < vectors * APUS_LANES / 16) {
        // A packed panel is followed by the next one.
        t->ahead = (const char *)(t->b + p->k * t->b_row_stride + i * t->k * 16);
        t->ahead_step = 64;
    }
}
