/*
 * An interpreter that asks of the kernel what FreeBSD's rtld does (libexec/rtld-elf/rtld.c), without its comforts:
 * it relocates itself, reads the auxiliary vector and the environment, maps what the program needs over reserved
 * ranges, relocates all, makes RELRO read-only, sets the thread pointer and goes to the program.  It lists the objects
 * instead when LD_TRACE_LOADED_OBJECTS says so, and it may be run by itself with a program as its argument.
 */
#include "rtld.h"

extern const struct dyn  _DYNAMIC[] __attribute__((visibility("hidden")));
extern const struct ehdr __ehdr_start __attribute__((visibility("hidden")));

/* Where the program starts, and with what block. */
struct target {
    uint64_t  entry;
    uint64_t *block;
};
struct target rtld_main(uint64_t *block) __attribute__((visibility("hidden")));

bool quiet;

bool good(bool ok, const char *what)
{
    if (!quiet || !ok)
        check(ok, what);
    return ok;
}

/* Nothing that needs relocation may be used before this. */
static inline void relocate_self(uint64_t base)
{
    const struct rela *r = 0;
    size_t             n = 0;

    for (const struct dyn *d = _DYNAMIC; d->tag; d++) {
        if (d->tag == DT_RELA)
            r = (const struct rela *)(base + d->val);
        if (d->tag == DT_RELASZ)
            n = d->val / sizeof(*r);
    }
    for (; n--; r++)
        if ((uint32_t)r->info == R_RELATIVE)
            *(uint64_t *)(base + r->offset) = base + (uint64_t)r->addend;
}

/* The kernel has loaded it (digest_phdr). */
static void program_find(const uint64_t *block)
{
    struct object *o = object_new();
    bool           found;

    o->phnum = (unsigned)auxv_find(block, AT_PHNUM, &found);
    memcpy(o->ph, (void *)auxv_find(block, AT_PHDR, &found), o->phnum * sizeof(struct phdr));
    o->base = auxv_find(block, AT_PHDR, &found) - segment(o, PT_PHDR)->vaddr;
    o->entry = auxv_find(block, AT_ENTRY, &found);
    print_into(o->path, sizeof(o->path), "%s", (const char *)auxv_find(block, AT_EXECPATH, &found));
    object_digest(o);
    good(auxv_find(block, AT_PAGESZ, &found) == PAGE && auxv_find(block, AT_PHENT, &found) == sizeof(struct phdr),
         "the auxiliary vector describes the program");
    good(o->path[0] == '/', "and names it");
    good(auxv_find(block, AT_BSDFLAGS, &found) == 1 && found, "and the kernel's abilities");
}

static void auxv_set(uint64_t *block, uint64_t type, uint64_t value)
{
    uint64_t *e = auxv_entry(block, type);

    if (e)
        e[1] = value;
}

/*
 * Run by itself: the program is the first argument.  It is mapped as an object, and the program finds a block in which
 * the interpreter's own name is not.
 */
static uint64_t *program_load(uint64_t *block)
{
    const char    *path = (const char *)block[2];
    struct os_stat st;
    struct object *o;

    if (block[0] < 2)
        os_exit(1);
    block[1] = block[0] - 1;
    block++;
    o = object_load(path, 0);
    if (!o || os_stat(path, &st) != 0 || !(st.mode & 0111)) {
        print("cannot run %s\n", path);
        os_exit(1);
    }
    o->entry += o->base;
    auxv_set(block, AT_PHDR, o->base + segment(o, PT_PHDR)->vaddr);
    auxv_set(block, AT_PHNUM, o->phnum);
    auxv_set(block, AT_ENTRY, o->entry);
    auxv_set(block, AT_EXECPATH, (uint64_t)path);
    auxv_set(block, AT_ARGC, block[0]);
    return block;
}

static void list_objects(void)
{
    for (const struct object *o = objects->next; o; o = o->next)
        print("\t%s => %s (0x%lx)\n", o->soname, o->path, o->base);
    os_exit(0);
}

static void start_storage(void)
{
    for (struct object *o = objects; o; o = o->next)
        tls_add(o, true);
    fsbase_set(dl_tls_new());
}

static void link_all(void)
{
    bool relocated = true, protected = true;

    for (struct object *o = objects; o; o = o->next)
        relocated = object_relocate(o) && relocated;
    good(relocated, "all are relocated");
    for (struct object *o = objects; o; o = o->next)
    protected = segment(o, PT_GNU_RELRO) && object_relro(o) && protected;
    good(protected, "their RELRO is read-only, and that holds");
    for (struct object *o = objects->next; o; o = o->next) /* the program's are its own affair */
        for (size_t i = 0; i < o->ninit; i++)
            o->init[i]();
}

struct target rtld_main(uint64_t *block)
{
    bool           found;
    const uint64_t base = auxv_find(block, AT_BASE, &found), phdr = auxv_find(block, AT_PHDR, &found);

    relocate_self(base);
    quiet = env_find(block, "LD_TRACE_LOADED_OBJECTS") != 0;
    good(base == (uint64_t)&__ehdr_start, "the interpreter knows where it is");
    search_set(block, OS_CALL(253) == 0);
    if (phdr == base + __ehdr_start.phoff)
        block = program_load(block);
    else
        program_find(block);
    if (!objects_need(objects, 0))
        os_exit(1);
    if (quiet)
        list_objects();
    start_storage();
    lock_set(auxv_find(block, AT_BSDFLAGS, &found) == 1);
    link_all();
    if (check_status())
        os_exit(check_status());
    return (struct target){objects->entry, block};
}

/* amd64/rtld_start.S: the block in rdi; the program gets it there as well. */
__asm__(".globl rtld_start\n"
        ".type rtld_start, @function\n"
        "rtld_start:\n"
        "    mov %rsp, %r13\n"
        "    and $-16, %rsp\n"
        "    xor %ebp, %ebp\n"
        "    call rtld_main\n"
        "    mov %r13, %rsp\n"
        "    mov %rdx, %rdi\n"
        "    jmp *%rax\n");
