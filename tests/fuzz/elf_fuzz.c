/*
 * tests/fuzz/elf_fuzz.c: libFuzzer over everything that reads a program file before it is mapped.
 *
 * What image_read lets through must keep the promises of loader/image.h, which the mapper trusts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/image.h"

#define MUST(x)                                                                                                        \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            abort();                                                                                                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(const struct image *im)
{
    uint64_t end = 0;

    MUST(im->nsegments > 0 && im->nsegments <= IMAGE_SEGMENTS);
    for (unsigned i = 0; i < im->nsegments; i++) {
        const struct image_segment *s = &im->segments[i];
        MUST(s->vaddr >= end && s->filesz <= s->memsz && s->memsz <= IMAGE_SIZE_MAX);
        end = s->vaddr + s->memsz;
        MUST(end >= s->vaddr && end <= IMAGE_TOP);
        MUST(!s->filesz || (s->offset <= im->file_size && s->filesz <= im->file_size - s->offset));
        MUST(!s->filesz || s->offset % IMAGE_PAGE == s->vaddr % IMAGE_PAGE);
        MUST(s->vaddr >= im->lo && end <= im->hi);
    }
    MUST(im->lo % IMAGE_PAGE == 0 && im->hi % IMAGE_PAGE == 0);
    MUST(im->align >= IMAGE_PAGE && !(im->align & (im->align - 1)));
}

static void check_image(const struct image *im)
{
    unsigned sum = 0;

    check_segments(im);
    MUST(im->entry >= im->lo && im->entry < im->hi);
    MUST(!im->interp || (im->interp[0] == '/' && strlen(im->interp) < INTERP_MAX));
    MUST(im->nnotes <= IMAGE_NOTES);
    for (unsigned i = 0; i < im->nnotes; i++) {
        const struct elf_note *n = &im->notes[i];
        MUST(strlen(n->name) < sizeof n->name);
        for (uint32_t k = 0; k < n->descsz; k++)
            sum += n->desc[k]; /* inside the buffer: the sanitizer looks */
    }
    __asm__ volatile("" : : "r"(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int         fd = -1;
    struct image_error err;
    struct script      script;
    struct image       im;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
        return 0;
    if (script_parse(fd, &script, &err) > 0)
        MUST(script.interp[0] && strlen(script.interp) < SCRIPT_HEAD_MAX);
    if (image_read(fd, "fuzz", &im, &err)) {
        MUST(err.text[0] && !strchr(err.text, '\n') && err.host_errno);
        return 0;
    }
    check_image(&im);
    image_abi(&im, NULL, &err);
    image_free(&im);
    return 0;
}
