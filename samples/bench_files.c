/*
 * bench_files WORK DIR [NAME=VALUE...]: one piece of work with files, as users do it.  What it works on it makes itself
 * (works that end in -make), so that every machine, file system and ABI has the same.
 *
 *     tree-make DIR files=N          N small files, 100 in a directory
 *     tree-read DIR                  walks the tree and reads every file
 *     tree-remove DIR
 *     tar-make DIR files=N           DIR/data.tar with N small files
 *     untar DIR                      unpacks it below DIR/untar
 *     file-make DIR mib=N            DIR/data
 *     copy DIR                       DIR/data to DIR/copy
 *     random-read, random-write, random-write-fsync DIR mib=N ops=N    4 KiB each, anywhere in DIR/data
 *     sequential-read, sequential-write DIR mib=N ops=N    128 KiB each, from the beginning of DIR/data
 *     append-fsync DIR ops=N         lines to a log, each of them synced
 *     journal DIR ops=N              transactions as SQLite's rollback journal makes them
 *     thread-read DIR mib=N ops=N threads=N
 *
 *     code DIR ops=N                 nothing but what code=N asks for
 *
 * direct=1 opens the data with O_DIRECT, past the page cache.  code=N: after each transfer to or from DIR/data run N
 * (up to 1024) functions that do nothing, whose time does not count.  Where instructions are translated, a call takes
 * longer when its translation has been driven out of the translator's caches meanwhile.
 */
#include "bench.h"

#define PAGE    4096
#define CHUNK   (128 << 10)
#define PER_DIR 100

struct work {
    const char *dir;
    long        files, mib, ops, threads, code;
    int         direct; /* O_DIRECT, or 0 */
    uint64_t    done_ops, done_bytes;
    uint64_t    apart; /* ticks that do not count */
};

/* In a huge page, where a kernel gives these unasked: what an emulated disk takes for it then does not hang on how many
   pieces the buffer lies in, which is another number in each process. */
#define HUGE (2 << 20)
static char buf[HUGE] __attribute__((aligned(HUGE)));

/* Sizes of small files: 200 bytes to 16 KiB, most of them small. */
static size_t small_size(long i)
{
    uint64_t state = (uint64_t)i * 2654435761u + 1;

    for (int k = 0; k < 4; k++)
        bench_random(&state);
    return 200 + (size_t)(state % 4000) * (state >> 32 & 3);
}

static int data_open(const struct work *w, const char *name, int flags)
{
    char path[PATH_SIZE];
    long fd = os_open(bench_path(path, w->dir, name), flags | w->direct, 0600);

    bench_ok(fd);
    return (int)fd;
}

/* ---- trees */

static void name_of(char *path, const char *dir, long i)
{
    print_into(path, PATH_SIZE, "%s/%ld/file-%ld.txt", dir, i / PER_DIR, i);
}

static void small_write(const char *path, size_t size)
{
    long fd = os_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    bench_ok(fd);
    bench_ok(os_write((int)fd, buf, size));
    bench_ok(os_close((int)fd));
}

static void tree_make(struct work *w)
{
    char path[PATH_SIZE];

    for (long i = 0; i < w->files && !bench_error; i++) {
        if (i % PER_DIR == 0) {
            print_into(path, sizeof(path), "%s/%ld", w->dir, i / PER_DIR);
            bench_ok(os_mkdir(path, 0700));
        }
        name_of(path, w->dir, i);
        small_write(path, small_size(i));
        w->done_bytes += small_size(i);
    }
    w->done_ops = (uint64_t)w->files;
}

static void read_all(struct work *w, const char *path)
{
    struct os_stat st;
    long           fd = os_open(path, O_RDONLY, 0), got;

    bench_ok(fd);
    bench_ok(os_fstat((int)fd, &st));
    while ((got = os_read((int)fd, buf, CHUNK)) > 0)
        w->done_bytes += (uint64_t)got;
    bench_ok(got);
    bench_ok(os_close((int)fd));
    w->done_ops++;
}

static void remove_one(struct work *w, const char *path)
{
    bench_ok(os_unlink(path));
    w->done_ops++;
}

