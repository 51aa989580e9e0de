// Training kernels of attention: the forward pass with dropout, and the backward pass.
//
// With S = scale · Q Kᵀ, P = softmax(S), M the dropout's factors, O = (P∘M) V:
//   dV = (P∘M)ᵀ dO,  dP = M∘(dO Vᵀ),  dS = P∘(dP − rowsum(P∘dP)) · scale,  dQ = dS K,  dK = dSᵀ Q.
// The backward pass computes P again instead of keeping it.

// Queries worked on at once: few enough for scores and gradients to stay in the cache.
enum { BACKWARD_BLOCK = 64 };

ALWAYS size_t padded(size_t length) { return (length + LANES - 1) / LANES * LANES; }

// row = e^(scale · (row − maximum)), past `length` 0; gives the inverse of the sum.
static float soften_row(float *row, size_t length, float scale) {
    const size_t end = padded(length);
    for (size_t j = length; j < end; j++) { row[j] = -3e38f; }
    v16 top = LOAD(row);
    for (size_t j = LANES; j < end; j += LANES) { top = larger(top, LOAD(row + j)); }
    const v16 highest = SPLAT(max_lanes(top));
    v16 sum = SPLAT(0.0f);
    ALIGNED for (size_t j = 0; j < end; j += LANES) {
        const v16 e = exponential((LOAD(row + j) - highest) * SPLAT(scale));
        STORE(row + j, e);
        sum = sum + e;
    }
    for (size_t j = length; j < end; j++) { row[j] = 0; }
    return 1.0f / sum_lanes(sum);
}

static void scale_by_row(
    float *row, size_t end, const sheaf_dropout *dropout, uint32_t number) {
    for (size_t block = 0; block * DROPOUT_BLOCK < end; block++) {
        v16 factors[8];
        dropout_factors(dropout, number, block, factors);
        for (size_t part = 0; part < 8; part++) {
            const size_t j = block * DROPOUT_BLOCK + part * LANES;
            if (j >= end) { break; }
            STORE(row + j, LOAD(row + j) * factors[part]);
        }
    }
}

static void attention_dropped(const sheaf_dropout_attention *call) {
    const sheaf_attention *head = &call->head;
    const size_t end = padded(head->length);
    float *keys = head->scratch;
    float *values = keys + end * head->size;
    float *scores = values + padded(head->size) * head->length;
    float inverse[BACKWARD_BLOCK];
    // The scratch of attention has room for 48 rows of scores.
    const size_t block = 48;
    pack_columns(head->k, head->length, head->size, head->stride, keys);
    pack_rows(head->v, head->length, head->size, head->stride, values);
    for (size_t row = 0; row < head->queries; row += block) {
        const size_t rows = least(block, head->queries - row);
        SHEAF_ENCODER.product(&(sheaf_product){
            .rows = rows, .columns = end, .depth = head->size,
            .a = head->q + row * head->q_stride, .a_stride = head->q_stride, .b = keys,
            .c = scores, .c_stride = end});
        for (size_t r = 0; r < rows; r++) {
            inverse[r] = soften_row(scores + r * end, head->length, head->scale);
            const uint32_t number = call->first_row + (uint32_t)(row + r);
            scale_by_row(scores + r * end, end, call->dropout, number);
        }
        float *out = head->out + row * head->out_stride;
        SHEAF_ENCODER.product(&(sheaf_product){
            .rows = rows, .columns = head->size, .depth = head->length, .a = scores,
            .a_stride = end, .b = values, .c = out, .c_stride = head->out_stride});
        for (size_t r = 0; r < rows; r++) {
            float *o = out + r * head->out_stride;
            for (size_t d = 0; d < head->size; d++) { o[d] = o[d] * inverse[r]; }
        }
    }
}

