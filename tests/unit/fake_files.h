/*
 * tests/unit/fake_files.h: the fixture of tests that open files: a process with
 * an empty table, in an empty directory that is removed at the end.
 */
#ifndef DRAGOMAN_TESTS_UNIT_FAKE_FILES_H
#define DRAGOMAN_TESTS_UNIT_FAKE_FILES_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/freebsd/freebsd.h"
#include "syscalls/fdtable.h"
#include "syscalls/ofile.h"
#include "tests/unit/fake_call.h"

struct files {
    struct fake *f;
    unsigned     host_fds, ofiles; /* before the test */
    char         dir[64];          /* the working directory */
};

#define CALL(state) fake_call(((struct files *)*(state))->f)
#define FDS(state)  (((struct files *)*(state))->f->own.fds)
#define P(string)   GVA((uintptr_t)(string))
#define AT_CWD      (-100) /* FreeBSD's, too */

static inline int files_remove(const char *path, const struct stat *st, int type, struct FTW *w)
{
    (void)st, (void)type, (void)w;
    return remove(path);
}

static inline int files_setup(void **state)
{
    struct files *s = calloc(1, sizeof(*s));

    s->f = fake_new();
    s->host_fds = fake_open_fds();
    s->ofiles = ofile_count();
    s->f->own.abi = s->f->call.abi = &abi_freebsd_amd64;
    s->f->own.fds = fdtable_new();
    strcpy(s->dir, "/tmp/dragoman-test-XXXXXX");
    *state = s;
    return !s->f->own.fds || !mkdtemp(s->dir) || chdir(s->dir);
}

/* Fails when the test lost a host descriptor or an open file. */
static inline int files_teardown(void **state)
{
    struct files *s = *state;

    fake_fail_host(0, 0);
    fake_fail_copy(0, 0);
    fake_fail_scratch(0);
    fd_close_range(fake_call(s->f), 0, ~0u, 0);

    const bool lost_fd = fake_open_fds() != s->host_fds, lost_of = ofile_count() != s->ofiles;

    if (lost_fd || lost_of)
        fprintf(stderr, "lost: %u host descriptors, %u open files\n", fake_open_fds() - s->host_fds,
                ofile_count() - s->ofiles);
    fdtable_free(s->f->own.fds);
    fake_free(s->f);
    if (chdir("/") || nftw(s->dir, files_remove, 16, FTW_DEPTH | FTW_PHYS))
        perror(s->dir);
    free(s);
    return lost_fd || lost_of;
}

static inline void files_put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    if (!f || fputs(text, f) < 0 || fclose(f))
        abort();
}

static inline char *files_get(const char *name)
{
    static char text[65536];
    FILE       *f = fopen(name, "r");
    size_t      n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = 0;
    return text;
}

#endif
