/*
 * sites: calls from code that is made here, called often, jumped into at every
 * byte, changed, unmapped and mapped over.  Code that was called often must do
 * what the same bytes do when they are called for the first time.
 *
 * sites DIR together: only four threads whose calls become hot at the same moment.
 */
#include "sample.h"

#define PAGE    4096
#define ROOM    64 /* from the page's start to the function; filled with int3, as is all behind it */
#define OFFSET  7  /* of the file, which the calls ask for */
#define OFTEN   12
#define THREADS 4
#define ROUNDS  150

#ifdef GUEST_FREEBSD
#define NR_LSEEK 478 & 255, 478 >> 8
#else
#define NR_LSEEK 8, 0
#endif
#define ASK 0xb8, NR_LSEEK, 0, 0, 0x0f, 0x05 /* mov $lseek, %eax; syscall */

static const struct code {
    const char *name;
    uint8_t     len, bytes[40];
} codes[] = {
    {"a return and filling", 18, {ASK, 0xc3, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}},
    {"a return and another function", 14, {ASK, 0xc3, 0xb8, 0x2a, 0, 0, 0, 0xc3}},
    {"a conditional jump", 18, {ASK, 0x72, 0x04, 0x48, 0x89, 0xc2, 0xc3, 0x48, 0xf7, 0xd8, 0xc3}},
    {"a far conditional jump", 17, {ASK, 0x0f, 0x82, 0x01, 0, 0, 0, 0xc3, 0x48, 0xf7, 0xd8, 0xc3}},
    {"a move", 11, {ASK, 0x48, 0x89, 0xc2, 0xc3}},
    {"one byte each", 12, {ASK, 0x50, 0x58, 0x50, 0x58, 0xc3}},
    {"an address beside it", 15, {ASK, 0x48, 0x8d, 0x15, 0x10, 0, 0, 0, 0xc3}},
    {"a compare", 14, {ASK, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0xc3}},
    {"a jump over something", 14, {ASK, 0xeb, 0x02, 0xf4, 0xf4, 0x90, 0xc3}},
    {"a call of a function", 16, {ASK, 0xe8, 0x01, 0, 0, 0, 0xc3, 0xc3, 0x90, 0x90}},
    {"another system call", 12, {ASK, 0x50, 0x0f, 0x05, 0x58, 0xc3}}, /* of number 7, which does nothing here */
};
#define CODES (sizeof(codes) / sizeof(*codes))

/* ---- jumping somewhere, and coming back ------------------------------------------------- */

/* Of one jump: the signal that ended it, 0 for none, where it was, and the result. */
struct outcome {
    int  sig;
    long where, value;
};

static uint64_t     saved_sp __attribute__((used));
static volatile int caught;
static uint64_t     caught_at;

long probe(void *target, long fd, long nr);
void probe_escape(void);
__asm__(".text\n"
        "probe:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rsp, saved_sp(%rip)\n"
        "    mov %rdi, %r11; mov %rsi, %rdi; mov %rdx, %rax\n"
        "    xor %esi, %esi; mov $1, %edx; xor %ebx, %ebx; xor %ebp, %ebp; xor %ecx, %ecx\n"
        "    xor %r8d, %r8d; xor %r9d, %r9d; xor %r10d, %r10d\n"
        "    call *%r11\n"
        "1:  mov saved_sp(%rip), %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "    ret\n"
        "probe_escape:\n"
        "    jmp 1b\n");

static void on_fault(int sig, os_siginfo *info, void *context)
{
    (void)info;
    caught = sig;
    caught_at = *os_uc_rip(context);
    probe_escape();
}

static struct outcome jump(const uint8_t *base, long off, long fd)
{
    struct outcome o = {0};

    caught = 0;
    o.value = probe((void *)(base + off), fd, (long)codes[0].bytes[1] | (long)codes[0].bytes[2] << 8);
    o.sig = caught;
    if (caught) {
        o.value = 0;
        o.where = (long)(caught_at - (uint64_t)base);
        if (o.where < -ROOM || o.where >= PAGE)
            o.where = PAGE; /* it returned to nowhere */
    }
    return o;
}

