#include "pq_loaded.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static struct {
    PGconn *(*PQconnectdbParams)(const char *const *, const char *const *, int);
    int (*PQstatus)(const PGconn *);
    char *(*PQerrorMessage)(const PGconn *);
    void (*PQfinish)(PGconn *);
    PGresult *(*PQexecParams)(
        PGconn *, const char *, int, const unsigned int *, const char *const *, const int *, const int *, int);
    int (*PQresultStatus)(const PGresult *);
    void (*PQclear)(PGresult *);
    int (*PQntuples)(const PGresult *);
    int (*PQnfields)(const PGresult *);
    unsigned int (*PQftype)(const PGresult *, int);
    int (*PQgetisnull)(const PGresult *, int, int);
    int (*PQgetlength)(const PGresult *, int, int);
    char *(*PQgetvalue)(const PGresult *, int, int);
} loaded;

static const char *failure = "libpq was not loaded";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
#ifdef __APPLE__
    // Homebrew keeps it out of the default path.
    void *library = dlopen("libpq.5.dylib", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) library = dlopen("/opt/homebrew/opt/libpq/lib/libpq.5.dylib", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) library = dlopen("/usr/local/opt/libpq/lib/libpq.5.dylib", RTLD_NOW | RTLD_LOCAL);
#else
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
#endif
    if (library == NULL) {
        failure = "libpq is not installed (on Debian and Ubuntu: libpq5)";
        return;
    }
#define LOAD(name) \
    loaded.name = (__typeof__(loaded.name))dlsym(library, #name); \
    if (loaded.name == NULL) { \
        failure = "this libpq is too old: it has no " #name; \
        return; \
    }
    LOAD(PQconnectdbParams) LOAD(PQstatus) LOAD(PQerrorMessage) LOAD(PQfinish) LOAD(PQexecParams) LOAD(PQresultStatus)
    LOAD(PQclear) LOAD(PQntuples) LOAD(PQnfields) LOAD(PQftype) LOAD(PQgetisnull) LOAD(PQgetlength) LOAD(PQgetvalue)
    failure = NULL;
}

const char *martlet_pq_load(void) {
    pthread_once(&once, load);
    return failure;
}

PGconn *martlet_pq_connect(const char *const *keywords, const char *const *values, int expand) {
    return loaded.PQconnectdbParams(keywords, values, expand);
}

int martlet_pq_status(const PGconn *connection) { return loaded.PQstatus(connection); }
const char *martlet_pq_error(const PGconn *connection) { return loaded.PQerrorMessage(connection); }
void martlet_pq_finish(PGconn *connection) { loaded.PQfinish(connection); }

PGresult *martlet_pq_run(PGconn *connection, const char *statement, int count, const char *const *values) {
    return loaded.PQexecParams(connection, statement, count, NULL, values, NULL, NULL, 0);
}

int martlet_pq_result_status(const PGresult *result) { return loaded.PQresultStatus(result); }
void martlet_pq_clear(PGresult *result) { loaded.PQclear(result); }
int martlet_pq_rows(const PGresult *result) { return loaded.PQntuples(result); }
int martlet_pq_columns(const PGresult *result) { return loaded.PQnfields(result); }
unsigned int martlet_pq_type(const PGresult *result, int column) { return loaded.PQftype(result, column); }

int martlet_pq_is_null(const PGresult *result, int row, int column) { return loaded.PQgetisnull(result, row, column); }
int martlet_pq_length(const PGresult *result, int row, int column) { return loaded.PQgetlength(result, row, column); }
const char *martlet_pq_value(const PGresult *result, int row, int column) { return loaded.PQgetvalue(result, row, column); }
