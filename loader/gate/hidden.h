/* loader/gate/hidden.h: included first in every file of the gate: nothing goes through a global offset table. */
#pragma GCC visibility push(hidden)
