#pragma once

// `inflateInit2` is a macro, which Swift cannot import.

#include <zlib.h>

/// Begins to decompress gzip.
static inline int CZlib_beginGzip(z_stream *stream) { return inflateInit2(stream, 16 + MAX_WBITS); }
