// hiredis: the C client of Redis's own project. pkg-config leads into its folder or to the one above, by version.
#ifndef MARTLET_HIREDIS_H
#define MARTLET_HIREDIS_H

#if __has_include(<hiredis/hiredis.h>)
#include <hiredis/hiredis.h>
#else
#include <hiredis.h>
#endif

#endif
