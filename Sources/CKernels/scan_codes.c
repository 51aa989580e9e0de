#include "scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma STDC FP_CONTRACT OFF

enum {
    BLOCK = SHEAF_SCAN_BLOCK_ROWS,
    STRIDE = SHEAF_SCAN_STRIDE_ROWS,
    BLOCKS = STRIDE / BLOCK,
    GROUP = 4,
    // Questions that share one pass over a stride of rows.
    TOGETHER = 8,
};

#define INLINE static inline __attribute__((always_inline))

// <e,c> of one stride of rows and up to TOGETHER questions.
typedef struct dots {
    int32_t values[TOGETHER][STRIDE];
} dots;

// Writes the candidates of one question among one stride of rows.
INLINE size_t emit(
    const sheaf_scan_rows *rows, size_t first, const sheaf_scan_question *question,
    const int32_t *products, sheaf_scan_candidate *candidates) {
    double lower[STRIDE], upper[STRIDE];
    const double *scale = rows->scale + first;
    const double *code_norm = rows->code_norm + first;
    const double *residual_norm = rows->residual_norm + first;
    double highest = -__builtin_inf();
    if (rows->square == NULL) {
        for (size_t i = 0; i < STRIDE; i++) {
            double middle = question->scale * scale[i] * (double)products[i];
            double error = question->on_code * code_norm[i]
                + question->on_residual * residual_norm[i];
            lower[i] = middle - error;
            upper[i] = middle + error;
        }
    } else {
        const double *square = rows->square + first;
        for (size_t i = 0; i < STRIDE; i++) {
            double squares = square[i] + question->square;
            double middle = question->scale * scale[i] * (double)products[i] - squares;
            double error = question->on_code * code_norm[i]
                + question->on_residual * residual_norm[i] + question->on_square * squares;
            lower[i] = middle - error;
            upper[i] = middle + error;
        }
    }
    for (size_t i = 0; i < STRIDE; i++) { highest = upper[i] > highest ? upper[i] : highest; }
    if (highest < question->threshold) { return 0; }
    size_t found = 0;
    for (size_t i = 0; i < STRIDE; i++) {
        if (upper[i] >= question->threshold) {
            candidates[found++] = (sheaf_scan_candidate){(int64_t)(first + i), lower[i], upper[i]};
        }
    }
    return found;
}

// One pass: for each stride of rows, for each few questions, products and then candidates, so
// that the codes of a row come from memory once.
#define SCAN(PRODUCTS)                                                                           \
    size_t groups = sheaf_scan_code_bytes(dimension) / GROUP;                                    \
    for (size_t q = 0; q < question_count; q++) { found[q] = 0; }                                \
    for (size_t row = first; row < first + count; row += STRIDE) {                               \
        const uint8_t *codes = rows->codes + row * groups * GROUP;                               \
        for (size_t q = 0; q < question_count; q += TOGETHER) {                                  \
            size_t left = question_count - q;                                                    \
            size_t some = left < TOGETHER ? left : TOGETHER;                                     \
            dots products;                                                                       \
            PRODUCTS(codes, groups, questions + q, some, &products);                             \
            for (size_t i = q; i < q + some; i++) {                                              \
                sheaf_scan_candidate *own = candidates + i * count + found[i];                   \
                found[i] += emit(rows, row, questions + i, products.values[i - q], own);         \
            }                                                                                    \
        }                                                                                        \
    }

INLINE void products_portable(
    const uint8_t *codes, size_t groups, const sheaf_scan_question *questions, size_t count,
    dots *out) {
    memset(out, 0, sizeof *out);
    for (size_t block = 0; block < BLOCKS; block++) {
        for (size_t group = 0; group < groups; group++) {
            const uint8_t *four = codes + (block * groups + group) * BLOCK * GROUP;
            for (size_t q = 0; q < count; q++) {
                const int8_t *asked = questions[q].codes + group * GROUP;
                for (size_t i = 0; i < BLOCK * GROUP; i++) {
                    out->values[q][block * BLOCK + i / GROUP] +=
                        ((int32_t)four[i] - 128) * asked[i % GROUP];
                }
            }
        }
    }
}

static void scan_portable(
    const sheaf_scan_rows *rows, size_t dimension, size_t first, size_t count,
    const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_candidate *candidates, size_t *found) {
    SCAN(products_portable)
}

#if defined(__x86_64__)

INLINE int32_t four_codes(const sheaf_scan_question *question, size_t group) {
    int32_t four;
    memcpy(&four, question->codes + group * GROUP, GROUP);
    return four;
}

#define AVX2 __attribute__((target("avx2")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

