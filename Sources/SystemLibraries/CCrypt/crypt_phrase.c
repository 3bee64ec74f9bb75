#include "crypt_phrase.h"

#if __has_include(<crypt.h>)

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

martlet_crypt_outcome martlet_crypt(const char *phrase, const char *setting, char *hash, size_t size) {
    // 32 KiB, too much for a thread's stack, and it has to be zero before its first use.
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return MARTLET_CRYPT_OUT_OF_MEMORY;
    martlet_crypt_outcome outcome = MARTLET_CRYPT_UNSUPPORTED;
    errno = 0;
    const char *result = crypt_r(phrase, setting, data);
    // "*0" or "*1" is how libxcrypt says that it failed.
    if (result != NULL && result[0] != '*' && strlen(result) < size) {
        memcpy(hash, result, strlen(result) + 1);
        outcome = MARTLET_CRYPT_DONE;
    } else if (errno == ENOMEM) {
        outcome = MARTLET_CRYPT_OUT_OF_MEMORY;
    }
    explicit_bzero(data, sizeof *data);
    free(data);
    return outcome;
}

#else

martlet_crypt_outcome martlet_crypt(const char *phrase, const char *setting, char *hash, size_t size) {
    (void)phrase, (void)setting, (void)hash, (void)size;
    return MARTLET_CRYPT_UNSUPPORTED;
}

#endif
