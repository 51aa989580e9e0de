// A graph of Faiss whose vertices hold int8 codes instead of floats: a step of a search then reads
// a quarter of the memory. Its distances are near enough to lead to the same vertices; what is
// found is scored again from the vectors themselves.
#include "coded_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <faiss/IndexHNSW.h>
#include <faiss/impl/DistanceComputer.h>
#include <faiss/impl/FaissAssert.h>

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

/// What lies behind the codes of a vector x near scale * c.
struct Numbers {
    float scale;
    /// |x| squared.
    float square;
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
    /// Lines of codes, and of codes and numbers.
    size_t codeLines, rowLines;
    Dot dot;

    CodeStorage(int dimension, faiss::MetricType metric)
        : faiss::Index(dimension, metric),
          codeLines((static_cast<size_t>(dimension) + lineBytes - 1) / lineBytes),
          rowLines(
              (codeLines * lineBytes + sizeof(Numbers) + lineBytes - 1) / lineBytes),
          dot(chooseDot()) {}

    const uint8_t *codes(faiss::Index::idx_t row) const {
        return lines[static_cast<size_t>(row) * rowLines].bytes;
    }

    Numbers numbers(const uint8_t *codes) const {
        Numbers numbers;
        std::memcpy(&numbers, codes + codeLines * lineBytes, sizeof numbers);
        return numbers;
    }

    void encode(const float *x, uint8_t *codes) const {
        size_t count = static_cast<size_t>(d);
        float largest = 0, square = 0;
        for (size_t i = 0; i < count; i++) {
            largest = std::max(largest, std::fabs(x[i]));
            square += x[i] * x[i];
        }
        float scale = largest / 127;
        // Below this, 1 / scale is not finite, and the vector as good as zero.
        float inverse = scale > 1e-37f ? 1 / scale : 0;
        int32_t sum = 0;
        std::memset(codes, 128, codeLines * lineBytes);
        for (size_t i = 0; i < count; i++) {
            auto code = static_cast<int32_t>(std::lrintf(x[i] * inverse));
            code = std::min(127, std::max(-127, code));
            sum += code;
            codes[i] = static_cast<uint8_t>(code + 128);
        }
        Numbers numbers{scale, square, sum};
        std::memcpy(codes + codeLines * lineBytes, &numbers, sizeof numbers);
    }

    /// The distance or inner product of two encoded vectors.
    float compare(const uint8_t *one, const uint8_t *other) const {
        return combine(dot(one, other, codeLines * lineBytes), numbers(one), numbers(other));
    }

    float combine(int32_t products, Numbers a, Numbers b) const {
        float product = a.scale * b.scale * static_cast<float>(products - 128 * b.sum);
        return metric_type == faiss::METRIC_L2 ? a.square + b.square - 2 * product : product;
    }

    void add(idx_t count, const float *x) override {
        auto first = static_cast<size_t>(ntotal);
        lines.resize((first + static_cast<size_t>(count)) * rowLines);
        for (size_t i = 0; i < static_cast<size_t>(count); i++) {
            encode(x + i * static_cast<size_t>(d), lines[(first + i) * rowLines].bytes);
        }
        ntotal += count;
    }

    void reset() override {
        lines.clear();
        ntotal = 0;
    }

    void search(
        idx_t, const float *, idx_t, float *, idx_t *,
        const faiss::SearchParameters *) const override {
        FAISS_THROW_MSG("codes are searched through their graph alone");
    }

    faiss::DistanceComputer *get_distance_computer() const override;
};

struct CodeComputer : faiss::DistanceComputer {
    const CodeStorage &storage;
    std::vector<Line> question;

    explicit CodeComputer(const CodeStorage &of) : storage(of), question(of.rowLines) {}

    void set_query(const float *x) override {
        storage.encode(x, question[0].bytes);
    }

    float operator()(idx_t row) override {
        return storage.compare(storage.codes(row), question[0].bytes);
    }

    float symmetric_dis(idx_t one, idx_t other) override {
        return storage.compare(storage.codes(one), storage.codes(other));
    }
};

#if defined(__x86_64__)

/// The same with nothing called in its innermost loop.
struct VNNIComputer : CodeComputer {
    Numbers asked{};

    using CodeComputer::CodeComputer;

    void set_query(const float *x) override {
        CodeComputer::set_query(x);
        asked = storage.numbers(question[0].bytes);
    }

    VNNI float operator()(idx_t row) override {
        const uint8_t *codes = storage.codes(row);
        int32_t products = dotVNNI(codes, question[0].bytes, storage.codeLines * lineBytes);
        return storage.combine(products, storage.numbers(codes), asked);
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

std::unique_ptr<faiss::Index> codedGraph(
    int dimension, int links, int breadth, faiss::MetricType metric) {
    auto storage = std::make_unique<CodeStorage>(dimension, metric);
    auto graph = std::make_unique<faiss::IndexHNSW>(storage.get(), links);
    graph->own_fields = true;
    graph->is_trained = true;
    storage.release();
    graph->hnsw.efConstruction = breadth;
    return graph;
}
