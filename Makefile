# Dragoman.  A new .c file under loader/, syscalls/, abi/ or compat/ needs no edit here.
BUILD   ?= build
ifeq ($(origin CC),default)
CC      := gcc
endif
CFLAGS  ?= -O2 -g
VERSION := 0.1.0
WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
ALL_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS) -I. -I$(BUILD) -D_GNU_SOURCE -DDRAGOMAN_VERSION='"$(VERSION)"' -fno-strict-aliasing -pthread -MMD -MP
LIBS    := -lelf -lffi -pthread

# The gate is freestanding and is built apart (loader/gate/).
SRC := $(wildcard loader/*.c syscalls/*.c abi/*.c abi/*/*.c compat/*.c)
ASM := $(wildcard loader/*.S)
OBJ := $(SRC:%.c=$(BUILD)/%.o) $(ASM:%.S=$(BUILD)/%.o)

all: $(BUILD)/dragoman

$(BUILD)/dragoman: $(OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# ---- gate: one freestanding blob, linked at its fixed address, embedded in the provider
GATE_CFLAGS := -std=gnu11 $(WARN) -O2 -g -I. -D_GNU_SOURCE -ffreestanding -fpie -mgeneral-regs-only -mno-red-zone \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing -MMD -MP
GATE_OBJ := $(patsubst %,$(BUILD)/%.o,$(wildcard loader/gate/*.c loader/gate/*.S))

$(BUILD)/loader/gate/%.c.o: loader/gate/%.c
	@mkdir -p $(@D)
	$(CC) $(GATE_CFLAGS) -c -o $@ $<

$(BUILD)/loader/gate/%.S.o: loader/gate/%.S
	@mkdir -p $(@D)
	$(CC) $(GATE_CFLAGS) -c -o $@ $<

$(BUILD)/gate.elf: $(GATE_OBJ) loader/gate/gate.ld
	$(CC) -nostdlib -static -Wl,-T,loader/gate/gate.ld -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -o $@ $(GATE_OBJ)

$(BUILD)/loader/gate_blob.o: $(BUILD)/gate.elf

# Samples, tests, packages and the rest: one file a subject.
include $(wildcard mk/*.mk)

clean:
	rm -rf $(BUILD)

-include $(OBJ:.o=.d) $(GATE_OBJ:.o=.d)

.PHONY: all clean
