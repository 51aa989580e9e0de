// A graph of Faiss whose vertices hold int8 codes instead of floats: a step of a search then reads
// a quarter of the memory. Its distances are near enough to lead to the same vertices; what is
// found is scored again from the vectors themselves.
//
// Codes are of what a vector x has beyond the center m of all rows, so that what all vectors share
// takes no precision: with x = m + x' and q = m + q',
//     |q - x|^2 = |q'|^2 + |x'|^2 - 2 <q', x'>
//     <q, x>    = <m, q'> + <m, x'> + <q', x'> + <m, m>
// where all but the last product are numbers kept beside the codes. <m, m> is left out: it is the
// same everywhere. A question has two codes, the second of what the first leaves, about 15 bits.
#include "coded_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include <faiss/IndexHNSW.h>
#include <faiss/impl/DistanceComputer.h>

#include "primitives.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Our own code is held to more than the headers above.
#pragma clang diagnostic warning "-Wall"
#pragma clang diagnostic warning "-Wextra"
#pragma clang diagnostic warning "-Wconversion"
#pragma clang diagnostic warning "-Wshadow"

namespace {

constexpr size_t lineBytes = 64;

/// Memory comes in whole cache lines.
struct alignas(lineBytes) Line {
    uint8_t bytes[lineBytes];
};

/// What lies behind the codes of a vector x' near scale * c.
struct Numbers {
    float scale;
    /// |x'| squared, or <m, x'>: what of each score does not depend on the other vector.
    float own;
    /// The sum of c over all components.
    int32_t sum;
};

// Each returns the sum of a * b, a from 0 to 255, b from -127 to 127, over whole lines.
using Dot = int32_t (*)(const uint8_t *a, const uint8_t *b, size_t bytes);

/// b is stored as b + 128, too.
int32_t dotPortable(const uint8_t *a, const uint8_t *b, size_t bytes) {
    int32_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum += static_cast<int32_t>(a[i]) * (static_cast<int32_t>(b[i]) - 128);
    }
    return sum;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) int32_t dotAVX2(const uint8_t *a, const uint8_t *b, size_t bytes) {
    const __m256i middle = _mm256_set1_epi8(-128);
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t i = 0; i < bytes; i += 64) {
        for (size_t j = 0; j < 2; j++) {
            __m256i x = _mm256_load_si256(reinterpret_cast<const __m256i *>(a + i + 32 * j));
            __m256i y = _mm256_load_si256(reinterpret_cast<const __m256i *>(b + i + 32 * j));
            y = _mm256_xor_si256(y, middle);
            // Bytes of 16 bits each: no sum of two products fits otherwise.
            __m256i even = _mm256_madd_epi16(
                _mm256_and_si256(x, _mm256_set1_epi16(255)),
                _mm256_srai_epi16(_mm256_slli_epi16(y, 8), 8));
            __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(y, 8));
            sums[j] = _mm256_add_epi32(sums[j], _mm256_add_epi32(even, odd));
        }
    }
    alignas(32) int32_t lanes[8];
    __m256i sum = _mm256_add_epi32(sums[0], sums[1]);
    _mm256_store_si256(reinterpret_cast<__m256i *>(lanes), sum);
    int32_t total = 0;
    for (int32_t lane : lanes) {
        total += lane;
    }
    return total;
}

#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

VNNI inline __attribute__((always_inline)) int32_t
dotVNNI(const uint8_t *a, const uint8_t *b, size_t bytes) {
    const __m512i middle = _mm512_set1_epi8(-128);
    __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    size_t i = 0;
    for (; i + 128 <= bytes; i += 128) {
        for (size_t j = 0; j < 2; j++) {
            __m512i y = _mm512_xor_si512(_mm512_load_si512(b + i + 64 * j), middle);
            sums[j] = _mm512_dpbusd_epi32(sums[j], _mm512_load_si512(a + i + 64 * j), y);
        }
    }
    if (i < bytes) {
        __m512i y = _mm512_xor_si512(_mm512_load_si512(b + i), middle);
        sums[0] = _mm512_dpbusd_epi32(sums[0], _mm512_load_si512(a + i), y);
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]));
}

VNNI int32_t calledDotVNNI(const uint8_t *a, const uint8_t *b, size_t bytes) {
    return dotVNNI(a, b, bytes);
}

