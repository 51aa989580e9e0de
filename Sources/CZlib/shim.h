#include <zlib.h>

/* `inflateInit2` is a macro over sizeof(z_stream), which Swift cannot call.
   47 = 15 window bits + 32: detect a gzip or zlib header. */
static inline int sheaf_inflate_init(z_streamp stream) {
    return inflateInit2(stream, 47);
}

/* A stream of raw deflated bytes, as zip archives hold them: no header, no checksum. */
static inline int sheaf_inflate_raw_init(z_streamp stream) {
    return inflateInit2(stream, -15);
}
