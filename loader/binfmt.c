/*
 * loader/binfmt.c: registers the ABIs with the host's binfmt_misc
 * (Documentation/admin-guide/binfmt-misc.rst), so that the host's programs, too,
 * can start foreign ones by their names.
 *
 * A rule knows a file by its first bytes.  That an ELF file is FreeBSD's may be
 * said there (EI_OSABI) or in a note deep inside; only the former can be seen.
 */
#include "loader/binfmt.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BINFMT_DIR  "/proc/sys/fs/binfmt_misc"
#define NAME_PREFIX "dragoman-"
#define HEAD        20 /* up to e_machine and its end */

#ifndef AT_FLAGS_PRESERVE_ARGV0
#define AT_FLAGS_PRESERVE_ARGV0 1 /* linux/binfmts.h */
#endif

/* ---- the rule ------------------------------------------------------------------------ */

/* The bytes of an x86-64 program, ET_EXEC or ET_DYN, that says so itself, and which of their bits count. */
static void head_make(const struct abi *abi, uint8_t magic[HEAD], uint8_t mask[HEAD])
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

    memset(magic, 0, HEAD);
    memset(mask, 0, HEAD);
    memcpy(magic, ident, sizeof(ident));
    magic[EI_OSABI] = (uint8_t)abi->elf_osabi;
    memset(mask, 0xff, EI_OSABI + 1);
    magic[16] = ET_EXEC;
    mask[16] = 0xfe; /* ET_DYN is the next number */
    mask[17] = 0xff;
    magic[18] = EM_X86_64;
    mask[18] = mask[19] = 0xff;
}

static size_t hex(char *out, const uint8_t *bytes)
{
    for (int i = 0; i < HEAD; i++)
        sprintf(out + i * 4, "\\x%02x", bytes[i]);
    return 4 * HEAD;
}

size_t binfmt_rule(const struct abi *abi, const char *interp, bool keep_argv0, char *out, size_t size)
{
    uint8_t magic[HEAD], mask[HEAD];
    char    magic_text[4 * HEAD + 1], mask_text[4 * HEAD + 1];
    int     n;

    if (!abi->elf_osabi || strchr(interp, ':'))
        return 0;
    head_make(abi, magic, mask);
    hex(magic_text, magic);
    hex(mask_text, mask);
    n = snprintf(out, size, ":" NAME_PREFIX "%s:M::%s:%s:%s:F%s", abi->name, magic_text, mask_text, interp,
                 keep_argv0 ? "P" : "");
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

bool binfmt_started(void) { return getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0; }

/* Before that, an interpreter could not tell whether argv[0] was kept. */
static bool host_tells_argv0(void)
{
    struct utsname u;
    int            major = 0, minor = 0;

    if (uname(&u) != 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2)
        return false;
    return major > 5 || (major == 5 && minor >= 12);
}

/* ---- the directory --------------------------------------------------------------------- */

static int write_file(const char *dir, const char *name, const char *text, size_t n)
{
    char path[PATH_MAX];
    int  fd, err = 0;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, text, n) != (ssize_t)n)
        err = -errno;
    close(fd);
    return err;
}

static void entry_name(const struct abi *abi, char *name, size_t size)
{
    snprintf(name, size, NAME_PREFIX "%s", abi->name);
}

/* One line, and the exit status. */
static int not_there(const char *dir)
{
    printf("binfmt_misc is not mounted at %s; a superuser can: mount -t binfmt_misc binfmt_misc %s\n", dir, dir);
    return 1;
}

static bool mounted(const char *dir)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/register", dir);
    return access(path, F_OK) == 0;
}

static int failed(const struct abi *abi, const char *what, int err)
{
    fprintf(stderr, "dragoman: cannot %s %s%s: %s\n", what, NAME_PREFIX, abi->name,
            err == -EACCES || err == -EPERM || err == -EROFS ? "the host does not permit it (only its superuser may)"
                                                             : strerror(-err));
    return 1;
}

/* ---- the commands ------------------------------------------------------------------------ */

static int install_one(const char *dir, const struct abi *abi, const char *self)
{
    char   rule[PATH_MAX + 512], name[128];
    size_t n = binfmt_rule(abi, self, host_tells_argv0(), rule, sizeof(rule));
    int    err;

    if (!n)
        return failed(abi, "register", -ENAMETOOLONG);
    entry_name(abi, name, sizeof(name));
    write_file(dir, name, "-1", 2); /* an older one of the same name */
    err = write_file(dir, "register", rule, n);
    if (err)
        return failed(abi, "register", err);
    printf("%s: programs marked by EI_OSABI %d are started by %s\n", abi->name, abi->elf_osabi, self);
    return 0;
}

static int install(const char *dir)
{
    char    self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int     status = 0;

    if (n < 0)
        return 1;
    self[n] = '\0';
    for (size_t i = 0; abi_list[i]; i++)
        if (abi_list[i]->elf_osabi)
            status |= install_one(dir, abi_list[i], self);
    return status;
}

static int uninstall(const char *dir)
{
    int status = 0;

    for (size_t i = 0; abi_list[i]; i++) {
        char name[128];
        int  err;

        entry_name(abi_list[i], name, sizeof(name));
        err = write_file(dir, name, "-1", 2);
        if (err && err != -ENOENT)
            status |= failed(abi_list[i], "remove", err);
        else
            printf("%s: %s\n", abi_list[i]->name, err ? "was not registered" : "is not registered any more");
    }
    return status;
}

/* What the host says of the entry: whether it is on, and who is started. */
static bool entry_print(const char *dir, const struct abi *abi)
{
    char  path[PATH_MAX], name[128], line[PATH_MAX + 64] = "";
    bool  on = false;
    FILE *f;

    entry_name(abi, name, sizeof(name));
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "re");
    if (!f) {
        printf("%s: not registered\n", abi->name);
        return false;
    }
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        on |= !strcmp(line, "enabled");
        if (!strncmp(line, "interpreter ", 12))
            printf("%s: registered, started by %s%s\n", abi->name, line + 12, on ? "" : " (turned off)");
    }
    fclose(f);
    return on;
}

static int status(const char *dir)
{
    bool all = true;

    for (size_t i = 0; abi_list[i]; i++)
        all &= entry_print(dir, abi_list[i]);
    puts("a program that is marked by a note only, not by EI_OSABI, is not recognised by the host: "
         "use 'dragoman PROGRAM'");
    return all ? 0 : 1;
}

static int usage(void)
{
    fputs("usage: dragoman binfmt install|uninstall|status [--dir=DIR]\n", stderr);
    return 2;
}

int binfmt_main(int argc, char **argv)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    static const struct {
        const char *name;
        int (*run)(const char *dir);
    } commands[] = {{"install", install}, {"uninstall", uninstall}, {"status", status}};
    const char *dir = BINFMT_DIR;
    int         opt;

    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt != 'd')
            return usage();
        dir = optarg;
    }
    for (size_t i = 0; optind + 1 == argc && i < sizeof(commands) / sizeof(*commands); i++)
        if (!strcmp(argv[optind], commands[i].name))
            return mounted(dir) ? commands[i].run(dir) : not_there(dir);
    return usage();
}