/// The sums of a * b and a * c, where c lies behind b; a is read once.
VNNI inline __attribute__((always_inline)) void
dotsVNNI(const uint8_t *a, const uint8_t *b, size_t bytes, int32_t *sums) {
    const __m512i middle = _mm512_set1_epi8(-128);
    __m512i first = _mm512_setzero_si512(), second = _mm512_setzero_si512();
    for (size_t i = 0; i < bytes; i += 64) {
        __m512i x = _mm512_load_si512(a + i);
        __m512i y = _mm512_xor_si512(_mm512_load_si512(b + i), middle);
        __m512i z = _mm512_xor_si512(_mm512_load_si512(b + bytes + i), middle);
        first = _mm512_dpbusd_epi32(first, x, y);
        second = _mm512_dpbusd_epi32(second, x, z);
    }
    sums[0] = _mm512_reduce_add_epi32(first);
    sums[1] = _mm512_reduce_add_epi32(second);
}

bool hasVNNI() {
    return chosenPath() == 2 && __builtin_cpu_supports("avx512vnni");
}

#endif

Dot chooseDot() {
#if defined(__x86_64__)
    if (hasVNNI()) {
        return calledDotVNNI;
    }
    if (chosenPath() >= 1) {
        return dotAVX2;
    }
#endif
    return dotPortable;
}

struct CodeStorage : faiss::Index {
    std::vector<Line> lines;
    /// What is taken from every vector before it is encoded.
    std::vector<float> center;
    /// Lines of codes, and of codes and numbers.
    size_t codeLines, rowLines;
    Dot dot;

    CodeStorage(int dimension, faiss::MetricType metric, const float *of)
        : faiss::Index(dimension, metric), center(of, of + dimension),
          codeLines((static_cast<size_t>(dimension) + lineBytes - 1) / lineBytes),
          rowLines(
              (codeLines * lineBytes + sizeof(Numbers) + lineBytes - 1) / lineBytes),
          dot(chooseDot()) {
        is_trained = true;
    }

    size_t codeBytes() const {
        return codeLines * lineBytes;
    }

    const uint8_t *codes(faiss::Index::idx_t row) const {
        return lines[static_cast<size_t>(row) * rowLines].bytes;
    }

    Numbers numbers(const uint8_t *codes) const {
        Numbers numbers;
        std::memcpy(&numbers, codes + codeBytes(), sizeof numbers);
        return numbers;
    }

    /// What a vector has beyond the center, and the number that every score of it holds.
    float centered(const float *x, std::vector<float> &rest) const {
        double own = 0;
        for (size_t i = 0; i < center.size(); i++) {
            rest[i] = x[i] - center[i];
            double other = metric_type == faiss::METRIC_L2 ? rest[i] : center[i];
            own += other * static_cast<double>(rest[i]);
        }
        return static_cast<float>(own);
    }

    /// Encodes `rest` and leaves in it what the codes miss; returns the scale and their sum.
    Numbers encode(std::vector<float> &rest, uint8_t *codes) const {
        float largest = 0;
        for (float value : rest) {
            largest = std::max(largest, std::fabs(value));
        }
        float scale = largest / 127;
        // Below this, 1 / scale is not finite, and the vector as good as zero.
        float inverse = scale > 1e-37f ? 1 / scale : 0;
        int32_t sum = 0;
        std::memset(codes, 128, codeBytes());
        for (size_t i = 0; i < rest.size(); i++) {
            auto code = static_cast<int32_t>(std::lrintf(rest[i] * inverse));
            code = std::min(127, std::max(-127, code));
            sum += code;
            codes[i] = static_cast<uint8_t>(code + 128);
            rest[i] -= scale * static_cast<float>(code);
        }
        return Numbers{scale, 0, sum};
    }

    /// The distance or inner product of two vectors, but for what is the same everywhere.
    float combine(float product, float one, float other) const {
        return one + other + (metric_type == faiss::METRIC_L2 ? -2 * product : product);
    }

    /// The same of two encoded rows.
    float compare(const uint8_t *one, const uint8_t *other) const {
        Numbers a = numbers(one), b = numbers(other);
        int32_t products = dot(one, other, codeBytes());
        return combine(
            a.scale * b.scale * static_cast<float>(products - 128 * b.sum), a.own, b.own);
    }

