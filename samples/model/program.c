/* Programs: made from a seed, read from a file, printed. */
#include "model/model.h"

struct op *program;
uint32_t   program_len;

static const struct {
    const char *name, *args;
    unsigned    weight;
} kinds[OP_KINDS] = {
#define OP(name, args, weight) {#name, args, weight},
#include "model/ops.def"
#undef OP
};

/* ---- numbers by chance --------------------------------------------------------------- */

static uint64_t rng;

static uint64_t chance(uint64_t below)
{
    rng ^= rng >> 12; /* Marsaglia's xorshift64*, as given by Vigna */
    rng ^= rng << 25;
    rng ^= rng >> 27;
    return (rng * 0x2545f4914f6cdd1dull >> 33) % below;
}

static bool one_in(unsigned n) { return chance(n) == 0; }

static int64_t any_descriptor(void)
{
    static const int64_t odd[] = {-1, 1024, 1025, 1 << 20, 0x7fffffff, -0x80000000ll, 500, 62};

    switch (chance(40)) {
    case 0: return odd[chance(sizeof(odd) / sizeof(*odd))];
    case 1:
    case 2: return 1008 + (int64_t)chance(16);
    case 3:
    case 4: return 32 + (int64_t)chance(16);
    case 5:
    case 6:
    case 7: return (int64_t)chance(3);
    default: return (int64_t)chance(28);
    }
}

static int64_t any_offset(void)
{
    static const int64_t odd[] = {-1,        -4096,     INT64_MAX,       INT64_MAX - 3000, INT64_MIN,      1ll << 40,
                                  1ll << 32, 1ll << 31, (1ll << 31) - 7, 13ll << 40,       (1ll << 32) - 1};

    switch (chance(20)) {
    case 0: return odd[chance(sizeof(odd) / sizeof(*odd))];
    case 1: return -(int64_t)chance(6000);
    case 2: return (1ll << 32) - 3000 + (int64_t)chance(6000);
    case 3:
    case 4: return (int64_t)chance(200000);
    case 5:
    case 6:
    case 7: return 4096 * (int64_t)chance(40);
    case 8:
    case 9: return 0;
    default: return (int64_t)chance(5000);
    }
}

static int64_t any_count(void)
{
    switch (chance(40)) {
    case 0: return 0;
    case 1: return 70000;
    case 2: return -1; /* more than SSIZE_MAX */
    case 3:
    case 4: return (int64_t)chance(20000);
    default: return (int64_t)chance(3000);
    }
}

static int64_t any_open_flags(void)
{
    static const struct {
        unsigned odds;
        int64_t  flag;
    } extra[] = {{2, M_CREAT},   {7, M_TRUNC},    {4, M_APPEND},     {12, M_CREAT | M_EXCL},
                 {5, M_CLOEXEC}, {6, M_NONBLOCK}, {12, M_DIRECTORY}, {9, M_NOFOLLOW}};
    static const int64_t access[] = {0, M_WRONLY, M_RDWR, M_RDWR, M_RDWR};
    int64_t              flags = access[chance(5)];

    for (size_t i = 0; i < sizeof(extra) / sizeof(*extra); i++)
        if (one_in(extra[i].odds))
            flags |= extra[i].flag;
    return one_in(80) ? flags | M_WRONLY | M_RDWR : flags;
}

static int64_t any_path(void) { return one_in(3) ? (int64_t)chance(PATHS) : (int64_t)chance(6); }

static int64_t make_arg(char letter)
{
    static const int64_t setfl[] = {0, M_APPEND, M_NONBLOCK, M_APPEND | M_NONBLOCK, M_WRONLY | M_CREAT | M_TRUNC};

    switch (letter) {
    case 'd': return any_descriptor();
    case 't': return one_in(3) ? any_descriptor() : 3 + (int64_t)chance(25);
    case 'p': return any_path();
    case 'f': return any_open_flags();
    case 'n': return any_count();
    case 'k': return one_in(30) ? (int64_t)chance(2000) - 1 : (int64_t)chance(8);
    case 'o': return any_offset();
    case 'w': return one_in(40) ? 5 + (int64_t)chance(3) : (int64_t)chance(5);
    case 'c': return (int64_t)chance(2);
    case 'm': return (int64_t)chance(64);
    case 'a': return (int64_t)chance(ACTORS);
    case 'F': return setfl[chance(5)];
    case 'H': return one_in(4) ? 0xffffffffll : (int64_t)chance(60);
    case 'L': return one_in(2) ? LIMIT : 16 + (int64_t)chance(40);
    default: return 0;
    }
}

