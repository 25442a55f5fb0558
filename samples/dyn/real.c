/*
 * Objects that were built for FreeBSD by others: each is opened alone, as its libraries are not here.  None of their
 * code runs; they are mapped, their relocations done, their symbols looked up.
 */
#include "dl.h"
#include "elf.h"

void prog_main(const uint64_t *block) __attribute__((visibility("hidden")));

static void check_object(const char *path, const char *name)
{
    void          *o = dl_open(path, DL_LONE);
    unsigned char *code = o ? dl_sym(o, name) : 0, vec = 0;

    check(o != 0, "it is mapped and relocated");
    if (!o)
        return;
    check(dl_missing(o) > 20, "it wants much of the libraries");
    check(code && code[0] != 0, "a function of it is found, and there is code");
    check(code && os_mincore((void *)((uint64_t)code & -4096ull), 4096, (char *)&vec) == 0, "in memory");
    check(dl_close(o) == 0, "it is closed");
    check_err(os_mincore((void *)((uint64_t)code & -4096ull), 4096, (char *)&vec), -ENOMEM, "and gone");
}

void prog_main(const uint64_t *block)
{
    for (uint64_t i = 2; i + 1 <= block[0]; i += 2)
        check_object((const char *)block[i], (const char *)block[i + 1]);
    os_exit(check_status());
}
