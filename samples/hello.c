/* The smallest program that says anything. */
#include "sample.h"

int main(int argc, char **argv, char **envp)
{
    (void)argv;
    (void)envp;
    print("hello, world\n");
    return argc > 1 ? 7 : 0;
}
