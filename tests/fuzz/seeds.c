/* tests/fuzz/seeds.c: writes the seed corpus of elf_fuzz into the directory that is named. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/loader/elf_builder.h"

static void put(const char *dir, const char *name, const void *bytes, size_t size)
{
    char  path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const char script[] = "#!/usr/bin/env -S a b\n";
    struct built      b;

    if (argc != 2)
        return 2;
    built_static(&b);
    put(argv[1], "static", b.bytes, b.size);
    put(argv[1], "header", b.bytes, sizeof b.eh);
    /* All in one page, as small as a program can be: mutations hit what matters. */
    b.ph[PH_TEXT].p_filesz = b.ph[PH_TEXT].p_memsz = sizeof b.eh + sizeof b.ph + 100;
    b.ph[PH_DATA].p_type = PT_NULL;
    b.eh.e_entry = BUILT_BASE + sizeof b.eh;
    put(argv[1], "small", b.bytes, sizeof b.eh + sizeof b.ph + 100);
    built_dynamic(&b);
    put(argv[1], "dynamic", b.bytes, b.size);
    put(argv[1], "script", script, sizeof script - 1);
    return 0;
}
