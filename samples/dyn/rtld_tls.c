/*
 * Thread-local storage (libexec/rtld-elf/rtld.c, allocate_tls and tls_get_addr_common): what was there at the start
 * lies below the thread pointer (variant II), what came later is made when a thread first wants it.
 */
#include "rtld.h"

enum { TCB_WORDS = 8, DTV_FIRST = 2 };

static const struct object *modules[MODULES_MAX + 1];
static uint64_t             room; /* of static storage */

static uint64_t round_to(uint64_t v, uint64_t align) { return align > 1 ? (v + align - 1) & -align : v; }

void tls_add(struct object *o, bool at_start)
{
    const struct phdr *p = segment(o, PT_TLS);

    if (!p)
        return;
    for (o->module = 1; o->module < MODULES_MAX && modules[o->module]; o->module++)
        ;
    modules[o->module] = o;
    if (at_start)
        o->tls_offset = room = round_to(room + p->memsz, p->align);
}

static void *pages(uint64_t n)
{
    void *at = os_mmap(0, round_to(n, PAGE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    must((long)at, "memory for a thread's storage");
    return at;
}

static uint64_t image_copy(uint64_t at, const struct object *o)
{
    const struct phdr *p = segment(o, PT_TLS);

    memcpy((void *)at, (const void *)(o->base + p->vaddr), p->filesz);
    return at;
}

static uint64_t static_size(void) { return round_to(room, 64); }

/* One piece: static storage, thread control block, vector of modules. */
void *dl_tls_new(void)
{
    char     *block = pages(static_size() + 8 * (TCB_WORDS + DTV_FIRST + MODULES_MAX + 1));
    uint64_t *tcb = (uint64_t *)(block + static_size()), *dtv = tcb + TCB_WORDS;

    tcb[0] = (uint64_t)tcb;
    tcb[1] = (uint64_t)dtv;
    for (unsigned i = 1; i <= MODULES_MAX; i++)
        if (modules[i] && modules[i]->tls_offset)
            dtv[DTV_FIRST + i] = image_copy((uint64_t)tcb - modules[i]->tls_offset, modules[i]);
    return tcb;
}

static uint64_t *own_dtv(void)
{
    uint64_t *dtv;

    __asm__("mov %%fs:8, %0" : "=r"(dtv));
    return dtv;
}

uint64_t tls_get_addr(const uint64_t at[2])
{
    uint64_t *entry = own_dtv() + DTV_FIRST + at[0];

    if (!*entry)
        *entry = image_copy((uint64_t)pages(segment(modules[at[0]], PT_TLS)->memsz), modules[at[0]]);
    return *entry + at[1];
}

static void dynamic_free(uint64_t *dtv, unsigned module)
{
    if (!dtv[DTV_FIRST + module] || !modules[module] || modules[module]->tls_offset)
        return;
    os_munmap((void *)dtv[DTV_FIRST + module], round_to(segment(modules[module], PT_TLS)->memsz, PAGE));
    dtv[DTV_FIRST + module] = 0;
}

void dl_tls_free(void *p)
{
    uint64_t *tcb = p;

    for (unsigned i = 1; i <= MODULES_MAX; i++)
        dynamic_free((uint64_t *)tcb[1], i);
    os_munmap((char *)tcb - static_size(),
              round_to(static_size() + 8 * (TCB_WORDS + DTV_FIRST + MODULES_MAX + 1), PAGE));
}

void tls_forget(struct object *o)
{
    if (!o->module)
        return;
    dynamic_free(own_dtv(), (unsigned)o->module);
    modules[o->module] = 0;
}
