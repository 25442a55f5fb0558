/* The library of the dynamic sample: code, data, bss, a table that has to be relocated, storage of each thread. */
#include "dl.h"

int        lib_counter = 40;
static int lib_zero[3000];
static int lib_begun;

/* There from the start, so that it may count on the static block. */
static __thread int lib_own __attribute__((tls_model("initial-exec"))) = 100;

static int one(void) { return 1; }

static int two(void) { return 2; }

static int (*const table[])(void) = {one, two};

__attribute__((constructor)) static void begin(void) { lib_begun++; }

int lib_add(int which);
int lib_add(int which)
{
    lib_zero[2999]++;
    return lib_counter += table[which]() + (lib_zero[2999] > 1000);
}

int lib_started(void);
int lib_started(void) { return lib_begun; }

int lib_count(void);
int lib_count(void) { return ++lib_own; }

/* The interpreter's own are found before these. */
#define STUB __attribute__((weak, noinline))
STUB void *dl_open(const char *name, int flags)
{
    (void)name;
    (void)flags;
    return 0;
}
STUB void *dl_fdopen(int fd, int flags)
{
    (void)fd;
    (void)flags;
    return 0;
}
STUB void *dl_sym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return 0;
}
STUB int dl_close(void *handle)
{
    (void)handle;
    return -1;
}
STUB int dl_missing(void *handle)
{
    (void)handle;
    return -1;
}
STUB void *dl_tls_new(void) { return 0; }
STUB void  dl_tls_free(void *tcb) { (void)tcb; }
