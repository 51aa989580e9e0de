// The training kernels in whatever the platform has of itself; see encoder_portable.c.
#define SHEAF_PORTABLE
#define SHEAF_PANELS 1
#define SHEAF_ENCODER sheaf_encoder_portable
#define SHEAF_TABLE sheaf_training_portable
#define SHEAF_PATH SHEAF_SIMD_PORTABLE
#include "training_body.h"
