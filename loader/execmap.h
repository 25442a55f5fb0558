/* loader/execmap.h: a program's memory in a fresh pico process. */
#ifndef DRAGOMAN_LOADER_EXECMAP_H
#define DRAGOMAN_LOADER_EXECMAP_H

#include "loader/image.h"
#include "syscalls/call.h"

struct part {
    int          fd; /* the provider's own */
    struct image im;
    uint64_t     bias;
};

/* Maps the segments and sets the bias.  0 or -errno. */
int part_map(struct call *c, struct part *p);
/* Stack (in->exec_stack) and support page: sets stack_top, stack_size and support; names the thread.  0 or -errno. */
int start_map(struct call *c, struct start_in *in, const char *name);

#endif
