// The instruction-set specific inner loops of Sheaf, in plain C.
//
// Every kernel exists once as source and is compiled for several instruction sets (AVX-512, AVX2
// with FMA, and whatever the platform has of itself: SSE2 or NEON). The set is chosen at run time,
// so one binary serves every host. All sets give the same bits: each result is one fixed sequence
// of IEEE operations, written out with explicit fused multiply-adds.
#ifndef SHEAF_CKERNELS_H
#define SHEAF_CKERNELS_H

#include "crc32c.h"
#include "encoder_kernels.h"
#include "half_floats.h"
#include "integer_kernels.h"
#include "large_memory.h"
#include "mapped_memory.h"
#include "simd_path.h"
#include "training_kernels.h"

// ---- Scan kernels (exact search). Headers of scan_*.c go below this line. ----
#include "scan.h"

// ---- End of scan kernels. ----

#endif
