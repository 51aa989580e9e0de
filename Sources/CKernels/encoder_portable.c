// The encoder kernels in whatever the platform has of itself (SSE2, NEON). Without a fused
// multiply-add instruction fused_in_doubles.h stands in: slow, and the same bits.
#define SHEAF_PORTABLE
#define SHEAF_ROWS 6
#define SHEAF_PANELS 1
#define SHEAF_LOW 1
#define SHEAF_DEPTH 1024
#define SHEAF_FETCHES 1
#define SHEAF_TABLE sheaf_encoder_portable
#define SHEAF_PATH SHEAF_SIMD_PORTABLE
#include "encoder_body.h"
