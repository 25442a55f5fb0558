/* bench_hold MIB: touches so much memory, says "ready" and waits for the end of its input, while others look at it. */
#include "bench.h"

int main(int argc, char **argv, char **envp)
{
    size_t size = (argc > 1 ? (size_t)parse_int(argv[1]) : 0) << 20;
    char  *at = size ? os_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0) : NULL;
    char   byte;

    (void)envp;
    must((long)at, "mmap");
    for (size_t i = 0; i < size; i += 4096)
        at[i] = 1;
    print("ready\n");
    while (os_read(0, &byte, 1) > 0)
        ;
    return 0;
}