// For one query: weights (after dropout) and the gradient of the scores, from the exponentials,
// the inverse of their sum, and the gradient of the weights.
static void weights_backward(
    const sheaf_attention_backward *call, uint32_t number, float inverse, float *weights,
    float *gradient) {
    const size_t end = padded(call->head.length);
    v16 sum = SPLAT(0.0f);
    for (size_t j = 0; j < end; j += DROPOUT_BLOCK) {
        v16 factors[8];
        if (call->dropout) {
            dropout_factors(call->dropout, number, j / DROPOUT_BLOCK, factors);
        }
        for (size_t part = 0; part < 8 && j + part * LANES < end; part++) {
            const size_t at = j + part * LANES;
            const v16 p = LOAD(weights + at) * SPLAT(inverse);
            const v16 f = call->dropout ? factors[part] : SPLAT(1.0f);
            // The sign of a weight, which is not negative, is free to say "dropped".
            const v16 d = LOAD(gradient + at) * f;
            STORE(gradient + at, d);
            STORE(weights + at, f > SPLAT(0.0f) ? p : -p);
            sum = FMA(p, d, sum);
        }
    }
    const v16 mean = SPLAT(sum_lanes(sum));
    const v16 kept = SPLAT(call->dropout ? call->dropout->scale : 1.0f);
    const v16 scale = SPLAT(call->head.scale);
    for (size_t j = 0; j < end; j += LANES) {
        const v16 marked = LOAD(weights + j);
        const v16 p = (v16)((i16)marked & (i16)(0x7fffffff));
        STORE(gradient + j, p * (LOAD(gradient + j) - mean) * scale);
        STORE(weights + j, marked > SPLAT(0.0f) ? p * kept : SPLAT(0.0f));
    }
}

// c[rows, size] = or += a[rows, depth] × b.
static void product_onto(
    size_t rows, size_t size, size_t depth, const float *a, size_t a_stride, const float *b,
    float *c, size_t c_stride, int onto) {
    SHEAF_ENCODER.product(&(sheaf_product){
        .rows = rows, .columns = size, .depth = depth, .a = a, .a_stride = a_stride, .b = b,
        .residual = onto ? c : NULL, .residual_stride = c_stride, .c = c,
        .c_stride = c_stride});
}

static void attention_backward(const sheaf_attention_backward *call) {
    const sheaf_attention *head = &call->head;
    const size_t length = head->length, size = head->size, end = padded(length);
    const size_t wide = padded(size);
    float *keys = head->scratch;                  // K for Q Kᵀ
    float *values = keys + end * size;            // V for dO Vᵀ
    float *key_rows = values + end * size;        // K for dS K
    float *queries = key_rows + wide * length;    // Q of a block for dSᵀ Q
    float *douts = queries + wide * BACKWARD_BLOCK;  // dO of a block for (P∘M)ᵀ dO
    float *weights = douts + wide * BACKWARD_BLOCK;
    float *gradient = weights + BACKWARD_BLOCK * end;
    float *turned = gradient + BACKWARD_BLOCK * end;
    pack_columns(head->k, length, size, head->stride, keys);
    pack_columns(head->v, length, size, head->stride, values);
    pack_rows(head->k, length, size, head->stride, key_rows);
    for (size_t row = 0; row < head->queries; row += BACKWARD_BLOCK) {
        const size_t rows = least(BACKWARD_BLOCK, head->queries - row);
        const float *q = head->q + row * head->q_stride;
        const float *dout = call->dout + row * call->dout_stride;
        product_onto(rows, end, size, q, head->q_stride, keys, weights, end, 0);
        product_onto(rows, end, size, dout, call->dout_stride, values, gradient, end, 0);
        for (size_t r = 0; r < rows; r++) {
            float *own = weights + r * end;
            const float inverse = soften_row(own, length, head->scale);
            const uint32_t number = call->first_row + (uint32_t)(row + r);
            weights_backward(call, number, inverse, own, gradient + r * end);
        }
        product_onto(
            rows, size, length, gradient, end, key_rows, call->dq + row * call->dq_stride,
            call->dq_stride, 0);
        pack_rows(dout, rows, size, call->dout_stride, douts);
        transpose(weights, rows, length, end, turned, BACKWARD_BLOCK);
        product_onto(
            length, size, rows, turned, BACKWARD_BLOCK, douts, call->dv, call->dkv_stride,
            row > 0);
        pack_rows(q, rows, size, head->q_stride, queries);
        transpose(gradient, rows, length, end, turned, BACKWARD_BLOCK);
        product_onto(
            length, size, rows, turned, BACKWARD_BLOCK, queries, call->dk, call->dkv_stride,
            row > 0);
    }
}
