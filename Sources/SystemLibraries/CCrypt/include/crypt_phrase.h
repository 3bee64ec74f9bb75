// The system's crypt(3), where there is one that can be called from many threads. libxcrypt, which Debian, Ubuntu and Fedora have as
// libcrypt, knows bcrypt; macOS has neither crypt_r nor bcrypt, and the answer there is that it is not supported.
#ifndef MARTLET_CRYPT_H
#define MARTLET_CRYPT_H

#include <stddef.h>

typedef enum {
    MARTLET_CRYPT_DONE,
    // This system has no such function, or its function does not know the setting.
    MARTLET_CRYPT_UNSUPPORTED,
    MARTLET_CRYPT_OUT_OF_MEMORY,
} martlet_crypt_outcome;

// Writes the hash of a phrase under a setting, with its NUL, to `hash`, which has room for `size` bytes. What the computation
// leaves in memory is wiped.
martlet_crypt_outcome martlet_crypt(const char *phrase, const char *setting, char *hash, size_t size);

#endif
