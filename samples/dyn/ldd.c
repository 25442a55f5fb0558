/* ldd (usr.bin/ldd/ldd.c): a program is asked by its interpreter, which is told so by the environment. */
#include "elf.h"

void prog_main(const uint64_t *block) __attribute__((visibility("hidden")));

static bool dynamic(const char *path)
{
    struct ehdr e;
    struct phdr p;
    const int   fd = (int)os_open(path, O_RDONLY, 0);
    bool        r = false;

    if (os_read(fd, &e, sizeof(e)) == sizeof(e) && memcmp(e.ident, "\177ELF", 4) == 0)
        for (int i = 0; i < e.phnum && os_pread(fd, &p, sizeof(p), (int64_t)(e.phoff + (uint64_t)i * sizeof(p))) > 0;
             i++)
            r = r || p.type == PT_DYNAMIC;
    os_close(fd);
    return r;
}

static int ask(char *path)
{
    char *argv[] = {path, 0}, *envp[] = {"LD_TRACE_LOADED_OBJECTS=yes", 0};
    int   status = 0;
    long  pid;

    if (!dynamic(path)) {
        print("%s: not a dynamic ELF executable\n", path);
        return 1;
    }
    print("%s:\n", path);
    pid = must(os_fork(), "fork");
    if (pid == 0) {
        OS_CALL(59, path, argv, envp);
        OS_CALL(1, 1);
    }
    must(os_wait4((int)pid, &status, 0, 0), "wait");
    return status != 0;
}

void prog_main(const uint64_t *block)
{
    int r = 0;

    for (uint64_t i = 2; i <= block[0]; i++)
        r |= ask((char *)block[i]);
    os_exit(r);
}
