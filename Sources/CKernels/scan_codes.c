#include "scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    BLOCK = SHEAF_SCAN_BLOCK_ROWS,
    PANEL = SHEAF_SCAN_PANEL_QUESTIONS,
    GROUP = 4,
    // Bytes of one group of components of a block or panel.
    BLOCK_GROUP = BLOCK * GROUP,
    PANEL_GROUP = PANEL * GROUP,
    // How far ahead of a scan its codes are fetched, in bytes.
    AHEAD = 4096,
};

#define INLINE static inline __attribute__((always_inline))

// <e,c> of one block of rows and one panel of questions.
typedef struct dots {
    _Alignas(64) int32_t values[PANEL][BLOCK];
} dots;

INLINE void append(
    const sheaf_scan_rows *rows, size_t row, const sheaf_scan_question *question,
    float product, sheaf_scan_list *list) {
    float middle = product * (question->on_product * rows->scale[row]);
    float error = question->on_code * rows->code_norm[row]
        + question->on_residual * rows->residual_norm[row] + question->fixed;
    if (rows->square != NULL) {
        middle -= question->on_square * rows->square[row];
        error += question->square_error * rows->square[row];
    }
    float upper = middle + error;
    list->candidates[list->count] = (sheaf_scan_candidate){(uint32_t)row, middle - error, upper};
    list->count += upper >= list->threshold;
}

// Appends the candidates of one question among one block of rows.
INLINE void emit(
    const sheaf_scan_rows *rows, size_t first, const sheaf_scan_question *question,
    const int32_t *products, sheaf_scan_list *list) {
    const float *scale = rows->scale + first;
    const float *code_norm = rows->code_norm + first;
    const float *residual_norm = rows->residual_norm + first;
    float upper[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        upper[i] = (float)products[i] * (question->on_product * scale[i])
            + (question->on_code * code_norm[i] + question->on_residual * residual_norm[i]
               + question->fixed);
    }
    if (rows->square != NULL) {
        float factor = question->on_square - question->square_error;
        for (size_t i = 0; i < BLOCK; i++) { upper[i] -= factor * rows->square[first + i]; }
    }
    int reaching = 0;
    for (size_t i = 0; i < BLOCK; i++) { reaching |= upper[i] >= list->threshold; }
    if (!reaching) { return; }
    for (size_t i = 0; i < BLOCK; i++) {
        append(rows, first + i, question, (float)products[i], list);
    }
}

// One pass: for each block of rows, for each panel of questions, products and then candidates, so
// that the codes of a row come from memory once.
#define SCAN(PRODUCTS, EMIT)                                                                     \
    size_t groups = sheaf_scan_code_bytes(dimension) / GROUP;                                    \
    for (size_t row = first; row < first + count; row += BLOCK) {                                \
        const uint8_t *codes = rows->codes + row * groups * GROUP;                               \
        for (size_t q = 0; q < question_count; q += PANEL) {                                     \
            size_t left = question_count - q;                                                    \
            size_t some = left < PANEL ? left : PANEL;                                           \
            dots products;                                                                       \
            PRODUCTS(codes, groups, panels + q * groups * GROUP, questions + q, some, &products);\
            for (size_t i = 0; i < some; i++) {                                                  \
                EMIT(rows, row, questions + q + i, products.values[i], lists + q + i);           \
            }                                                                                    \
        }                                                                                        \
    }

INLINE void products_portable(
    const uint8_t *codes, size_t groups, const int8_t *panel,
    const sheaf_scan_question *questions, size_t count, dots *out) {
    for (size_t q = 0; q < count; q++) {
        int32_t sums[BLOCK];
        // The products are of c + 128: 128 * sum(e) too much.
        for (size_t i = 0; i < BLOCK; i++) { sums[i] = -128 * questions[q].sum; }
        for (size_t group = 0; group < groups; group++) {
            const uint8_t *four = codes + group * BLOCK_GROUP;
            const int8_t *asked = panel + group * PANEL_GROUP + q * GROUP;
            for (size_t i = 0; i < BLOCK; i++) {
                for (size_t j = 0; j < GROUP; j++) { sums[i] += four[i * GROUP + j] * asked[j]; }
            }
        }
        memcpy(out->values[q], sums, sizeof sums);
    }
}

