# Dragoman.  A new .c file under loader/, syscalls/, abi/ or compat/ needs no edit here.
BUILD   ?= build
ifeq ($(origin CC),default)
CC      := gcc
endif
CFLAGS  ?= -O2 -g
VERSION := 0.1.0
WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
ALL_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS) -I. -I$(BUILD) -D_GNU_SOURCE -DDRAGOMAN_VERSION='"$(VERSION)"' -fno-strict-aliasing -pthread -MMD -MP
LIBS    := -lelf -lz -lffi -pthread

# The gate is freestanding and is built apart (loader/gate/).
SRC := $(wildcard loader/*.c syscalls/*.c abi/*.c abi/*/*.c compat/*.c)
ASM := $(wildcard loader/*.S)
OBJ := $(SRC:%.c=$(BUILD)/%.o) $(ASM:%.S=$(BUILD)/%.o)

# The provider is one static file at a fixed address, with musl: glibc asks the CPU for its caches at every start, by
# some eighty instructions that leave a virtual machine (half a millisecond where that costs 6 us each), and a dynamic
# linker would look for files and relocate tables.  What musl has no header of (linux/, sys/queue.h, the libraries') is the
# host's.  Zydis, a shared library only, is mapped at its first use (loader/library.c).  OBJ is for the unit tests, which
# cmocka and the sanitizers want with glibc.
MUSL          := /usr/lib/x86_64-linux-musl
MUSL_CFLAGS    = -nostdinc -isystem /usr/include/x86_64-linux-musl -isystem $(shell $(CC) -print-file-name=include) \
	-idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -fno-pie
PROVIDER_OBJ  := $(SRC:%.c=$(BUILD)/provider/%.o) $(ASM:%.S=$(BUILD)/%.o)
MUSL_LINK      = $(CC) $(CFLAGS) $(LDFLAGS) -nostdlib -static -Wl,-z,stack-size=1048576 $(MUSL)/crt1.o $(MUSL)/crti.o
MUSL_END       = $(MUSL)/libc.a $(shell $(CC) -print-libgcc-file-name) $(MUSL)/libc.a $(MUSL)/crtn.o

all: $(BUILD)/dragoman $(BUILD)/bench

$(BUILD)/dragoman: $(PROVIDER_OBJ)
	$(MUSL_LINK) -o $@ $^ -lelf -lz -lffi $(MUSL_END)

$(BUILD)/provider/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(MUSL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# ---- gate: one freestanding blob, linked at its fixed address, embedded in the provider
GATE_CFLAGS := -std=gnu11 $(WARN) -O2 -g -I. -D_GNU_SOURCE -ffreestanding -fbuiltin -fpie -mgeneral-regs-only -mno-red-zone \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing \
	$(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns) -ffunction-sections -fdata-sections -DDRAGOMAN_GATE -include loader/gate/hidden.h -MMD -MP
# Optimised as one, since a call costs as much as what most handlers do.  clang's form of it wants another linker.
ifneq (,$(findstring gcc,$(CC)))
GATE_LTO := -flto -flto-partition=one -Wno-lto-type-mismatch
endif
# Handlers that run in the gate as well, from the same source.
GATE_SHARED := loader/bytes.c syscalls/args.c syscalls/structs.c syscalls/fd.c syscalls/fdlimit.c syscalls/fdtable.c syscalls/ofile.c syscalls/shlock.c \
	syscalls/file_rw.c syscalls/file_open.c syscalls/stat.c syscalls/name.c syscalls/attr.c syscalls/dir.c syscalls/vnode.c syscalls/fcntl.c syscalls/groups_get.c syscalls/pipe.c abi/flags.c abi/layout.c \
	abi/freebsd/flags.c abi/freebsd/layouts.c abi/freebsd/errno.c
GATE_OBJ := $(patsubst %,$(BUILD)/%.o,$(wildcard loader/gate/*.c loader/gate/*.S)) $(patsubst %,$(BUILD)/gate/%.o,$(GATE_SHARED))

$(BUILD)/loader/gate/%.c.o: loader/gate/%.c
	@mkdir -p $(@D)
	$(CC) $(GATE_CFLAGS) $(GATE_LTO) -c -o $@ $<

$(BUILD)/loader/gate/%.S.o: loader/gate/%.S
	@mkdir -p $(@D)
	$(CC) $(filter-out -include loader/gate/hidden.h,$(GATE_CFLAGS)) -c -o $@ $<

$(BUILD)/gate/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(GATE_CFLAGS) $(GATE_LTO) -c -o $@ $<

# The same with counters and stamps (loader/gate/measure.h), for `dragoman stat`: a gate of its own, so that this one has none.
GATE_MEASURED_OBJ := $(GATE_OBJ:$(BUILD)/%=$(BUILD)/measured/%)

$(BUILD)/measured/loader/gate/%.c.o: loader/gate/%.c
	@mkdir -p $(@D)
	$(CC) $(GATE_CFLAGS) $(GATE_LTO) -DGATE_MEASURED -c -o $@ $<

$(BUILD)/measured/gate/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(GATE_CFLAGS) $(GATE_LTO) -DGATE_MEASURED -c -o $@ $<

$(BUILD)/measured/loader/gate/%.S.o: loader/gate/%.S
	@mkdir -p $(@D)
	$(CC) $(filter-out -include loader/gate/hidden.h,$(GATE_CFLAGS)) -c -o $@ $<

GATE_LINK = $(CC) $(if $(GATE_LTO),$(GATE_CFLAGS) $(GATE_LTO)) -nostdlib -static -Wl,--gc-sections -Wl,--strip-debug -Wl,-T,loader/gate/gate.ld -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -o $@

$(BUILD)/gate.elf: $(GATE_OBJ) loader/gate/gate.ld
	$(GATE_LINK) $(GATE_OBJ)

$(BUILD)/gate-measured.elf: $(GATE_MEASURED_OBJ) loader/gate/gate.ld
	$(GATE_LINK) $(GATE_MEASURED_OBJ)

$(BUILD)/loader/gate_blob.o: $(BUILD)/gate.elf $(BUILD)/gate-measured.elf

# Samples, tests, packages and the rest: one file a subject.
include $(wildcard mk/*.mk)

# What people call; the parts are in mk/.
check: deps check-build
	tests/run --build=$(BUILD)

check-long: deps check-build
	tests/run --build=$(BUILD) --long
	tests/run --build=$(BUILD) --no-rewrite

demo: deps all samples
	tests/demo $(BUILD)

bench: bench-deps all samples esbuild
	$(BUILD)/dragoman bench --quick --json=$(BUILD)/bench.json --csv=$(BUILD)/bench.csv --html=$(BUILD)/bench.html >$(BUILD)/bench.txt
	tests/bench/run --build=$(BUILD) --rounds=7 >>$(BUILD)/bench.txt
	@cat $(BUILD)/bench.txt

clean:
	rm -rf $(BUILD)

-include $(OBJ:.o=.d) $(PROVIDER_OBJ:.o=.d) $(GATE_OBJ:.o=.d) $(GATE_MEASURED_OBJ:.o=.d)

.PHONY: all check check-long demo bench clean