/* ---- code --------------------------------------------------------------------------------- */

typedef long code_fn(long fd, long offset, long whence);

static uint8_t *code_make(const struct code *code)
{
    uint8_t *page = os_mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    must((long)page, "memory for code");
    memset(page, 0xcc, PAGE);
    memcpy(page + ROOM, code->bytes, code->len);
    must(os_mprotect(page, PAGE, PROT_READ | PROT_EXEC), "mprotect");
    return page + ROOM;
}

static void code_free(uint8_t *fn) { os_munmap(fn - ROOM, PAGE); }

static bool call_often(uint8_t *fn, long fd, int times)
{
    bool ok = true;

    for (int i = 0; i < times; i++)
        ok &= ((code_fn *)(uintptr_t)fn)(fd, 0, 1) == OFFSET;
    return ok;
}

static void check_neighbourhood(const struct code *code, long fd)
{
    bool same = true, works = true;

    for (long off = -3; off < code->len + 3; off++) {
        uint8_t             *cold = code_make(code), *hot = code_make(code);
        const struct outcome want = jump(cold, off, fd);
        struct outcome       got;

        works &= call_often(hot, fd, OFTEN);
        got = jump(hot, off, fd);
        if (got.sig != want.sig || got.where != want.where || got.value != want.value) {
            print("byte %ld of %s: %s at %ld, %ld; first %s at %ld, %ld\n", off, code->name,
                  got.sig ? sig_name(got.sig) : "no signal", got.where, got.value,
                  want.sig ? sig_name(want.sig) : "no signal", want.where, want.value);
            same = false;
        }
        works &= call_often(hot, fd, OFTEN);
        code_free(cold);
        code_free(hot);
    }
    check(works, code->name);
    check(same, "entered at any byte, it does what it did the first time");
}

/* ---- many threads ---------------------------------------------------------------------------- */

static uint8_t *volatile fresh;
enum { MANY = 100000 };
static uint32_t          turn, arrived, wrong;
static volatile uint32_t alarms;

static void on_alarm(int sig, os_siginfo *info, void *context)
{
    (void)sig, (void)info, (void)context;
    alarms++;
}

static long hammer(void *fd)
{
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < round)
            os_yield();
        if (!call_often(fresh, (long)fd, 30))
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&arrived, 1, __ATOMIC_RELEASE);
    }
    return 0;
}

static void check_threads(long fd)
{
    static struct thread t[THREADS];
    struct os_itimerval  often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};

    os_setitimer(ITIMER_REAL, &often, 0);
    for (int i = 0; i < THREADS; i++)
        thread_start(&t[i], hammer, (void *)fd);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint8_t *fn = code_make(&codes[round % CODES]);

        fresh = fn;
        __atomic_store_n(&turn, round, __ATOMIC_RELEASE);
        while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < round * THREADS)
            os_yield();
        code_free(fn);
    }
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    os_setitimer(ITIMER_REAL, &never, 0);
    check(wrong == 0, "threads and signals at fresh code");
    check(alarms > 0, "there were signals");
}

/* Each has code of its own that is as fresh as the others', so that all want to be rewritten at once. */
static long call_own(void *fd)
{
    uint8_t *fn = code_make(&codes[0]);
    long     ok;

    __atomic_add_fetch(&arrived, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < THREADS)
        os_yield();
    ok = call_often(fn, (long)fd, MANY);
    code_free(fn);
    return ok;
}

static void check_together(long fd)
{
    static struct thread t[THREADS];

    arrived = 0;
    for (int i = 0; i < THREADS; i++)
        thread_start(&t[i], call_own, (void *)fd);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    check(arrived == THREADS, "all of them");
}

/* ---- what becomes of code ---------------------------------------------------------------------- */

static const struct code other = {"", 6, {0xb8, 42, 0, 0, 0, 0xc3}};

static long run(uint8_t *fn, long fd) { return ((code_fn *)(uintptr_t)fn)(fd, 0, 1); }

