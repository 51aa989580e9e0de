// Pairs of 16-bit numbers in sixteen lanes of 32 bits, for integer_*.c.
typedef int16_t pairs __attribute__((ext_vector_type(32)));
typedef int16_t pairs_loose __attribute__((ext_vector_type(32), aligned(2)));
typedef int16_t halves __attribute__((ext_vector_type(16)));
typedef int16_t halves_loose __attribute__((ext_vector_type(16), aligned(2)));
typedef int32_t i8 __attribute__((ext_vector_type(8)));

// The pair at `p` in every lane.
ALWAYS pairs same_pairs(const int16_t *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (pairs)(i16)(pair);
}
