/*
 * The program of the dynamic sample: uses the library, opens another while it runs, has storage of each thread, and
 * asks the kernel what libthr and libc ask.
 */
#include "dl.h"
#include "elf.h"

int        lib_add(int which);
int        lib_started(void);
int        lib_count(void);
extern int lib_counter;

static __thread int mine = 5;
static __thread int zeroed;
static uint64_t    *start;

void prog_main(uint64_t *block) __attribute__((visibility("hidden")));

static uint64_t aux(uint64_t type)
{
    bool           found;
    const uint64_t v = auxv_find(start, type, &found);

    return found ? v : (uint64_t)-1;
}

static void check_library(void)
{
    check(lib_started() == 1, "the library has begun before the program");
    check(lib_add(0) == 41 && lib_add(1) == 43, "a function of it");
    check(lib_counter == 43, "a variable of it");
    check(mine == 5 && zeroed == 0, "thread-local data begins as the file says");
    mine = 6;
    check(mine == 6 && lib_count() == 101, "and can be written, the library's, too");
}

/* ---- threads with blocks of the interpreter's (thr_create.c) ------------------------------------------ */

enum { THREADS = 4, STACK = 64 * 1024, MAP_STACK = 0x400, RTP_LOOKUP = 0 };

struct worker {
    long  tid, left;
    char *stack;
    void *tcb;
    int (*count)(void);
    int *(*where)(void);
    int *seen;
    bool right;
};

static void work(void *arg)
{
    struct worker *w = arg;
    uint32_t       blocked = 0;

    w->right = OS_CALL(573, 1, &blocked) == 0; /* thr_sig.c, _thr_signal_block_setup */
    w->right = w->right && mine == 5 && zeroed == 0 && lib_count() == 101 && w->count() == 7 && w->count() == 8;
    w->seen = w->where();
    mine = 7;
    w->right = w->right && OS_CALL(573, 3, 0) == 0;
    OS_CALL(431, &w->left);
}

/*
 * thr_stack.c: below the main stack's own range and a guard page, each with a guard page of its own; the address is a
 * wish.
 */
static char *stack_new(int i)
{
    char *const below = (char *)aux(AT_USRSTACKBASE) - aux(AT_USRSTACKLIM) - 4096 - (i + 1) * (STACK + 4096);
    char       *at = os_mmap(below, STACK + 4096, (int)aux(AT_STACKPROT), MAP_STACK, -1, 0);

    must((long)at, "stack");
    must(os_mprotect(at, 4096, PROT_NONE), "guard");
    return at + 4096;
}

static void worker_start(struct worker *w, int i)
{
    struct os_thr_param p = {.start = work,
                             .arg = w,
                             .stack_size = STACK,
                             .tls_size = 64,
                             .child_tid = &w->tid,
                             .parent_tid = &w->tid,
                             .flags = 2}; /* THR_SYSTEM_SCOPE */

    w->stack = p.stack_base = stack_new(i);
    w->tcb = p.tls_base = dl_tls_new();
    must(OS_CALL(455, &p, sizeof(p)), "thr_new");
}

static void worker_join(struct worker *w)
{
    while (!__atomic_load_n(&w->left, __ATOMIC_ACQUIRE))
        OS_CALL(454, &w->left, 2, 0, 0, 0);
    dl_tls_free(w->tcb);
    must(os_munmap(w->stack - 4096, STACK + 4096), "munmap");
}

static void check_threads(void *plug)
{
    static struct worker w[THREADS];
    bool                 right = true, apart = true;

    for (int i = 0; i < THREADS; i++) {
        w[i].count = (int (*)(void))(uint64_t)dl_sym(plug, "plug_count");
        w[i].where = (int *(*)(void))(uint64_t)dl_sym(plug, "plug_where");
        worker_start(&w[i], i);
    }
    for (int i = 0; i < THREADS; i++) {
        worker_join(&w[i]);
        right = right && w[i].right;
        apart = apart && w[i].seen != w[0].where();
    }
    check(right, "threads begin with data of their own: the program's, the library's, the opened one's");
    check(apart && mine == 6 && lib_count() == 102, "nobody else's is changed");
}

/* ---- opening while it runs ------------------------------------------------------------------------------ */

static int told;

static void check_open(void)
{
    void *plug = dl_open("libplug.so", 0), *again;
    int **tell;
    int  *state;
    char  vec;

    check(plug != 0, "another library is opened by its name");
    if (!plug)
        return;
    state = dl_sym(plug, "plug_state");
    check(state && *state == 1, "it has begun");
    check(((int (*)(void))(uint64_t)dl_sym(plug, "plug_add"))() == 45, "it uses the first one");
    check(((int (*)(void))(uint64_t)dl_sym(plug, "plug_count"))() == 7, "it has data of this thread");
    again = dl_open("/lib/libplug.so", 0);
    check(again == plug && dl_close(again) == 0, "by another name it is the same file");
    check_threads(plug);
    tell = dl_sym(plug, "plug_told");
    *tell = &told;
    check(dl_close(plug) == 0 && told == 2, "it ends when it is closed");
    check_err(os_mincore((void *)((uint64_t)state & -4096ull), 4096, &vec), -ENOMEM, "and is no longer mapped");
}

