/* syscalls/exec.h: a program gets into a pico process. */
#ifndef DRAGOMAN_SYSCALLS_EXEC_H
#define DRAGOMAN_SYSCALLS_EXEC_H

#include <stddef.h>

#include "syscalls/call.h"

/*
 * A program that was looked at and found good, with everything that is needed
 * to load it; made by the loader before the point of no return.
 */
struct exec_image;
void exec_image_free(struct exec_image *e);

/* loader/execimage.c.  Looks at the program behind fd (provider's own, taken over), "#!" and
 * interpreter included.  c: the process that executes it, which opens them; NULL: there is none yet.  path: as it was
 * given, what a script's interpreter gets.  argv, envp: copied.  0, or -errno with text (size bytes) saying what is
 * wrong. */
int exec_image_make(struct call *c, int fd, const char *path, const char *const *argv, const char *const *envp,
                    const char *force_abi, struct exec_image **out, char *text, size_t size, int *exit_status);
const struct abi *exec_image_abi(const struct exec_image *e);
/* In a fresh pico process: maps it, builds the first stack, sets the registers.  0 or -errno. */
int exec_image_load(struct call *c, struct exec_image *e);

/* EVENT_BOOT of the session's first process: loads proc->exec. */
void exec_boot(struct call *c);
/* EVENT_START: a thread or forked child before its first instruction. */
void thread_started(struct call *c);

#endif