/* Visits every file below path, and leaves directories by `leave`.  Names that end in .txt are files. */
static void walk(struct work *w, const char *path, void (*visit)(struct work *, const char *),
                 long (*leave)(const char *))
{
    char names[8192], below[PATH_SIZE];
    long fd = os_open(path, O_RDONLY | O_DIRECTORY, 0), got = 0;

    bench_ok(fd);
    while (!bench_error && (got = os_getdents((int)fd, names, sizeof(names))) > 0)
        for (long at = 0; at < got;) {
            const struct os_dirent *d = (const struct os_dirent *)(names + at);
            const char             *name = os_dirent_name(d);
            size_t                  n = strlen(name);

            at += d->reclen;
            if (name[0] == '.')
                continue;
            bench_path(below, path, name);
            if (n > 4 && strcmp(name + n - 4, ".txt") == 0)
                visit(w, below);
            else
                walk(w, below, visit, leave);
        }
    bench_ok(got);
    bench_ok(os_close((int)fd));
    if (leave)
        bench_ok(leave(path));
}

static void tree_read(struct work *w) { walk(w, w->dir, read_all, NULL); }
static void tree_remove(struct work *w) { walk(w, w->dir, remove_one, os_rmdir); }

/* ---- a tar archive: POSIX ustar, headers and data in blocks of 512 bytes */

#define BLOCK 512

static void octal(char *to, size_t width, uint64_t v)
{
    for (size_t i = width - 1; i-- > 0; v >>= 3)
        to[i] = (char)('0' + (v & 7));
    to[width - 1] = 0;
}

static void header_make(char *h, const char *name, size_t size, char type)
{
    unsigned sum = 0;

    memset(h, 0, BLOCK);
    strcpy(h, name);
    octal(h + 100, 8, type == '5' ? 0700 : 0600);
    octal(h + 124, 12, size);
    h[156] = type;
    memcpy(h + 257, "ustar\00000", 8);
    memset(h + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++)
        sum += (unsigned char)h[i];
    octal(h + 148, 7, sum);
}

static void tar_make(struct work *w)
{
    static char record[BLOCK + 16384 + BLOCK];
    char        name[64];
    int         fd = data_open(w, "data.tar", O_WRONLY | O_CREAT | O_TRUNC);

    for (long i = 0; i < w->files && !bench_error; i++) {
        size_t size = small_size(i), whole = (size + BLOCK - 1) / BLOCK * BLOCK;

        if (i % PER_DIR == 0) {
            print_into(name, sizeof(name), "untar/%ld", i / PER_DIR);
            header_make(record, name, 0, '5');
            bench_ok(os_write(fd, record, BLOCK));
        }
        print_into(name, sizeof(name), "untar/%ld/file-%ld.txt", i / PER_DIR, i);
        header_make(record, name, size, '0');
        bench_ok(os_write(fd, record, BLOCK + whole));
    }
    memset(record, 0, 2 * BLOCK);
    bench_ok(os_write(fd, record, 2 * BLOCK));
    bench_ok(os_close(fd));
}

/* The archive through a buffer of CHUNK bytes; a block stays valid until the next one is asked for. */
struct tar {
    int    fd;
    size_t at, have;
};

static char *tar_block(struct tar *t)
{
    if (t->at == t->have) {
        long got = os_read(t->fd, buf, CHUNK);

        bench_ok(got);
        if (got < BLOCK)
            return NULL;
        t->have = (size_t)got / BLOCK * BLOCK;
        t->at = 0;
    }
    t->at += BLOCK;
    return buf + t->at - BLOCK;
}

static void untar_file(struct work *w, struct tar *t, const char *path, size_t size)
{
    static char content[32768];
    size_t      have = 0;
    long        fd = os_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    bench_ok(fd);
    for (; have < size; have += BLOCK) {
        const char *block = tar_block(t);

        if (!block || have + BLOCK > sizeof(content))
            break;
        memcpy(content + have, block, BLOCK);
    }
    bench_ok(have < size ? -EIO : os_write((int)fd, content, size));
    bench_ok(os_close((int)fd));
    w->done_ops++;
    w->done_bytes += size;
}

static size_t octal_value(const char *s)
{
    size_t v = 0;

    for (; *s >= '0' && *s <= '7'; s++)
        v = v * 8 + (size_t)(*s - '0');
    return v;
}

static void untar(struct work *w)
{
    struct tar t = {data_open(w, "data.tar", O_RDONLY), 0, 0};
    char       path[PATH_SIZE], *h;

    bench_ok(os_mkdir(bench_path(path, w->dir, "untar"), 0700));
    while (!bench_error && (h = tar_block(&t)) && h[0]) {
        char   type = h[156];
        size_t size = octal_value(h + 124);

        bench_path(path, w->dir, h);
        if (type == '5')
            bench_ok(os_mkdir(path, 0700));
        else
            untar_file(w, &t, path, size);
    }
    bench_ok(os_close(t.fd));
}