static void check_open_descriptor(void)
{
    const int dir = (int)os_open("/libexec", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    const int fd = (int)os_openat(dir, "libplug.so", O_RDONLY | O_CLOEXEC, 0);
    void     *plug = dl_fdopen(fd, 0);

    check(fd >= 0 && os_close(fd) == 0 && os_close(dir) == 0, "a file below an open directory");
    check(plug && ((int (*)(void))(uint64_t)dl_sym(plug, "plug_count"))() == 7, "is opened by its descriptor, anew");
    check(plug && dl_close(plug) == 0, "and closed");
    check(!dl_open("libnone.so", 0), "what is nowhere is not opened");
}

/* ---- what libthr asks at its start (thr_init.c, thr_rtld.c) ------------------------------------------------ */

static void check_main_stack(void)
{
    const uint64_t base = aux(AT_USRSTACKBASE), lim = aux(AT_USRSTACKLIM);
    const char     here = 0;
    void *const    zone = (void *)(base - lim - 4096);
    struct {
        int64_t cur, max;
    } l;

    check((uint64_t)&here < base && (uint64_t)&here > base - lim && base % 4096 == 0, "the main stack's range");
    check(OS_CALL(194, 3, &l) == 0 && (uint64_t)l.cur <= lim, "is not less than getrlimit says");
    check((int64_t)os_mmap(zone, 4096, PROT_NONE, MAP_ANON, -1, 0) > 0, "a red zone below it");
    /* For an object with an executable stack (rtld.c, map_stacks_exec). */
    check(os_mprotect((void *)(base - lim), lim, PROT_READ | PROT_WRITE | PROT_EXEC) == 0, "all of it may be executed");
    check(os_mprotect((void *)(base - lim), lim, (int)aux(AT_STACKPROT)) == 0, "or not");
}

static void check_libthr(void)
{
    long     self = 0, dummy = -1;
    uint64_t set[4] = {0}, lists[3] = {0};
    uint16_t rtp[2] = {9, 9};
    int      hw_ncpu[2] = {6, 3}, n = 0;
    size_t   len = sizeof(n);

    check(OS_CALL(432, &self) == 0 && self > 99999, "thr_self");
    check(OS_CALL(466, RTP_LOOKUP, self, rtp) == 0 && rtp[0] == 3 && rtp[1] <= 20, "an ordinary thread");
    check(OS_CALL(454, 0, 26, sizeof(lists), lists, 0) == 0, "robust lists");
    check(OS_CALL(454, &dummy, 3, 1, 0, 0) == 0, "a wake for nobody");
    check(OS_CALL(487, 3, 1, -1L, sizeof(set), set) == 0 && set[0] != 0, "cpuset_getaffinity");
    check(OS_CALL(488, 3, 1, self, sizeof(set), set) == 0, "the same for a thread by its number");
    check(OS_CALL(202, hw_ncpu, 2, &n, &len, 0, 0) == 0 && (uint64_t)n == aux(AT_NCPUS),
          "as many processors as it was told");
    check(aux(AT_BSDFLAGS) == 1, "signals may be blocked without a call, and rtld does so");
}

/* ---- what libc asks (libc_start1.c, auxv.c, getosreldate.c, malloc) ------------------------------------------- */

static void check_auxv(void)
{
    const uint64_t *sizes = (const uint64_t *)aux(AT_PAGESIZES);
    uint64_t        told_sizes[4] = {0};
    size_t          n = sizeof(told_sizes);

    check(aux(AT_OSRELDATE) >= 1300000 && aux(AT_STACKPROT) == 3 && aux(AT_CANARYLEN) == 64, "elf_aux_info's numbers");
    check(OS_CALL(570, "hw.pagesizes", 12, told_sizes, &n, 0, 0) == 0 && n == aux(AT_PAGESIZESLEN) &&
              memcmp(told_sizes, sizes, n) == 0,
          "page sizes");
    check(aux(AT_ENVV) == (uint64_t)(start + start[0] + 2) && aux(AT_ARGC) == start[0], "argument and environment");
    check(aux(AT_TIMEKEEP) == (uint64_t)-1 && aux(AT_FXRNG) == (uint64_t)-1 && aux(AT_KPRELOAD) == (uint64_t)-1,
          "without pages of the kernel's, libc makes calls");
}

/* jemalloc's pages.c: overcommit, memory that may go, alignment; arc4random and getentropy. */
static void check_malloc(void)
{
    int    n = -1;
    size_t len = sizeof(n);
    char  *at;
    char   random[2][32] = {{0}};

    check(OS_CALL(570, "vm.overcommit", 13, &n, &len, 0, 0) == 0 && n >= 0, "vm.overcommit");
    at = os_mmap(0, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | 21 << 24, -1, 0);
    check((int64_t)at > 0 && (uint64_t)at % (2 << 20) == 0, "memory aligned to 2 MiB");
    *at = 1;
    check(OS_CALL(75, at, 2 << 20, 5) == 0, "it may be taken back");
    check(os_mprotect(at, 4096, PROT_NONE) == 0 && os_munmap(at, 2 << 20) == 0, "or is given back");
    check(OS_CALL(563, random[0], 32, 0) == 32 && OS_CALL(563, random[1], 32, 0) == 32 &&
              memcmp(random[0], random[1], 32) != 0,
          "getrandom");
}

static void check_libc(void)
{
    int            name[4] = {1, 14, 12, -1}, osrel[2] = {1, 24}, usrstack[2] = {1, 33}, vector[4] = {1, 14, 36, 0};
    int            release = 0;
    uint64_t       top = 0, block[80];
    char           path[1024];
    struct os_stat st;
    size_t         n = sizeof(path);

    check(OS_CALL(202, name, 4, path, &n, 0, 0) == 0 && path[0] == '/', "kern.proc.pathname");
    n = sizeof(release);
    check(OS_CALL(202, osrel, 2, &release, &n, 0, 0) == 0 && (uint64_t)release == aux(AT_OSRELDATE), "kern.osreldate");
    n = sizeof(top);
    check(OS_CALL(202, usrstack, 2, &top, &n, 0, 0) == 0 && top == aux(AT_USRSTACKBASE), "kern.usrstack");
    vector[3] = (int)os_getpid();
    n = sizeof(block);
    check(OS_CALL(202, vector, 4, block, &n, 0, 0) == 0 && n >= 16 * 8, "kern.proc.auxv");
    check(OS_CALL(253) == 0, "issetugid");
    check(OS_CALL(335, "RTLD", 4) == 0, "utrace, which nobody reads");
    check(OS_CALL(326, path, sizeof(path)) == 0 && path[0] == '/', "__getcwd");
    check(OS_CALL(574, AT_FDCWD, "/libexec/../libexec/ld-elf.so.1", path, sizeof(path), 0) == 0 &&
              strcmp(path + strlen(path) - 20, "/libexec/ld-elf.so.1") == 0 && os_stat(path, &st) == 0,
          "__realpathat");
}

/* getcontext and setcontext are the kernel's: the second return is through the saved frame. */
static void check_context(void)
{
    static char         uc[1400] __attribute__((aligned(64)));
    static volatile int passes;

    passes = 0;
    check(OS_CALL(421, uc) == 0, "getcontext");
    if (++passes == 1)
        OS_CALL(422, uc);
    check(passes == 2, "setcontext returns there");
}

/* ---- a thread pointer that is set without a call (libc's amd64_set_fsbase, where the processor can) ------------- */

static volatile uint64_t base_in_handler;

static uint64_t base_read(void)
{
    uint64_t v;

    __asm__ volatile("rdfsbase %0" : "=r"(v));
    return v;
}

static void on_signal(int sig, os_siginfo *si, void *uc)
{
    (void)sig;
    (void)si;
    (void)uc;
    base_in_handler = base_read();
}

static bool has_fsgsbase(void)
{
    uint32_t a = 7, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b & 1;
}

static long child_sees(uint64_t want)
{
    int  status = -1;
    long pid = os_fork();

    if (pid == 0)
        OS_CALL(1, base_read() == want ? 0 : 1);
    os_wait4((int)pid, &status, 0, 0);
    return status;
}

static void check_base(void)
{
    struct os_sigaction sa = {.handler = on_signal, .flags = SA_SIGINFO};
    uint64_t *const     other = dl_tls_new(), *own = 0;
    uint64_t            asked = 0;
    long                status;

    if (!has_fsgsbase()) {
        print("ok no wrfsbase here\n");
        return;
    }
    own = (uint64_t *)base_read();
    must(os_sigaction(SIGUSR1, &sa, 0), "sigaction");
    __asm__ volatile("wrfsbase %0" : : "r"(other) : "memory");
    OS_CALL(165, 128, &asked);
    os_kill((int)os_getpid(), SIGUSR1);
    status = child_sees((uint64_t)other);
    __asm__ volatile("wrfsbase %0" : : "r"(own) : "memory");
    check(asked == (uint64_t)other, "sysarch tells the pointer that wrfsbase set");
    check(base_in_handler == (uint64_t)other, "a signal's handler has it");
    check(status == 0, "and so has a child");
    check(mine == 6, "back again");
    dl_tls_free(other);
}

void prog_main(uint64_t *block)
{
    start = block;
    check_library();
    check_open();
    check_open_descriptor();
    check_main_stack();
    check_libthr();
    check_auxv();
    check_malloc();
    check_libc();
    check_context();
    check_base();
    os_exit(check_status());
}
