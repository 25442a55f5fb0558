/*
 * loader/gate/hidden.h: included first in every file of the gate: nothing goes through a global offset table, and a
 * host call is the instruction itself, in the shared handlers as well.
 */
#pragma GCC visibility push(hidden)

#include "loader/gate/host.h"
