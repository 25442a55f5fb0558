/* The program of the dynamic sample: uses the library and thread-local data, and asks the kernel what libthr asks. */
#include "elf.h"

int        lib_add(int which);
extern int lib_counter;

static __thread int    mine = 5;
static __thread int    zeroed;
static const uint64_t *start;

void prog_main(const uint64_t *block) __attribute__((visibility("hidden")));

static void check_library(void)
{
    check(lib_add(0) == 41 && lib_add(1) == 43, "a function of the library");
    check(lib_counter == 43, "a variable of it");
    check(mine == 5 && zeroed == 0, "thread-local data begins as the file says");
    mine = 6;
    check(mine == 6, "and can be written");
}

/* thr_new with a block of its own (libthr's thr_create.c with rtld's _rtld_allocate_tls). */
static long thread_tls(void *arg)
{
    long r = mine == 5 && zeroed == 0;

    (void)arg;
    mine = 7;
    return r && mine == 7;
}

static uint64_t thread_block[64] __attribute__((aligned(64)));
static char     thread_stack[32768] __attribute__((aligned(16)));
static long     thread_tid, thread_result, thread_done;

static void thread_run(void *arg)
{
    (void)arg;
    thread_result = thread_tls(0);
    OS_CALL(431, &thread_done);
}

static const struct phdr *tls_segment(void)
{
    bool               found;
    const struct phdr *p = (const struct phdr *)auxv_find(start, AT_PHDR, &found);

    while (p->type != PT_TLS)
        p++;
    return p;
}

static void check_thread(void)
{
    const struct phdr  *p = tls_segment();
    const size_t        room = (p->memsz + p->align - 1) & ~(p->align - 1);
    bool                found;
    const char         *image = (const char *)auxv_find(start, AT_PHDR, &found) - sizeof(struct ehdr) + p->vaddr;
    uint64_t           *tcb = &thread_block[48];
    struct os_thr_param tp = {.start = thread_run,
                              .stack_base = thread_stack,
                              .stack_size = sizeof(thread_stack),
                              .tls_base = tcb,
                              .tls_size = 64,
                              .child_tid = &thread_tid,
                              .parent_tid = &thread_tid};

    memcpy((char *)tcb - room, image, p->filesz);
    tcb[0] = (uint64_t)tcb;
    check(OS_CALL(455, &tp, sizeof(tp)) == 0, "a thread with a block of its own");
    while (!__atomic_load_n(&thread_done, __ATOMIC_ACQUIRE))
        OS_CALL(454, &thread_done, 2, 0, 0, 0);
    check(thread_result == 1 && mine == 6, "each has its own data");
}

/* libthr's and libc's start: _thr_init, init_private, __elf_aux_vector, getosreldate. */
static void check_startup_calls(void)
{
    long     self = 0;
    uint64_t set[4] = {0}, lists[3] = {0}, aux[64];
    int      name[4] = {1, 14, 12, -1}, osrel[2] = {1, 24}, usrstack[2] = {1, 33}, auxv[4] = {1, 14, 36, 0};
    int      release = 0;
    char     path[256];
    uint64_t top = 0;
    size_t   n = sizeof(path);

    check(OS_CALL(432, &self) == 0 && self > 0, "thr_self");
    check(OS_CALL(454, 0, 26, sizeof(lists), lists, 0) == 0, "robust lists");
    check(OS_CALL(487, 3, 1, -1L, sizeof(set), set) == 0 && set[0] != 0, "cpuset_getaffinity");
    check(OS_CALL(202, name, 4, path, &n, 0, 0) == 0 && path[0] == '/', "kern.proc.pathname");
    n = sizeof(release);
    check(OS_CALL(202, osrel, 2, &release, &n, 0, 0) == 0 && release >= 1300000, "kern.osreldate");
    n = sizeof(top);
    check(OS_CALL(202, usrstack, 2, &top, &n, 0, 0) == 0 && top > (uint64_t)&n, "kern.usrstack");
    auxv[3] = (int)os_getpid();
    n = sizeof(aux);
    check(OS_CALL(202, auxv, 4, aux, &n, 0, 0) == 0 && n >= 16 * 8, "kern.proc.auxv");
    check(OS_CALL(253) == 0, "issetugid");
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

void prog_main(const uint64_t *block)
{
    start = block;
    check_library();
    check_thread();
    check_startup_calls();
    check_context();
    os_exit(check_status());
}

__asm__(".globl prog_start\n"
        ".type prog_start, @function\n"
        "prog_start:\n"
        "    and $-16, %rsp\n"
        "    xor %ebp, %ebp\n"
        "    call prog_main\n"
        "    hlt\n");
