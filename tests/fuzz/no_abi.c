/* tests/fuzz/no_abi.c: stands for the FreeBSD ABI, of which the loader's fuzzer needs the matching alone. */
#include <string.h>

#include "abi/abi.h"

extern const struct abi abi_freebsd_amd64;

static enum abi_match match(const struct elf_id *id)
{
    for (unsigned i = 0; i < id->nnotes; i++)
        if (!strcmp(id->notes[i].name, "FreeBSD"))
            return ABI_YES_NOTE;
    return id->osabi == 9 ? ABI_YES_OSABI : ABI_NO;
}

const struct abi abi_freebsd_amd64 = {.name = "freebsd-amd64", .os = "FreeBSD", .match = match};