/* ---- one big file */

static void file_make(struct work *w)
{
    int fd = data_open(w, "data", O_WRONLY | O_CREAT | O_TRUNC);

    for (long i = 0; i < (w->mib << 20) / CHUNK && !bench_error; i++)
        bench_ok(os_write(fd, buf, CHUNK));
    bench_ok(os_fsync(fd));
    bench_ok(os_close(fd));
}

static void copy(struct work *w)
{
    int  from = data_open(w, "data", O_RDONLY), to = data_open(w, "copy", O_WRONLY | O_CREAT | O_TRUNC);
    long got = 0;

    while (!bench_error && (got = os_read(from, buf, CHUNK)) > 0) {
        bench_ok(os_write(to, buf, (size_t)got));
        w->done_bytes += (uint64_t)got;
        w->done_ops++;
    }
    bench_ok(got);
    bench_ok(os_close(from));
    bench_ok(os_close(to));
}

/* Functions, each of them alone in its cache line. */
#define FUNCTIONS     1024
#define FUNCTION_SIZE 64
#define TEXT_OF(x)    #x
#define TEXT(x)       TEXT_OF(x)
#define ALIGNED       "\n\t.balign " TEXT(FUNCTION_SIZE)
__asm__(".text" ALIGNED "\nbench_functions:\n\t.rept " TEXT(FUNCTIONS) "\n\tret" ALIGNED "\n\t.endr");
extern const char bench_functions[];

static void run_code(long functions)
{
    for (long i = 0; i < functions && i < FUNCTIONS; i++)
        ((void (*)(void))(uintptr_t)(bench_functions + i * FUNCTION_SIZE))();
}

/* Each time that one is done. */
static void done(struct work *w)
{
    w->done_ops++;
    if (w->code) {
        const uint64_t start = ticks();

        run_code(w->code);
        w->apart += ticks() - start;
    }
}

static void code(struct work *w)
{
    for (; (long)w->done_ops < w->ops; w->done_ops++)
        run_code(w->code);
}

static int64_t place(const struct work *w, uint64_t *state)
{
    return (int64_t)(bench_random(state) % ((uint64_t)w->mib << 8)) * PAGE;
}

static void random_read(struct work *w)
{
    int      fd = data_open(w, "data", O_RDONLY);
    uint64_t state = 88172645463325252ull;

    for (; (long)w->done_ops < w->ops && !bench_error; done(w))
        bench_ok(os_pread(fd, buf, PAGE, place(w, &state)) == PAGE ? 0 : -EIO);
    bench_ok(os_close(fd));
    w->done_bytes = w->done_ops * PAGE;
}

static void random_write_with(struct work *w, bool synced)
{
    int      fd = data_open(w, "data", O_WRONLY);
    uint64_t state = 88172645463325252ull;

    for (; (long)w->done_ops < w->ops && !bench_error; done(w)) {
        bench_ok(os_pwrite(fd, buf, PAGE, place(w, &state)) == PAGE ? 0 : -EIO);
        if (synced)
            bench_ok(os_fsync(fd));
    }
    bench_ok(os_close(fd));
    w->done_bytes = w->done_ops * PAGE;
}
static void random_write(struct work *w) { random_write_with(w, false); }
static void random_write_fsync(struct work *w) { random_write_with(w, true); }

static void sequential(struct work *w, int flags, long (*transfer)(int fd, int64_t at))
{
    int fd = data_open(w, "data", flags);

    for (; (long)w->done_ops < w->ops && !bench_error; done(w))
        bench_ok(transfer(fd, (int64_t)(w->done_ops % ((uint64_t)w->mib << 3)) * CHUNK) == CHUNK ? 0 : -EIO);
    bench_ok(os_close(fd));
    w->done_bytes = w->done_ops * CHUNK;
}
static long chunk_read(int fd, int64_t at) { return os_pread(fd, buf, CHUNK, at); }
static long chunk_write(int fd, int64_t at) { return os_pwrite(fd, buf, CHUNK, at); }
static void sequential_read(struct work *w) { sequential(w, O_RDONLY, chunk_read); }
static void sequential_write(struct work *w) { sequential(w, O_WRONLY, chunk_write); }

