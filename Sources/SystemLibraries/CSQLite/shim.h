// SQLite 3, and what Swift's importer cannot see of it.
#ifndef MARTLET_SQLITE_H
#define MARTLET_SQLITE_H

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of -1 to a function pointer: "copy the bytes before the call returns".
static inline sqlite3_destructor_type martlet_sqlite_transient(void) { return SQLITE_TRANSIENT; }

#endif