// One block of 16 rows against `count` questions, a constant where this is called.
AVX2 INLINE void block_avx2(
    const uint8_t *codes, size_t groups, const sheaf_scan_question *questions, size_t count,
    size_t block, size_t at, dots *out) {
    const __m256i sign_bit = _mm256_set1_epi8((char)0x80);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums[4][2];
    for (size_t q = 0; q < count; q++) {
        sums[q][0] = sums[q][1] = _mm256_setzero_si256();
    }
    const uint8_t *from = codes + block * groups * BLOCK * GROUP;
    for (size_t group = 0; group < groups; group++, from += BLOCK * GROUP) {
        for (size_t half = 0; half < 2; half++) {
            __m256i code = _mm256_loadu_si256((const __m256i *)from + half);
            code = _mm256_xor_si256(code, sign_bit);
            __m256i size = _mm256_abs_epi8(code);
            for (size_t q = 0; q < count; q++) {
                __m256i asked = _mm256_set1_epi32(four_codes(questions + q, group));
                // The sign of c moves to e. A pair sums to at most 2 * 127 * 127, within int16.
                __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(asked, code));
                sums[q][half] =
                    _mm256_add_epi32(sums[q][half], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    for (size_t q = 0; q < count; q++) {
        for (size_t half = 0; half < 2; half++) {
            int32_t *to = out->values[at + q] + block * BLOCK + half * 8;
            _mm256_storeu_si256((__m256i *)to, sums[q][half]);
        }
    }
}

AVX2 INLINE void products_avx2(
    const uint8_t *codes, size_t groups, const sheaf_scan_question *questions, size_t count,
    dots *out) {
    for (size_t block = 0; block < BLOCKS; block++) {
        size_t q = 0;
        for (; q + 4 <= count; q += 4) {
            block_avx2(codes, groups, questions + q, 4, block, q, out);
        }
        for (; q < count; q++) { block_avx2(codes, groups, questions + q, 1, block, q, out); }
    }
}

AVX2 static void scan_avx2(
    const sheaf_scan_rows *rows, size_t dimension, size_t first, size_t count,
    const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_candidate *candidates, size_t *found) {
    SCAN(products_avx2)
}

// `blocks` blocks from `block` on against `count` questions, both constants where this is called.
VNNI INLINE void blocks_vnni(
    const uint8_t *codes, size_t groups, const sheaf_scan_question *questions, size_t count,
    size_t at, size_t block, size_t blocks, dots *out) {
    __m512i sums[TOGETHER][BLOCKS];
    for (size_t q = 0; q < count; q++) {
        // The products are of c + 128: 128 * sum(e) too much.
        __m512i start = _mm512_set1_epi32(-128 * questions[q].sum);
        for (size_t b = 0; b < blocks; b++) { sums[q][b] = start; }
    }
    const uint8_t *from = codes + block * groups * BLOCK * GROUP;
    for (size_t group = 0; group < groups; group++, from += BLOCK * GROUP) {
        __m512i code[BLOCKS];
        for (size_t b = 0; b < blocks; b++) {
            code[b] = _mm512_loadu_si512(from + b * groups * BLOCK * GROUP);
        }
        for (size_t q = 0; q < count; q++) {
            __m512i asked = _mm512_set1_epi32(four_codes(questions + q, group));
            for (size_t b = 0; b < blocks; b++) {
                sums[q][b] = _mm512_dpbusd_epi32(sums[q][b], code[b], asked);
            }
        }
    }
    for (size_t q = 0; q < count; q++) {
        for (size_t b = 0; b < blocks; b++) {
            _mm512_storeu_si512(out->values[at + q] + (block + b) * BLOCK, sums[q][b]);
        }
    }
}

VNNI INLINE void products_vnni(
    const uint8_t *codes, size_t groups, const sheaf_scan_question *questions, size_t count,
    dots *out) {
    if (count == TOGETHER) {
        blocks_vnni(codes, groups, questions, TOGETHER, 0, 0, 2, out);
        blocks_vnni(codes, groups, questions, TOGETHER, 0, 2, 2, out);
        return;
    }
    size_t q = 0;
    for (; q + 4 <= count; q += 4) { blocks_vnni(codes, groups, questions + q, 4, q, 0, 4, out); }
    for (; q < count; q++) { blocks_vnni(codes, groups, questions + q, 1, q, 0, 4, out); }
}

VNNI static void scan_vnni(
    const sheaf_scan_rows *rows, size_t dimension, size_t first, size_t count,
    const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_candidate *candidates, size_t *found) {
    SCAN(products_vnni)
}

#endif

int sheaf_scan_has_vnni(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512vnni") != 0;
#else
    return 0;
#endif
}

void sheaf_scan_candidates(
    sheaf_simd_path path, const sheaf_scan_rows *rows, size_t dimension, size_t first,
    size_t count, const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_candidate *candidates, size_t *found) {
#if defined(__x86_64__)
    if (path == SHEAF_SIMD_AVX512 && sheaf_scan_has_vnni()) {
        scan_vnni(rows, dimension, first, count, questions, question_count, candidates, found);
        return;
    }
    if (path != SHEAF_SIMD_PORTABLE) {
        scan_avx2(rows, dimension, first, count, questions, question_count, candidates, found);
        return;
    }
#else
    (void)path;
#endif
    scan_portable(rows, dimension, first, count, questions, question_count, candidates, found);
}
