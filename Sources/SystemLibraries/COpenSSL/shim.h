// OpenSSL 3 libcrypto, EVP only, and the function-like macros that Swift's importer cannot see.
#ifndef MARTLET_OPENSSL_H
#define MARTLET_OPENSSL_H

// Anything that OpenSSL 3.0 calls deprecated is not declared at all.
#define OPENSSL_NO_DEPRECATED
#define OPENSSL_API_COMPAT 30000

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#endif
