/*
 * loader/library.h: a shared library of the host's in a provider that has no dynamic linker.
 *
 * The provider is one static file, because every start pays for a dynamic linker and few runs need what
 * a library has.  What can be had this way is a library that only computes: of the C library it may ask for no
 * more than a few functions on memory, and it may have neither thread-local data nor code picked by the CPU.
 */
#ifndef DRAGOMAN_LOADER_LIBRARY_H
#define DRAGOMAN_LOADER_LIBRARY_H

#include <stdint.h>

struct library {
    uint8_t        *base;    /* where address 0 of the file's own reckoning lies */
    const uint32_t *hash;    /* DT_GNU_HASH */
    const void     *symbols; /* Elf64_Sym, DT_SYMTAB */
    const char     *strings;
};

/*
 * Maps the library of that file name, its soname, from the first of the host's library directories that has it, and
 * for good.
 * 0, or a negative errno: -ENOENT (no such file), -ENOEXEC (not a library for this machine, or one that
 * needs more than the above), -ENOMEM, or what reading gave.
 */
int library_open(const char *name, struct library *lib);

/* The address of one of its functions, NULL when it has none of that name. */
void *library_function(const struct library *lib, const char *name);

/*
 * How far behind its beginning the host's vDSO (vdso(7)) has the function, the same in all processes of one kernel;
 * 0: nowhere.
 */
uint64_t library_vdso(const char *name);

#endif
