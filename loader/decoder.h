/*
 * loader/decoder.h: Zydis, brought in when the first instruction is decoded.
 *
 * Most runs end before any call site is rewritten, and a library that is linked costs every one of them the time to
 * find, map and relocate it: a third of the whole start-up.
 */
#ifndef DRAGOMAN_LOADER_DECODER_H
#define DRAGOMAN_LOADER_DECODER_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the 64-bit instruction at the beginning of code[n].  False: there is none, or the library is not there. */
bool decoder_read(const uint8_t *code, size_t n, ZydisDecodedInstruction *i);

#endif
