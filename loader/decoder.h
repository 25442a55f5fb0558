/*
 * loader/decoder.h: Zydis, brought in when the first instruction is decoded.
 *
 * Most runs end before any call site is rewritten, and would pay for finding, mapping and relocating it.
 */
#ifndef DRAGOMAN_LOADER_DECODER_H
#define DRAGOMAN_LOADER_DECODER_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Brings it in, unless that was done: 0, or what library_open gives. */
int decoder_load(void);
/* Decodes the 64-bit instruction at the beginning of code[n].  False: there is none, or the library is not there. */
bool decoder_read(const uint8_t *code, size_t n, ZydisDecodedInstruction *i);

#endif
