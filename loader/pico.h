/* loader/pico.h: a host process emptied of everything but guest memory and gate. */
#ifndef DRAGOMAN_LOADER_PICO_H
#define DRAGOMAN_LOADER_PICO_H

#include <sys/types.h>

#include "loader/gate/area.h"

/* The gate's header, read from the embedded blob. */
const struct gate_header *pico_gate(void);
/* The gate as a file to execute.  Descriptor without close-on-exec, or -errno. */
int pico_gate_file(void);
/*
 * Starts a process that executes the gate with this area; once in a session.  Its pid, or -errno.  listener: where the
 * notify door's filter leaves its descriptor (close-on-exec); NULL: the ptrace door.
 */
pid_t pico_spawn(int gate_fd, int arena_fd, uint32_t index, const char *name, int *listener);

#endif
