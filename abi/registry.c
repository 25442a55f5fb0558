/*
 * abi/registry.c: the ABIs that this build knows, one line each.
 */
#include <string.h>

#include "abi/abi.h"

extern const struct abi abi_freebsd_amd64;

const struct abi *const abi_list[] = {
    &abi_freebsd_amd64,
    NULL,
};

const struct abi *abi_by_name(const char *name)
{
    for (const struct abi *const *a = abi_list; *a; a++) {
        if (!strcmp((*a)->name, name))
            return *a;
    }
    return NULL;
}
