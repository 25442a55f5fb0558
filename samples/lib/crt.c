/* From the first stack to main. */
#include "auxv.h"
#include "sample.h"

struct start_regs start_regs;
uint64_t         *start_block;

void sample_start(uint64_t *block);

uint64_t start_auxv(uint64_t type, bool *found) { return auxv_find(start_block, type, found); }

void sample_start(uint64_t *block)
{
    int    argc = (int)block[0];
    char **argv = (char **)(block + 1);

    start_block = block;
    os_exit(main(argc, argv, argv + argc + 1));
}