    void add(idx_t count, const float *x) override {
        auto first = static_cast<size_t>(ntotal);
        std::vector<float> rest(center.size());
        lines.resize((first + static_cast<size_t>(count)) * rowLines);
        for (size_t i = 0; i < static_cast<size_t>(count); i++) {
            uint8_t *codes = lines[(first + i) * rowLines].bytes;
            float own = centered(x + i * center.size(), rest);
            Numbers numbers = encode(rest, codes);
            numbers.own = own;
            std::memcpy(codes + codeBytes(), &numbers, sizeof numbers);
        }
        ntotal += count;
    }

    void reset() override {
        lines.clear();
        ntotal = 0;
    }

    /// Compares each question with all rows, one after another.
    void search(
        idx_t count, const float *x, idx_t k, float *scores, idx_t *found,
        const faiss::SearchParameters *) const override {
        std::unique_ptr<faiss::DistanceComputer> computer(get_distance_computer());
        bool isSmallerNearer = metric_type == faiss::METRIC_L2;
        std::vector<std::pair<float, idx_t>> all(static_cast<size_t>(ntotal));
        idx_t kept = std::min(k, ntotal);
        for (idx_t question = 0; question < count; question++) {
            computer->set_query(x + static_cast<size_t>(question) * center.size());
            for (idx_t row = 0; row < ntotal; row++) {
                float score = (*computer)(row);
                all[static_cast<size_t>(row)] = {isSmallerNearer ? score : -score, row};
            }
            std::partial_sort(all.begin(), all.begin() + kept, all.end());
            for (idx_t place = 0; place < k; place++) {
                auto [score, row] = place < kept ? all[static_cast<size_t>(place)]
                                                 : std::pair<float, idx_t>{0, -1};
                scores[question * k + place] = isSmallerNearer ? score : -score;
                found[question * k + place] = row;
            }
        }
    }

    faiss::DistanceComputer *get_distance_computer() const override;
};

struct CodeComputer : faiss::DistanceComputer {
    const CodeStorage &storage;
    /// Both codes of the question, one behind the other.
    std::vector<Line> question;
    std::vector<float> rest;
    Numbers coarse{}, fine{};
    float own = 0;

    explicit CodeComputer(const CodeStorage &of)
        : storage(of), question(2 * of.codeLines), rest(of.center.size()) {}

    void set_query(const float *x) override {
        own = storage.centered(x, rest);
        coarse = storage.encode(rest, question[0].bytes);
        fine = storage.encode(rest, question[storage.codeLines].bytes);
    }

    float score(const int32_t *products, Numbers row) const {
        float sum = coarse.scale * static_cast<float>(products[0] - 128 * coarse.sum)
            + fine.scale * static_cast<float>(products[1] - 128 * fine.sum);
        return storage.combine(row.scale * sum, row.own, own);
    }

    float operator()(idx_t row) override {
        const uint8_t *codes = storage.codes(row);
        const uint8_t *asked = question[0].bytes;
        size_t bytes = storage.codeBytes();
        int32_t products[2] = {
            storage.dot(codes, asked, bytes), storage.dot(codes, asked + bytes, bytes)};
        return score(products, storage.numbers(codes));
    }

    float symmetric_dis(idx_t one, idx_t other) override {
        return storage.compare(storage.codes(one), storage.codes(other));
    }
};

#if defined(__x86_64__)

/// The same with nothing called in its innermost loop.
struct VNNIComputer : CodeComputer {
    using CodeComputer::CodeComputer;

    VNNI float operator()(idx_t row) override {
        const uint8_t *codes = storage.codes(row);
        int32_t products[2];
        dotsVNNI(codes, question[0].bytes, storage.codeBytes(), products);
        return score(products, storage.numbers(codes));
    }
};

#endif

faiss::DistanceComputer *CodeStorage::get_distance_computer() const {
#if defined(__x86_64__)
    if (hasVNNI()) {
        return new VNNIComputer(*this);
    }
#endif
    return new CodeComputer(*this);
}

} // namespace

std::unique_ptr<faiss::Index> codeTable(
    int dimension, const float *center, faiss::MetricType metric) {
    return std::make_unique<CodeStorage>(dimension, metric, center);
}

std::unique_ptr<faiss::Index> graphOver(
    std::unique_ptr<faiss::Index> storage, int links, int breadth) {
    auto graph = std::make_unique<faiss::IndexHNSW>(storage.get(), links);
    graph->own_fields = true;
    graph->is_trained = true;
    storage.release();
    graph->hnsw.efConstruction = breadth;
    return graph;
}
