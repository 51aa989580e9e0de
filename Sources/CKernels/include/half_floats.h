// Rows of 16-bit floats, and panels made from rows where they lie: what lets weights take half the
// memory, or none of their own.
#ifndef SHEAF_HALF_FLOATS_H
#define SHEAF_HALF_FLOATS_H

#include <stddef.h>
#include <stdint.h>

// Widens `count` 16-bit floats; exact, so the same with every instruction set.
void sheaf_widen_float16(const uint16_t *source, size_t count, float *out);

// Rounds `count` floats to 16 bits, to nearest, ties to even; what is too large becomes infinite.
void sheaf_round_float16(const float *source, size_t count, uint16_t *out);

// Packs 16 rows of `depth` floats, each given by its start (NULL: zeros), as one panel
// [depth][16].
void sheaf_pack_panel(const float *const rows[16], size_t depth, float *panel);

#endif
