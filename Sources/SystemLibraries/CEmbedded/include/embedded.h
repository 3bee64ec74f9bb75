// The files that travel inside the program: web pages, migrations and the list of common passwords.
#pragma once
#include <stddef.h>

struct martlet_embedded_file {
    /// "Public/…", "Migrations/…" or "common-passwords.txt".
    const char *name;
    const unsigned char *bytes;
    size_t count;
};

/// How many there are.
size_t martlet_embedded_count(void);
/// One of them, in no order; `index` is below the count.
struct martlet_embedded_file martlet_embedded(size_t index);

/// The environment of the process, which Swift 6 takes for shared mutable state.
char **martlet_environment(void);
