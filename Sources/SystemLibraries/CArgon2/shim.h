// libargon2: the reference implementation's own header.
#ifndef MARTLET_ARGON2_H
#define MARTLET_ARGON2_H

#include <argon2.h>

#endif