static void append_fsync(struct work *w)
{
    char path[PATH_SIZE];
    int  fd = (int)os_open(bench_path(path, w->dir, "log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

    for (; (long)w->done_ops < w->ops && !bench_error; w->done_ops++) {
        bench_ok(os_write(fd, buf, 120));
        bench_ok(os_fsync(fd));
    }
    bench_ok(os_close(fd));
    w->done_bytes = w->done_ops * 120;
}

/*
 * A transaction of SQLite in its default mode (sqlite.org/atomiccommit.html): the old page goes to a journal, which is
 * synced twice; the page is written and synced; the journal is deleted.
 */
static void transaction(const struct work *w, int db, int dir, int64_t at)
{
    char path[PATH_SIZE];
    long journal = os_open(bench_path(path, w->dir, "journal"), O_RDWR | O_CREAT | O_EXCL, 0600);

    bench_ok(journal);
    bench_ok(os_pread(db, buf, PAGE, at));
    bench_ok(os_pwrite((int)journal, buf, 512, 0));
    bench_ok(os_pwrite((int)journal, buf, PAGE, 512));
    bench_ok(os_fsync((int)journal));
    bench_ok(os_pwrite((int)journal, buf, 12, 0));
    bench_ok(os_fsync((int)journal));
    bench_ok(os_pwrite(db, buf, PAGE, at));
    bench_ok(os_fsync(db));
    bench_ok(os_close((int)journal));
    bench_ok(os_unlink(path));
    bench_ok(os_fsync(dir));
}

static void journal(struct work *w)
{
    int      db = data_open(w, "data", O_RDWR), dir = (int)os_open(w->dir, O_RDONLY | O_DIRECTORY, 0);
    uint64_t state = 88172645463325252ull;

    bench_ok(dir);
    for (; (long)w->done_ops < w->ops && !bench_error; w->done_ops++)
        transaction(w, db, dir, place(w, &state));
    bench_ok(os_close(db));
    bench_ok(os_close(dir));
    w->done_bytes = w->done_ops * PAGE;
}

/* ---- many threads read one file */

struct reader {
    struct thread      thread;
    const struct work *w;
    int                fd;
    uint64_t           state;
    char              *page;
};

static long reader_run(void *arg)
{
    struct reader *r = arg;

    for (long i = 0; i < r->w->ops && !bench_error; i++)
        bench_ok(os_pread(r->fd, r->page, PAGE, place(r->w, &r->state)) == PAGE ? 0 : -EIO);
    return 0;
}

static void thread_read(struct work *w)
{
    static struct reader readers[64];
    int                  fd = data_open(w, "data", O_RDONLY);

    for (long i = 0; i < w->threads && i < 64; i++) {
        readers[i] = (struct reader){.w = w, .fd = fd, .state = 88172645463325252ull + (uint64_t)i * 977};
        readers[i].page = os_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
        thread_start(&readers[i].thread, reader_run, &readers[i]);
    }
    for (long i = 0; i < w->threads && i < 64; i++)
        thread_join(&readers[i].thread);
    bench_ok(os_close(fd));
    w->done_ops = (uint64_t)(w->ops * w->threads);
    w->done_bytes = w->done_ops * PAGE;
}

static const struct {
    const char *name;
    void (*run)(struct work *w);
} works[] = {
    {"tree-make", tree_make},
    {"tree-read", tree_read},
    {"tree-remove", tree_remove},
    {"tar-make", tar_make},
    {"untar", untar},
    {"file-make", file_make},
    {"copy", copy},
    {"random-read", random_read},
    {"random-write", random_write},
    {"random-write-fsync", random_write_fsync},
    {"append-fsync", append_fsync},
    {"sequential-read", sequential_read},
    {"sequential-write", sequential_write},
    {"journal", journal},
    {"thread-read", thread_read},
    {"code", code},
};

int main(int argc, char **argv, char **envp)
{
    struct work w = {0};

    (void)envp;
    if (argc < 3)
        return 2;
    w.dir = argv[2];
    w.files = bench_number(argc, argv, "files", 100);
    w.mib = bench_number(argc, argv, "mib", 1);
    w.ops = bench_number(argc, argv, "ops", 100);
    w.threads = bench_number(argc, argv, "threads", 4);
    w.code = bench_number(argc, argv, "code", 0);
    w.direct = bench_number(argc, argv, "direct", 0) ? O_DIRECT : 0;
    bench_begin();
    for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++)
        if (strcmp(works[i].name, argv[1]) == 0) {
            uint64_t start = ticks();

            works[i].run(&w);
            bench_work(argv[1], ticks() - start - w.apart, w.done_ops, w.done_bytes);
            return bench_end();
        }
    bench_fail(argv[1], -EINVAL);
    return bench_end();
}
