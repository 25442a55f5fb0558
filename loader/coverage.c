#include "loader/coverage.h"

#include <stdio.h>

#include "abi/abi.h"
#include "syscalls/marshal.h"

/* A row whose handler this build lacks is missing, whatever it says. */
static enum row_state state_of(const struct row *r)
{
    if ((r->state == ROW_FULL || r->state == ROW_PARTIAL) && !marshal_can(r))
        return ROW_MISSING;
    return (enum row_state)r->state;
}

static unsigned count(const struct abi *a, enum row_state s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < a->nrows; i++)
        n += state_of(&a->rows[i]) == s;
    return n;
}

static void print_summary(const struct abi *a)
{
    const unsigned full = count(a, ROW_FULL), partial = count(a, ROW_PARTIAL), missing = count(a, ROW_MISSING);

    printf("## %s\n\n", a->name);
    printf("| state | calls | meaning |\n| --- | ---: | --- |\n");
    printf("| full | %u | does what %s's does |\n", full, a->os);
    printf("| partial | %u | the table below says what is missing |\n", partial);
    printf("| missing | %u | answered with ENOSYS, and named once on standard error |\n", missing);
    printf("| all | %u | numbers without a call (%u) are left out |\n\n", full + partial + missing, count(a, ROW_HOLE));
}

static void print_partial(const struct abi *a)
{
    printf("### Partial\n\n| number | name | what is missing |\n| ---: | --- | --- |\n");
    for (unsigned i = 0; i < a->nrows; i++) {
        const struct row *r = &a->rows[i];

        if (state_of(r) == ROW_PARTIAL)
            printf("| %u | %s | %s |\n", r->nr, r->name, r->gap);
    }
    printf("\n");
}

static void print_names(const struct abi *a, const char *title, enum row_state s)
{
    const char *sep = "";

    printf("### %s\n\n", title);
    for (unsigned i = 0; i < a->nrows; i++) {
        const struct row *r = &a->rows[i];

        if (state_of(r) != s)
            continue;
        printf("%s%s (%u)", sep, r->name, r->nr);
        sep = ",\n";
    }
    printf("%s\n", *sep ? "." : "None.");
}

int coverage_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("# System calls, by ABI\n\n"
           "Printed from the tables by `dragoman coverage`; `make coverage` writes it anew, `make check` sees that it\n"
           "is current.\n\n");
    for (const struct abi *const *a = abi_list; *a; a++) {
        print_summary(*a);
        print_partial(*a);
        print_names(*a, "Missing", ROW_MISSING);
        printf("\n");
        print_names(*a, "Full", ROW_FULL);
    }
    return fflush(stdout) ? 1 : 0;
}
