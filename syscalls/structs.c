/* syscalls/structs.c: structures between guest memory and handlers.  Freestanding: the gate compiles it, too. */
#include "abi/layout.h"
#include "syscalls/call.h"

int struct_in(struct call *c, const struct layout *l, void *host, gva src)
{
    uint8_t guest[LAYOUT_GUEST_MAX];
    int     err = copy_in(c, guest, src, l->gsize);

    return err ? err : layout_to_host(l, guest, host);
}

int struct_out(struct call *c, const struct layout *l, gva dst, const void *host)
{
    uint8_t guest[LAYOUT_GUEST_MAX];

    layout_to_guest(l, host, guest);
    return copy_out(c, dst, guest, l->gsize);
}
