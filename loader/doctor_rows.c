/* loader/doctor_rows.c: dragoman doctor --rows: where each system call of each ABI is served, and how far it is. */
#include <stdio.h>

#include "abi/abi.h"
#include "loader/doctor_rows.h"
#include "syscalls/marshal.h"

static const char *const where_names[] = {[IN_PROVIDER] = "provider", [ASKED] = "asked", [IN_GATE] = "gate"};

static const char *state_name(const struct row *r)
{
    static const char *const names[ROW_STATES] = {
        [ROW_FULL] = "full", [ROW_PARTIAL] = "partial", [ROW_MISSING] = "missing"};

    return r->state != ROW_MISSING && !marshal_can(r) ? names[ROW_MISSING] : names[r->state];
}

int doctor_rows(void)
{
    for (const struct abi *const *a = abi_list; *a; a++)
        for (unsigned i = 0; i < (*a)->nrows; i++) {
            const struct row *r = &(*a)->rows[i];

            if (r->state != ROW_HOLE)
                printf("%s %u %s %s %s\n", (*a)->name, r->nr, r->name, where_names[r->where], state_name(r));
        }
    return fflush(stdout) ? 1 : 0;
}