static void check_changes(long fd)
{
    uint8_t *fn = code_make(&codes[4]), *again;

    call_often(fn, fd, OFTEN);
    must(os_mprotect(fn - ROOM, PAGE, PROT_READ | PROT_WRITE), "mprotect");
    check(memcmp(fn, codes[4].bytes, codes[4].len) == 0, "code that is made writable is as it was written");
    fn[9] = 0xc1; /* mov %rax, %rcx */
    must(os_mprotect(fn - ROOM, PAGE, PROT_READ | PROT_EXEC), "mprotect");
    check(call_often(fn, fd, OFTEN), "changed behind the call");
    must(os_mprotect(fn - ROOM, PAGE, PROT_READ | PROT_WRITE), "mprotect");
    memcpy(fn, other.bytes, other.len);
    must(os_mprotect(fn - ROOM, PAGE, PROT_READ | PROT_EXEC), "mprotect");
    check(run(fn, fd) == 42, "changed altogether");
    code_free(fn);

    fn = code_make(&codes[0]);
    call_often(fn, fd, OFTEN);
    again = os_mmap(fn - ROOM, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
    check(again == fn - ROOM && again[ROOM] == 0, "mapped over");
    memcpy(fn, other.bytes, other.len);
    must(os_mprotect(again, PAGE, PROT_READ | PROT_EXEC), "mprotect");
    check(run(fn, fd) == 42, "with other code");
    must(os_mprotect(again, PAGE, PROT_READ | PROT_WRITE), "mprotect");
    memcpy(fn, codes[0].bytes, codes[0].len);
    must(os_mprotect(again, PAGE, PROT_READ | PROT_EXEC), "mprotect");
    check(call_often(fn, fd, OFTEN), "and with the same once more");
    code_free(fn);
}

static void check_children(long fd)
{
    uint8_t *fn = code_make(&codes[2]);
    int      status = -1;
    long     pid;

    call_often(fn, fd, OFTEN);
    pid = os_fork();
    if (pid == 0)
        os_exit(call_often(fn, fd, OFTEN) ? 0 : 1);
    check(os_wait4((int)pid, &status, 0, 0) == pid && status == 0, "in a child");
    check(call_often(fn, fd, OFTEN), "and after it in the parent");
    code_free(fn);
}

/* Where the code jumps to, if it was made to jump: that is the guest's memory, and it may do there as it likes. */
static void check_stubs(long fd)
{
    uint8_t *fn = code_make(&codes[0]), *site = fn + 5;
    int32_t  distance;

    call_often(fn, fd, OFTEN);
    memcpy(&distance, site + 1, sizeof(distance));
    if (*site == 0xe9) {
        uint8_t *page = (uint8_t *)((uint64_t)(site + 5 + distance) & ~(uint64_t)(PAGE - 1));

        os_munmap(page, PAGE);
        check(call_often(fn, fd, OFTEN), "what it jumped to is unmapped");
        call_often(fn, fd, OFTEN);
        os_mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
        check(call_often(fn, fd, OFTEN), "what it jumped to is unmapped");
        os_munmap(page, PAGE);
    } else {
        check(call_often(fn, fd, OFTEN), "what it jumped to is unmapped");
        check(call_often(fn, fd, OFTEN), "what it jumped to is unmapped");
    }
    code_free(fn);
}

int main(int argc, char **argv, char **envp)
{
    static const int faults[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS};
    char             name[256];
    long             fd;

    (void)envp;
    print_into(name, sizeof(name), "%s/sites", argc > 1 ? argv[1] : ".");
    fd = must(os_open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), name);
    must(os_lseek((int)fd, OFFSET, 0), "lseek");
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        os_sigaction(faults[i], &(struct os_sigaction){.handler = on_fault, .flags = SA_SIGINFO | SA_NODEFER}, 0);
    os_sigaction(SIGALRM, &(struct os_sigaction){.handler = on_alarm, .flags = SA_SIGINFO | SA_RESTART}, 0);
    if (argc > 2) {
        check_together(fd);
        return check_status();
    }
    for (size_t i = 0; i < CODES; i++)
        check_neighbourhood(&codes[i], fd);
    check_threads(fd);
    check_changes(fd);
    check_children(fd);
    check_stubs(fd);
    os_unlink(name);
    return check_status();
}
