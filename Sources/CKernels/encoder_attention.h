// Attention as source, a part of encoder_body.h: products over panels of keys and of values.

// Queries whose scores are held at a time.
enum { QUERY_BLOCK = 48 };

// out[8][16] = the transpose of 8 × 8 floats; out is the left or the right half of its rows.
ALWAYS void transpose_eight(const float *rows, size_t stride, float *out) {
    v8 a[8], b[8];
    UNROLL for (size_t i = 0; i < 8; i++) { a[i] = *(const v8_loose *)(rows + i * stride); }
    UNROLL for (int i = 0; i < 8; i += 2) {
        b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        const int j = i & ~2;
        a[i] = i & 2
            ? __builtin_shufflevector(b[j], b[j + 2], 2, 3, 10, 11, 6, 7, 14, 15)
            : __builtin_shufflevector(b[j], b[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        const int j = i & ~4;
        b[i] = i & 4
            ? __builtin_shufflevector(a[j], a[j + 4], 4, 5, 6, 7, 12, 13, 14, 15)
            : __builtin_shufflevector(a[j], a[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    }
    UNROLL for (size_t i = 0; i < 8; i++) { *(v8_loose *)(out + i * LANES) = b[i]; }
}

// Where position j of a head begins in `rows` of k or v.
ALWAYS const float *attention_row(const sheaf_attention *call, const float *rows, size_t j) {
    return rows + (call->rows ? call->rows[j] : j) * call->stride;
}

// k[length, size] as panels of 16 positions: packed[p][size][16].
static void pack_keys(const sheaf_attention *call, float *packed) {
    const size_t eights = call->size / 8 * 8;
    for (size_t j = 0; j < call->length; j += LANES) {
        const size_t count = least(LANES, call->length - j);
        const float *rows = call->k + j * call->stride;
        float *panel = packed + j * call->size;
        const size_t first = count == LANES ? eights : 0;
        for (size_t d = 0; d < first; d += 8) {
            transpose_eight(rows + d, call->stride, panel + d * LANES);
            transpose_eight(rows + 8 * call->stride + d, call->stride, panel + d * LANES + 8);
        }
        for (size_t d = first; d < call->size; d++) {
            float *lane = panel + d * LANES;
            for (size_t i = 0; i < count; i++) { lane[i] = rows[i * call->stride + d]; }
            for (size_t i = count; i < LANES; i++) { lane[i] = 0; }
        }
    }
}

// The same for rows of k that do not follow each other.
static void gather_keys(const sheaf_attention *call, float *packed) {
    for (size_t j = 0; j < call->length; j += LANES) {
        float *panel = packed + j * call->size;
        for (size_t i = 0; i < LANES; i++) {
            const float *row =
                j + i < call->length ? attention_row(call, call->k, j + i) : NULL;
            for (size_t d = 0; d < call->size; d++) { panel[d * LANES + i] = row ? row[d] : 0; }
        }
    }
}

// v[length, size] as panels of 16 features: packed[p][length][16].
static void pack_values(const sheaf_attention *call, float *packed) {
    for (size_t d = 0; d < call->size; d += LANES) {
        const size_t count = least(LANES, call->size - d);
        float *panel = packed + d * call->length;
        if (count == LANES) {
            for (size_t j = 0; j < call->length; j++) {
                STORE(panel + j * LANES, LOAD(attention_row(call, call->v, j) + d));
            }
        } else {
            for (size_t j = 0; j < call->length; j++) {
                STORE(panel + j * LANES, load_part(attention_row(call, call->v, j) + d, count));
            }
        }
    }
}

static void pack_attention(const sheaf_attention *call, float *keys, float *values) {
    if (call->rows) {
        gather_keys(call, keys);
    } else {
        pack_keys(call, keys);
    }
    pack_values(call, values);
}

// scores = e^(scale·(score − row maximum)) in place for `rows` rows, and the inverses of the rows'
// sums. Rows are padded to a multiple of 16; what lies past `length` becomes 2^−126, which a sum
// of about 1 or more cannot feel, and is not read again. Three passes, so that no row waits for
// another's reduction.
static void soften(
    float *scores, size_t rows, size_t length, float scale, float *inverse) {
    const size_t padded = (length + LANES - 1) / LANES * LANES;
    const float binary = scale * 1.44269504f;
    float maximum[QUERY_BLOCK];
    v16 sums[QUERY_BLOCK];
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * padded;
        for (size_t j = length; j < padded; j++) { row[j] = -3e38f; }
        v16 top = LOAD(row);
        for (size_t j = LANES; j < padded; j += LANES) { top = larger(top, LOAD(row + j)); }
        maximum[r] = max_lanes(top);
    }
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * padded;
        const v16 highest = SPLAT(maximum[r]);
        v16 sum = SPLAT(0.0f);
        ALIGNED for (size_t j = 0; j < padded; j += LANES) {
            const v16 e = power_of_two((LOAD(row + j) - highest) * SPLAT(binary));
            STORE(row + j, e);
            sum = sum + e;
        }
        sums[r] = sum;
    }
    for (size_t r = 0; r < rows; r++) { inverse[r] = 1.0f / sum_lanes(sums[r]); }
}

// The positions that query `row` of a call sees.
ALWAYS size_t seen(const sheaf_attention *call, size_t row) {
    return call->causal ? call->length - call->queries + row + 1 : call->length;
}

// scores = scale · score + bias for `rows` rows from query `first` on, and what a query does not
// see far below all else.
static void bias_scores(
    const sheaf_attention *call, size_t first, size_t rows, size_t padded, float *scores) {
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * padded;
        const size_t length = seen(call, first + r);
        if (call->bias) {
            const float *bias = call->bias + (ptrdiff_t)(first + r) * call->bias_stride;
            size_t j = 0;
            for (; j + LANES <= length; j += LANES) {
                STORE(row + j, FMA(LOAD(row + j), SPLAT(call->scale), LOAD(bias + j)));
            }
            if (j < length) {
                const size_t count = length - j;
                const v16 scaled =
                    FMA(load_part(row + j, count), SPLAT(call->scale), load_part(bias + j, count));
                store_part(row + j, scaled, count);
            }
        }
        for (size_t j = length; j < padded; j++) { row[j] = -3e38f; }
    }
}

static void attention(const sheaf_attention *call) {
    const size_t padded = (call->length + LANES - 1) / LANES * LANES;
    const size_t padded_size = (call->size + LANES - 1) / LANES * LANES;
    float *own_keys = call->scratch;
    float *own_values = own_keys + padded * call->size;
    float *scores = own_values + padded_size * call->length;
    float inverse[QUERY_BLOCK];
    const float *keys = call->keys, *values = call->values;
    if (keys == NULL) {
        pack_attention(call, own_keys, own_values);
        keys = own_keys;
        values = own_values;
    }
    const int is_plain = call->bias == NULL && !call->causal;
    const float scale = call->bias ? 1 : call->scale;
    for (size_t row = 0; row < call->queries; row += QUERY_BLOCK) {
        const size_t rows = least(QUERY_BLOCK, call->queries - row);
        product(&(sheaf_product){
            .rows = rows, .columns = padded, .depth = call->size,
            .a = call->q + row * call->q_stride, .a_stride = call->q_stride, .b = keys,
            .c = scores, .c_stride = padded});
        if (!is_plain) { bias_scores(call, row, rows, padded, scores); }
        soften(scores, rows, call->length, scale, inverse);
        if (call->causal) {
            // What is not seen adds nothing to the sums of the values.
            for (size_t r = 0; r < rows; r++) {
                float *unseen = scores + r * padded;
                for (size_t j = seen(call, row + r); j < call->length; j++) { unseen[j] = 0; }
            }
        }
        float *out = call->out + row * call->out_stride;
        product(&(sheaf_product){
            .rows = rows, .columns = call->size, .depth = call->length,
            .a = scores, .a_stride = padded, .b = values,
            .c = out, .c_stride = call->out_stride});
        for (size_t r = 0; r < rows; r++) {
            float *o = out + r * call->out_stride;
            size_t d = 0;
            for (; d + LANES <= call->size; d += LANES) {
                STORE(o + d, LOAD(o + d) * SPLAT(inverse[r]));
            }
            for (; d < call->size; d++) { o[d] = o[d] * inverse[r]; }
        }
    }
}
