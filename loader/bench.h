/* loader/bench.h: dragoman bench ARGUMENTS. */
#ifndef DRAGOMAN_LOADER_BENCH_H
#define DRAGOMAN_LOADER_BENCH_H

/*
 * Becomes the benchmark program (tests/bench, Python), which is found beside this executable: in the build tree, or
 * below libexec/dragoman where `make install` puts it.  Returns only on failure: the exit status, after one line.
 */
int bench_main(int argc, char **argv);

#endif
