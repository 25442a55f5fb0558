/* loader/bytes.h: for loops that are functions of string.h themselves. */
#ifndef DRAGOMAN_LOADER_BYTES_H
#define DRAGOMAN_LOADER_BYTES_H

/* An empty statement that keeps the compiler from making a call of the same function out of a loop. */
#define KEEP_LOOP() __asm__ volatile("")

#endif
