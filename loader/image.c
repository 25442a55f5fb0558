/*
 * loader/image.c: opening program files, choosing their ABI, and saying why one can't run.
 */
#include "loader/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void image_fail(struct image_error *err, int host_errno, const char *fmt, ...)
{
    va_list ap;

    err->host_errno = host_errno;
    err->exit_status = host_errno == ENOENT || host_errno == ENOTDIR ? 127 : 126;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?'; /* names out of the file end up here; one line stays one line */
}

void image_error_print(const char *path, const struct image_error *err)
{
    char   line[4096 + sizeof err->text + 32];
    size_t n = (size_t)snprintf(line, sizeof line, "dragoman: %.4000s: ", path ? path : "(no name)");

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    snprintf(line + n, sizeof line - n, "%s\n", err->text);
    /* One write, so that lines of several processes do not mix. */
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return;
}

void image_open_failed(int host_errno, struct image_error *err)
{
    if (host_errno == ENOENT)
        image_fail(err, ENOENT, "no such file");
    else
        image_fail(err, host_errno, "cannot be opened: %s", strerror(host_errno));
}

int image_check_file(int fd, struct image_error *err)
{
    struct stat st;

    if (fstat(fd, &st))
        image_fail(err, errno, "cannot be read: %s", strerror(errno));
    else if (S_ISDIR(st.st_mode))
        image_fail(err, EACCES, "a directory, not a program");
    else if (!S_ISREG(st.st_mode))
        image_fail(err, EACCES, "not a regular file: a program must be one");
    else if (faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS))
        image_fail(err, EACCES, "not executable: chmod +x would make it so");
    else
        return 0;
    return -1;
}

int image_open(const char *path, struct image_error *err)
{
    /* Not blocking: the other end of a FIFO may never come. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        image_open_failed(errno, err);
        return -1;
    }
    if (image_check_file(fd, err)) {
        close(fd);
        return -1;
    }
    return fd;
}

struct elf_id image_id(const struct image *im)
{
    return (struct elf_id){
        .osabi = im->ident[7],
        .ident = im->ident,
        .interp = im->interp,
        .notes = (struct elf_note *)im->notes,
        .nnotes = im->nnotes,
    };
}

/* The list for "--abi=" in messages. */
static const char *abi_names(char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = '\0';
    for (const struct abi *const *a = abi_list; *a && n < size; a++)
        n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", (*a)->name);
    return buf;
}

static void no_abi(const struct elf_id *id, struct image_error *err)
{
    char        names[96];
    const char *os = sniff_os(id);

    abi_names(names, sizeof names);
    if (os && strcmp(os, "Linux") == 0)
        image_fail(err, ENOEXEC, "a Linux program: run it directly, without dragoman");
    else if (os)
        image_fail(err, ENOEXEC, "a program for %s, of which no ABI is here (only %s): it runs on %s itself", os, names,
                   os);
    else
        image_fail(err, ENOEXEC,
                   "an x86-64 program that does not name its system: run it directly if it is Linux's, else try "
                   "--abi=NAME (%s)",
                   names);
}

const struct abi *image_abi(const struct image *im, const char *forced, struct image_error *err)
{
    struct elf_id     id = image_id(im);
    const struct abi *best = NULL;
    enum abi_match    how = ABI_NO;
    char              names[96];

    for (const struct abi *const *a = abi_list; *a; a++) {
        enum abi_match m = (*a)->match(&id);
        if (m > how) {
            how = m;
            best = *a;
        }
    }
    if (forced) {
        const struct abi *named = abi_by_name(forced);
        if (!named)
            image_fail(err, EINVAL, "--abi=%.64s: no such ABI here (%s)", forced, abi_names(names, sizeof names));
        return named;
    }
    if (!best)
        no_abi(&id, err);
    return best;
}

void image_interp_missing(const struct image *im, int host_errno, struct image_error *err)
{
    if (host_errno == ENOENT || host_errno == ENOTDIR)
        image_fail(err, ENOENT, "its dynamic linker %.100s is not here: give the tree of its system with --sysroot=DIR",
                   im->interp);
    else
        image_fail(err, host_errno, "its dynamic linker %.100s cannot be used: %s (see --sysroot=DIR)", im->interp,
                   strerror(host_errno));
}

const char *image_kind_name(enum image_kind kind)
{
    static const char *const names[] = {
        [IMAGE_STATIC] = "static",
        [IMAGE_STATIC_PIE] = "static, position-independent",
        [IMAGE_DYNAMIC] = "dynamic",
        [IMAGE_DYNAMIC_PIE] = "dynamic, position-independent",
    };

    return names[kind];
}