static void scan_portable(
    const sheaf_scan_rows *rows, size_t dimension, size_t first, size_t count,
    const int8_t *panels, const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_list *lists) {
    SCAN(products_portable, emit)
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,fma")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

INLINE int32_t four_codes(const int8_t *codes) {
    int32_t four;
    memcpy(&four, codes, GROUP);
    return four;
}

// 8 * `eights` rows from `first` on against `count` questions from `at` on, constants where this
// is called.
AVX2 INLINE void block_avx2(
    const uint8_t *codes, size_t groups, const int8_t *panel,
    const sheaf_scan_question *questions, size_t at, size_t count, size_t first, size_t eights,
    dots *out) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums[4][4];
    for (size_t q = 0; q < count; q++) {
        // The products are of c + 128: 128 * sum(e) too much.
        __m256i start = _mm256_set1_epi32(-128 * questions[at + q].sum);
        for (size_t e = 0; e < eights; e++) { sums[q][e] = start; }
    }
    for (size_t group = 0; group < groups; group++) {
        const uint8_t *from = codes + group * BLOCK_GROUP + first * GROUP;
        const int8_t *four = panel + group * PANEL_GROUP + at * GROUP;
        if (count == 1) {
            _mm_prefetch((const char *)from + AHEAD, _MM_HINT_T0);
            _mm_prefetch((const char *)from + AHEAD + 64, _MM_HINT_T0);
        }
        for (size_t e = 0; e < eights; e++) {
            __m256i code = _mm256_loadu_si256((const __m256i *)from + e);
            for (size_t q = 0; q < count; q++) {
                __m256i asked = _mm256_set1_epi32(four_codes(four + q * GROUP));
                // A pair sums to at most 2 * 255 * 64, within int16: see the codes of questions.
                __m256i pairs = _mm256_maddubs_epi16(code, asked);
                sums[q][e] = _mm256_add_epi32(sums[q][e], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    for (size_t q = 0; q < count; q++) {
        for (size_t e = 0; e < eights; e++) {
            int32_t *to = out->values[at + q] + first + e * 8;
            _mm256_storeu_si256((__m256i *)to, sums[q][e]);
        }
    }
}

AVX2 INLINE void products_avx2(
    const uint8_t *codes, size_t groups, const int8_t *panel,
    const sheaf_scan_question *questions, size_t count, dots *out) {
    size_t q = 0;
    for (; q + 4 <= count; q += 4) {
        block_avx2(codes, groups, panel, questions, q, 4, 0, 2, out);
        block_avx2(codes, groups, panel, questions, q, 4, 16, 2, out);
    }
    for (; q < count; q++) { block_avx2(codes, groups, panel, questions, q, 1, 0, 4, out); }
}

AVX2 static void scan_avx2(
    const sheaf_scan_rows *rows, size_t dimension, size_t first, size_t count,
    const int8_t *panels, const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_list *lists) {
    SCAN(products_avx2, emit)
}

// One block against `count` questions, a constant where this is called.
VNNI INLINE void block_vnni(
    const uint8_t *codes, size_t groups, const int8_t *panel,
    const sheaf_scan_question *questions, size_t at, size_t count, dots *out) {
    __m512i sums[PANEL][2];
    for (size_t q = 0; q < count; q++) {
        // The products are of c + 128: 128 * sum(e) too much.
        sums[q][0] = sums[q][1] = _mm512_set1_epi32(-128 * questions[at + q].sum);
    }
    for (size_t group = 0; group < groups; group++) {
        const uint8_t *from = codes + group * BLOCK_GROUP;
        const int8_t *four = panel + group * PANEL_GROUP + at * GROUP;
        if (count == 1) {
            _mm_prefetch((const char *)from + AHEAD, _MM_HINT_T0);
            _mm_prefetch((const char *)from + AHEAD + 64, _MM_HINT_T0);
        }
        __m512i low = _mm512_loadu_si512(from);
        __m512i high = _mm512_loadu_si512(from + 64);
        for (size_t q = 0; q < count; q++) {
            __m512i asked = _mm512_set1_epi32(four_codes(four + q * GROUP));
            sums[q][0] = _mm512_dpbusd_epi32(sums[q][0], low, asked);
            sums[q][1] = _mm512_dpbusd_epi32(sums[q][1], high, asked);
        }
    }
    for (size_t q = 0; q < count; q++) {
        _mm512_store_si512(out->values[at + q], sums[q][0]);
        _mm512_store_si512(out->values[at + q] + 16, sums[q][1]);
    }
}

VNNI INLINE void products_vnni(
    const uint8_t *codes, size_t groups, const int8_t *panel,
    const sheaf_scan_question *questions, size_t count, dots *out) {
    if (count == PANEL) {
        block_vnni(codes, groups, panel, questions, 0, PANEL, out);
        return;
    }
    size_t q = 0;
    for (; q + 4 <= count; q += 4) { block_vnni(codes, groups, panel, questions, q, 4, out); }
    for (; q < count; q++) { block_vnni(codes, groups, panel, questions, q, 1, out); }
}

// The upper bounds of 16 rows.
VNNI INLINE __m512 upper_vnni(
    const sheaf_scan_rows *rows, size_t row, const sheaf_scan_question *question,
    __m512i products) {
    __m512 error = _mm512_fmadd_ps(
        _mm512_set1_ps(question->on_code), _mm512_loadu_ps(rows->code_norm + row),
        _mm512_set1_ps(question->fixed));
    error = _mm512_fmadd_ps(
        _mm512_set1_ps(question->on_residual), _mm512_loadu_ps(rows->residual_norm + row), error);
    if (rows->square != NULL) {
        error = _mm512_fnmadd_ps(
            _mm512_set1_ps(question->on_square - question->square_error),
            _mm512_loadu_ps(rows->square + row), error);
    }
    __m512 scale = _mm512_mul_ps(
        _mm512_set1_ps(question->on_product), _mm512_loadu_ps(rows->scale + row));
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), scale, error);
}

VNNI INLINE void emit_vnni(
    const sheaf_scan_rows *rows, size_t first, const sheaf_scan_question *question,
    const int32_t *products, sheaf_scan_list *list) {
    __m512 threshold = _mm512_set1_ps(list->threshold);
    __m512 low = upper_vnni(rows, first, question, _mm512_load_si512(products));
    __m512 high = upper_vnni(rows, first + 16, question, _mm512_load_si512(products + 16));
    uint32_t reaching = _mm512_cmp_ps_mask(low, threshold, _CMP_GE_OQ)
        | (uint32_t)_mm512_cmp_ps_mask(high, threshold, _CMP_GE_OQ) << 16;
    while (reaching != 0) {
        size_t i = (size_t)__builtin_ctz(reaching);
        append(rows, first + i, question, (float)products[i], list);
        reaching &= reaching - 1;
    }
}

VNNI static void scan_vnni(
    const sheaf_scan_rows *rows, size_t dimension, size_t first, size_t count,
    const int8_t *panels, const sheaf_scan_question *questions, size_t question_count,
    sheaf_scan_list *lists) {
    SCAN(products_vnni, emit_vnni)
}

#endif

int sheaf_scan_uses_vnni(sheaf_simd_path path) {
#if defined(__x86_64__)
    return path == SHEAF_SIMD_AVX512 && __builtin_cpu_supports("avx512vnni");
#else
    (void)path;
    return 0;
#endif
}

void sheaf_scan_candidates(
    sheaf_simd_path path, const sheaf_scan_rows *rows, size_t dimension, size_t first,
    size_t count, const int8_t *panels, const sheaf_scan_question *questions,
    size_t question_count, sheaf_scan_list *lists) {
#if defined(__x86_64__)
    if (sheaf_scan_uses_vnni(path)) {
        scan_vnni(rows, dimension, first, count, panels, questions, question_count, lists);
        return;
    }
    if (path != SHEAF_SIMD_PORTABLE) {
        scan_avx2(rows, dimension, first, count, panels, questions, question_count, lists);
        return;
    }
#else
    (void)path;
#endif
    scan_portable(rows, dimension, first, count, panels, questions, question_count, lists);
}
