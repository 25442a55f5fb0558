/* loader/gate/rows.h: rows that the gate serves by itself. */
#ifndef DRAGOMAN_LOADER_GATE_ROWS_H
#define DRAGOMAN_LOADER_GATE_ROWS_H

/* A handler's result in the gate only: nothing was done, the provider is to make the call. */
#define GATE_PUNT 4000

#endif
