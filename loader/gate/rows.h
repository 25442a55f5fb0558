/* loader/gate/rows.h: rows that the gate serves by itself. */
#ifndef DRAGOMAN_LOADER_GATE_ROWS_H
#define DRAGOMAN_LOADER_GATE_ROWS_H

/* A handler's result in the gate only: nothing was done, the provider is to make the call. */
#define GATE_PUNT 4000

#include <stdbool.h>

struct call;
/* A descriptor without limits that is not an object of the provider's; one that is not open counts. */
bool gate_fd_is_the_hosts(struct call *c, int fd);

#endif
