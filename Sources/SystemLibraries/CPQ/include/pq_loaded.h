// libpq, loaded when a PostgreSQL database is first asked for. It brings Kerberos, LDAP and a TLS library with it, into a program
// that mostly never needs them, and it is not there at all where nobody imports from PostgreSQL. Its few functions are declared
// here: their types have not changed since PostgreSQL 7.4, and so no header of it is needed to build.
#ifndef MARTLET_PQ_H
#define MARTLET_PQ_H

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

// What PQstatus and PQresultStatus answer when all is well (libpq-fe.h: CONNECTION_OK, PGRES_COMMAND_OK, PGRES_TUPLES_OK).
enum { MARTLET_PQ_CONNECTED = 0, MARTLET_PQ_DONE = 1, MARTLET_PQ_ROWS = 2 };

// Loads the library, once for the process: call it before anything else. Null when it works, else why not.
const char *martlet_pq_load(void);

// A connection, good or bad: to be finished either way. The lists end with a null; `expand` says that the first "dbname" may be
// a whole URI.
PGconn *martlet_pq_connect(const char *const *keywords, const char *const *values, int expand);
int martlet_pq_status(const PGconn *connection);
// The words for the last failure, with a line end.
const char *martlet_pq_error(const PGconn *connection);
void martlet_pq_finish(PGconn *connection);

// Runs one statement with text parameters (null for NULL) and answers all its rows as text. To be cleared.
PGresult *martlet_pq_run(PGconn *connection, const char *statement, int count, const char *const *values);
int martlet_pq_result_status(const PGresult *result);
void martlet_pq_clear(PGresult *result);
int martlet_pq_rows(const PGresult *result);
int martlet_pq_columns(const PGresult *result);
// The object id of a column's type (pg_type.h).
unsigned int martlet_pq_type(const PGresult *result, int column);
int martlet_pq_is_null(const PGresult *result, int row, int column);
int martlet_pq_length(const PGresult *result, int row, int column);
const char *martlet_pq_value(const PGresult *result, int row, int column);

#endif