/* ---- a whole program ------------------------------------------------------------------ */

static unsigned pick_kind(void)
{
    unsigned total = 0, at, k = 0;

    for (unsigned i = 0; i < OP_KINDS; i++)
        total += kinds[i].weight;
    for (at = (unsigned)chance(total); at >= kinds[k].weight; k++)
        at -= kinds[k].weight;
    return k;
}

static void allocate(uint32_t n)
{
    void *p = os_mmap(0, n * sizeof(struct op) + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    program = (struct op *)must((long)p, "memory for the program");
}

/* Turns change now and then; the first actor's come oftener, since it is always there. */
void program_generate(uint64_t seed, uint32_t n)
{
    uint16_t actor = 0;

    allocate(n);
    rng = seed * 0x9e3779b97f4a7c15ull + 1;
    for (uint32_t i = 0; i < n; i++) {
        const unsigned k = pick_kind();

        if (one_in(10))
            actor = (uint16_t)(one_in(2) ? 0 : chance(ACTORS));
        program[i] = (struct op){.kind = (uint16_t)k, .actor = actor};
        for (unsigned a = 0; kinds[k].args[a]; a++)
            program[i].arg[a] = make_arg(kinds[k].args[a]);
    }
    program_len = n;
}

/* ---- as text: ACTOR NAME ARGUMENT..., a line each ----------------------------------------- */

void program_print_op(char *buf, size_t size, const struct op *op)
{
    size_t n = (size_t)print_into(buf, size, "%u %s", op->actor, kinds[op->kind].name);

    for (unsigned a = 0; kinds[op->kind].args[a] && n < size; a++)
        n += (size_t)print_into(buf + n, size - n, " %ld", (long)op->arg[a]);
}

void program_print(void)
{
    char text[160];

    for (uint32_t i = 0; i < program_len; i++) {
        program_print_op(text, sizeof(text), &program[i]);
        print("%s\n", text);
    }
}

static char *next_word(char **at)
{
    char *word;

    while (**at == ' ')
        ++*at;
    word = *at;
    while (**at && **at != ' ' && **at != '\n')
        ++*at;
    if (**at == ' ')
        *(*at)++ = 0;
    return word;
}

static unsigned kind_of(const char *name)
{
    for (unsigned k = 0; k < OP_KINDS; k++)
        if (strcmp(kinds[k].name, name) == 0)
            return k;
    print("no operation is called %s\n", name);
    os_exit(2);
}

static void read_line(char *line, struct op *op)
{
    char *at = line;

    op->actor = (uint16_t)((unsigned long)parse_int(next_word(&at)) % ACTORS);
    op->kind = (uint16_t)kind_of(next_word(&at));
    for (unsigned a = 0; kinds[op->kind].args[a]; a++)
        op->arg[a] = parse_int(next_word(&at));
}

void program_read(const char *path)
{
    const int      fd = (int)must(os_open(path, O_RDONLY, 0), path);
    struct os_stat st;
    char          *text, *end;
    uint32_t       lines = 0;

    must(os_fstat(fd, &st), path);
    text = os_mmap(0, (size_t)st.size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    end = text + must(os_read(fd, text, (size_t)st.size), path);
    os_close(fd);
    for (char *p = text; p < end; p++)
        lines += *p == '\n';
    allocate(lines);
    for (char *p = text; program_len < lines; program_len++) {
        char *line = p;

        while (*p != '\n')
            p++;
        *p++ = 0;
        read_line(line, &program[program_len]);
    }
}
