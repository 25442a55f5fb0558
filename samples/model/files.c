/* Operations on what is open: reading, writing, seeking, cutting. */
#include "model/rules.h"
#include "model/model.h"

static unsigned char buf[BUF_SIZE];

#define PARTS_MAX 1100
static struct os_iovec vector[PARTS_MAX];

static void fill(long n)
{
    for (long i = 0; i < n && i < BUF_SIZE; i++)
        buf[i] = (unsigned char)((state->next * 31 + i * 7) % 251 + 1);
}

/* Parts of different sizes, empty ones among them, that hold n bytes together. */
static int cut(long n, int parts)
{
    long at = 0;

    if (n < 0)
        n = 3000;
    for (int i = 0; i < parts && i < PARTS_MAX; i++) {
        const long len = i == parts - 1 || i == PARTS_MAX - 1 ? n - at : (n - at) * (i % 3) / 3;

        vector[i] = (struct os_iovec){buf + at, (size_t)len};
        at += len;
    }
    return parts;
}

/* What a read brought, and that no byte beyond it was touched. */
static void say_read(long r)
{
    if (lying && r > 1000)
        r--;
    if (r > 0)
        say("%08x ", hash_bytes(2166136261u, buf, (size_t)r));
    say_result(r);
}

void op_read(uint32_t me, const struct op *op)
{
    (void)me;
    say_read(fb_read((int)op->arg[0], buf, op->arg[1]));
}

void op_write(uint32_t me, const struct op *op)
{
    (void)me;
    fill(op->arg[1]);
    say_result(fb_write((int)op->arg[0], buf, op->arg[1]));
}

void op_readv(uint32_t me, const struct op *op)
{
    const int n = cut(op->arg[1], (int)op->arg[2]);

    (void)me;
    say_read(fb_readv((int)op->arg[0], vector, n));
}

void op_writev(uint32_t me, const struct op *op)
{
    const int n = cut(op->arg[1], (int)op->arg[2]);

    (void)me;
    fill(op->arg[1]);
    say_result(fb_writev((int)op->arg[0], vector, n));
}

void op_pread(uint32_t me, const struct op *op)
{
    (void)me;
    say_read(fb_pread((int)op->arg[0], buf, op->arg[1], op->arg[2]));
}

void op_pwrite(uint32_t me, const struct op *op)
{
    (void)me;
    fill(op->arg[1]);
    say_result(fb_pwrite((int)op->arg[0], buf, op->arg[1], op->arg[2]));
}

void op_preadv(uint32_t me, const struct op *op)
{
    const int n = cut(op->arg[1], (int)op->arg[2]);

    (void)me;
    say_read(fb_preadv((int)op->arg[0], vector, n, op->arg[3]));
}

void op_pwritev(uint32_t me, const struct op *op)
{
    const int n = cut(op->arg[1], (int)op->arg[2]);

    (void)me;
    fill(op->arg[1]);
    say_result(fb_pwritev((int)op->arg[0], vector, n, op->arg[3]));
}

/* ---- offsets -------------------------------------------------------------------------------- */

/* FreeBSD has offsets that no Linux file system has; and a directory's are the file system's own. */
#define OFFSET_MAX (14ll << 40)

static bool seek_is_common(int fd, int64_t off, int64_t whence)
{
    struct os_stat st;
    const int64_t  base = whence == SEEK_CUR ? os_lseek(fd, 0, SEEK_CUR) : 0;

    if (whence < SEEK_SET || whence > SEEK_HOLE || os_fstat(fd, &st) < 0 || base < 0)
        return true;
    if ((st.mode & 0170000) == 0040000)
        return whence >= SEEK_DATA || (whence == SEEK_SET && off == 0);
    if ((st.mode & 0170000) != 0100000 || whence >= SEEK_DATA || off < 0)
        return true;
    if (whence != SEEK_SET && (whence == SEEK_CUR ? base : st.size) > INT64_MAX - off)
        return true; /* an error everywhere */
    return (whence == SEEK_END ? st.size : base) + off < OFFSET_MAX;
}

void op_lseek(uint32_t me, const struct op *op)
{
    const int fd = (int)op->arg[0];

    (void)me;
    if (seek_is_common(fd, op->arg[1], op->arg[2]))
        say_result(fb_lseek(fd, op->arg[1], (int)op->arg[2]));
    else
        say("passed over\n");
}

void op_ftruncate(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_ftruncate((int)op->arg[0], op->arg[1]));
}

void op_fstat(uint32_t me, const struct op *op)
{
    struct os_stat st = {0};
    const long     r = fb_fstat((int)op->arg[0], &st);
    const unsigned format = st.mode & 0170000;

    (void)me;
    if (r == 0 && (format == 0100000 || format == 0010000))
        say("%o links %lu size %ld ", st.mode, (unsigned long)st.nlink, (long)st.size);
    else if (r == 0)
        say("%o ", format);
    say_result(r);
}

void op_dump(uint32_t me, const struct op *op)
{
    (void)me, (void)op;
    say_table();
}
