/* Operations on names and directories.  The working directory holds nothing else. */
#include "model/rules.h"
#include "model/model.h"

const char *const paths[PATHS] = {"f0", "f1",   "f2",   "f3",   "f4",   "f5",   "d0",
                                  "d1", "d0/g", "d1/g", "fifo", "link", "f0/x", "none/x"};

const char *path_of(int64_t n) { return paths[(uint64_t)n % PATHS]; }

void names_setup(void)
{
    must(os_mkdir("d0", 0755), "mkdir");
    must(os_mkfifo("fifo", 0644), "mkfifo");
    must(os_symlink("f0", "link"), "symlink");
}

/* Names that may come and go; the FIFO stays what it is, since its name says that it must not be waited for. */
static bool may_change(int64_t n)
{
    if (n != PATH_FIFO)
        return true;
    say("passed over\n");
    return false;
}

void op_stat(uint32_t me, const struct op *op)
{
    struct os_stat st = {0};
    const long     r = os_stat(path_of(op->arg[0]), &st);

    (void)me;
    if (r == 0)
        say("%o ", st.mode);
    if (r == 0 && (st.mode & 0170000) == 0100000)
        say("links %lu size %ld ", (unsigned long)st.nlink, (long)st.size);
    say_result(r);
}

void op_truncate(uint32_t me, const struct op *op)
{
    (void)me;
    if (may_change(op->arg[0]))
        say_result(os_truncate(path_of(op->arg[0]), op->arg[1]));
}

void op_unlink(uint32_t me, const struct op *op)
{
    (void)me;
    if (may_change(op->arg[0]))
        say_result(fb_unlink(path_of(op->arg[0])));
}

void op_link(uint32_t me, const struct op *op)
{
    (void)me;
    if (may_change(op->arg[0]) && may_change(op->arg[1]))
        say_result(fb_link(path_of(op->arg[0]), path_of(op->arg[1])));
}

void op_rename(uint32_t me, const struct op *op)
{
    (void)me;
    if (may_change(op->arg[0]) && may_change(op->arg[1]))
        say_result(os_rename(path_of(op->arg[0]), path_of(op->arg[1])));
}

void op_mkdir(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_mkdir(path_of(op->arg[0]), 0755));
}

void op_rmdir(uint32_t me, const struct op *op)
{
    (void)me;
    if (may_change(op->arg[0]))
        say_result(os_rmdir(path_of(op->arg[0])));
}

/* ---- directories ---------------------------------------------------------------------------- */

static union {
    struct os_dirent first;
    char             bytes[8192];
} entries;

/* All entries, whatever their order: how many, and the sum of their names' hashes. */
void op_readdir(uint32_t me, const struct op *op)
{
    const int fd = (int)op->arg[0];
    uint32_t  sum = 0, n = 0;
    long      got = 0;

    (void)me;
    if (!rule_is_dir(fd)) {
        say("passed over\n");
        return;
    }
    os_lseek(fd, 0, SEEK_SET);
    while ((got = os_getdents(fd, &entries, sizeof(entries))) > 0)
        for (long at = 0; at < got; n++) {
            const struct os_dirent *d = (const struct os_dirent *)(entries.bytes + at);
            const char             *name = os_dirent_name(d);

            sum += hash_bytes(2166136261u, name, strlen(name));
            at += d->reclen;
        }
    say("%u entries %08x ", n, sum);
    say_result(got);
}

static const struct os_dirent *entry_at(long at) { return (const struct os_dirent *)(entries.bytes + at); }

/* From the place after one entry on, the next one comes again. */
void op_seekdir(uint32_t me, const struct op *op)
{
    const int fd = (int)op->arg[0];
    char      next[64] = "";
    int64_t   place;
    long      got, at = 0;

    (void)me;
    if (!rule_is_dir(fd)) {
        say("passed over\n");
        return;
    }
    os_lseek(fd, 0, SEEK_SET);
    got = os_getdents(fd, &entries, sizeof(entries));
    for (int64_t i = op->arg[1] % 4; i > 0 && at + entry_at(at)->reclen < got; i--)
        at += entry_at(at)->reclen;
    if (got <= 0) {
        say_result(got);
        return;
    }
    place = entry_at(at)->off;
    if (at + entry_at(at)->reclen < got)
        strcpy(next, os_dirent_name(entry_at(at + entry_at(at)->reclen)));
    say("%s ", os_lseek(fd, place, SEEK_SET) == place ? "there" : "elsewhere");
    got = os_getdents(fd, &entries, sizeof(entries));
    if (got <= 0)
        say("%s\n", got == 0 && !next[0] ? "same" : "other");
    else
        say("%s\n", strcmp(next, os_dirent_name(entry_at(0))) == 0 ? "same" : "other");
}
