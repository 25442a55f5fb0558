/* What was seen: text in memory that every actor maps, so that no descriptor of the table under test is needed. */
#include "model/rules.h"
#include "model/model.h"

struct state *state;
const char   *state_path;
bool          lying;

/* What must says goes to a descriptor under test: the same on both sides, so no path is in it. */
void state_open(const char *path, bool fresh)
{
    const int fd = (int)must(os_open(path, O_RDWR, 0), "the state");

    state_path = path;
    if (fresh)
        must(os_ftruncate(fd, STATE_SIZE), "the state");
    state = os_mmap(0, STATE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must((long)state, "the state");
    os_close(fd);
}

static void append(const char *text, size_t n)
{
    if (STATE_HEAD + state->used + n > BACKS_AT)
        n = 0; /* both sides end in the same place */
    memcpy((char *)state + STATE_HEAD + state->used, text, n);
    state->used += n;
}

#define SAY_MAX 256

void say(const char *fmt, ...)
{
    char    buf[SAY_MAX];
    va_list ap;
    size_t  n;

    va_start(ap, fmt);
    n = (size_t)print_va_into(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    append(buf, n < sizeof(buf) ? n : sizeof(buf) - 1);
}

void say_result(long r)
{
    if (r < 0)
        say("%s\n", err_name(r));
    else
        say("%ld\n", r);
}

uint32_t hash_bytes(uint32_t h, const void *p, size_t n)
{
    const unsigned char *c = p;

    for (size_t i = 0; i < n; i++) /* FNV-1a */
        h = (h ^ c[i]) * 16777619u;
    return h;
}

/* ---- the table --------------------------------------------------------------------------- */

static void say_slot(int fd)
{
    const long     cloexec = os_fcntl(fd, F_GETFD, 0);
    struct os_stat st = {0};

    if (cloexec < 0)
        return;
    fb_fstat(fd, &st);
    say("    %d: %o links %lu exec %ld", fd, st.mode, (unsigned long)st.nlink, cloexec);
    flags_say(fb_getfl(fd));
    if ((st.mode & 0170000) == 0100000)
        say(" size %ld at %ld", (long)st.size, os_lseek(fd, 0, SEEK_CUR));
    say("\n");
}

void say_table(void)
{
    say("table\n");
    for (int fd = 0; fd < 64; fd++)
        say_slot(fd);
    for (int fd = LIMIT - 16; fd < LIMIT; fd++)
        say_slot(fd);
}

/* ---- the files ----------------------------------------------------------------------------- */

/* Bytes that are not zero, with where they are: a hole and zeros that were written are the same. */
static uint32_t hash_part(uint32_t h, int64_t at, const unsigned char *p, long n)
{
    for (long i = 0; i < n; i++)
        if (p[i]) {
            const int64_t where = at + i;

            h = hash_bytes(h, &where, sizeof(where));
            h = hash_bytes(h, p + i, 1);
        }
    return h;
}

static uint32_t hash_file(int fd)
{
    static unsigned char part[16384];
    uint32_t             h = 2166136261u;
    int64_t              at = 0, hole;
    long                 n;

    while ((at = os_lseek(fd, at, SEEK_DATA)) >= 0) {
        hole = os_lseek(fd, at, SEEK_HOLE);
        for (; at < hole && (n = os_pread(fd, part, sizeof(part), at)) > 0; at += n)
            h = hash_part(h, at, part, n);
        if (at < hole)
            break;
    }
    return h;
}

void say_files(void)
{
    for (int i = 0; i < PATHS; i++) {
        struct os_stat st;
        const long     r = os_lstat(paths[i], &st);
        int            fd = r < 0 || (st.mode & 0170000) != 0100000 ? -1 : (int)os_open(paths[i], O_RDONLY, 0);

        say("%s: ", paths[i]);
        if (r < 0)
            say_result(r);
        else if (fd < 0)
            say("%o\n", st.mode);
        else
            say("%o links %lu size %ld bytes %08x\n", st.mode, (unsigned long)st.nlink, (long)st.size, hash_file(fd));
        if (fd >= 0)
            os_close(fd);
    }
}
