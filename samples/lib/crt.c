/* From the first stack to main. */
#include "sample.h"

struct start_regs start_regs;
uint64_t         *start_block;

void sample_start(uint64_t *block);

uint64_t start_auxv(uint64_t type, bool *found)
{
    uint64_t *p = start_block + 1;

    for (int vectors = 0; vectors < 2; p++)
        vectors += *p == 0;
    for (; p[0]; p += 2)
        if (p[0] == type) {
            *found = true;
            return p[1];
        }
    *found = false;
    return 0;
}

void sample_start(uint64_t *block)
{
    int    argc = (int)block[0];
    char **argv = (char **)(block + 1);

    start_block = block;
    os_exit(main(argc, argv, argv + argc + 1));
}
