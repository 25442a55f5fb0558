/*
 * syscalls/exechost.h: exec of a program of the host, so that a foreign shell can
 * use the host's tools.
 *
 * The program runs outside the filter, as a child of the provider, with the
 * guest's descriptors, directory, environment, credentials and signals.  The
 * guest's process stays behind under its number: it passes signals on, and ends
 * as the program ends.
 */
#ifndef DRAGOMAN_SYSCALLS_EXECHOST_H
#define DRAGOMAN_SYSCALLS_EXECHOST_H

#include <stdbool.h>

#include "syscalls/call.h"

/* Whether the host itself runs the file behind fd: its own ELF, or a script for one.  Never under --root. */
bool exechost_is(struct call *c, int fd);

/*
 * In a fresh pico process, past the point of no return, with the close-on-exec
 * descriptors closed.  Takes fd over.  Comes back when the process is gone.
 */
void exechost_run(struct call *c, int fd, char *const *argv, char *const *envp);

#endif
