# Samples: samples/NAME.c becomes build/samples/OS/NAME for every OS below; a new file edits no list.
# One that is long has more of itself in samples/NAME/*.c.
# They are built by the host's own compiler, with no C library, and branded afterwards.
SAMPLE_OSES    := freebsd linux
SAMPLE_SRC     := $(wildcard samples/*.c)
SAMPLE_LIB     := $(wildcard samples/lib/*.c samples/lib/*.S)
SAMPLE_NAMES   := $(SAMPLE_SRC:samples/%.c=%)
SAMPLES        := $(foreach os,$(SAMPLE_OSES),$(SAMPLE_NAMES:%=$(BUILD)/samples/$(os)/%))
SAMPLE_CFLAGS  := -std=gnu11 $(WARN) -O2 -g -Isamples -ffreestanding -fno-stack-protector -fno-pic -fno-pie -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-strict-aliasing -MMD -MP
SAMPLE_LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack
ifneq (,$(findstring clang,$(CC)))
SAMPLE_CFLAGS  := $(filter-out -fno-tree-loop-distribute-patterns,$(SAMPLE_CFLAGS)) -fno-builtin
endif
# EI_OSABI, byte 7 of the file: what the foreign tool chain's linker writes (Linux leaves 0).
BRAND_freebsd  := \011
BRAND_linux    := \000

define SAMPLE_RULES
SAMPLE_OBJ_$(1) := $$(patsubst %,$(BUILD)/samples/obj-$(1)/%.o,$$(SAMPLE_LIB))
$(BUILD)/samples/obj-$(1)/%.o: %
	@mkdir -p $$(@D)
	$$(CC) $$(SAMPLE_CFLAGS) -DGUEST_$$(shell echo $(1) | tr a-z A-Z) -c -o $$@ $$<
$(BUILD)/samples/$(1)/%: $(BUILD)/samples/obj-$(1)/samples/%.c.o $$(SAMPLE_OBJ_$(1))
	@mkdir -p $$(@D)
	$$(CC) $$(SAMPLE_LDFLAGS) -o $$@.tmp $$^
	@printf '$$(BRAND_$(1))' | dd of=$$@.tmp bs=1 seek=7 conv=notrunc status=none
	@mv $$@.tmp $$@
$$(foreach n,$$(SAMPLE_NAMES),$$(eval $(BUILD)/samples/$(1)/$$(n): $$(patsubst %,$(BUILD)/samples/obj-$(1)/%.o,$$(wildcard samples/$$(n)/*.c))))
-include $$(wildcard $(BUILD)/samples/obj-$(1)/samples/*.d $(BUILD)/samples/obj-$(1)/samples/*/*.d)
endef
$(foreach os,$(SAMPLE_OSES),$(eval $(call SAMPLE_RULES,$(os))))
.SECONDARY:

# A dynamic FreeBSD program, its library and an interpreter of our own, laid out as a base system is (--sysroot).
DYN_DIR     := $(BUILD)/samples/dyn
DYN_CFLAGS  := $(filter-out -fno-pic -fno-pie,$(SAMPLE_CFLAGS)) -fPIC -DGUEST_FREEBSD
DYN_LDFLAGS := -nostdlib -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--hash-style=sysv
DYN         := $(DYN_DIR)/libexec/ld-elf.so.1 $(DYN_DIR)/lib/libsample.so $(DYN_DIR)/bin/prog
DYN_PRINT   := $(BUILD)/samples/obj-dyn/samples/lib/print.c.o $(BUILD)/samples/obj-dyn/samples/lib/string.c.o

$(BUILD)/samples/obj-dyn/%.o: %
	@mkdir -p $(@D)
	$(CC) $(DYN_CFLAGS) -c -o $@ $<
$(DYN_DIR)/libexec/ld-elf.so.1: $(BUILD)/samples/obj-dyn/samples/dyn/rtld.c.o $(DYN_PRINT)
	@mkdir -p $(@D)
	$(CC) $(DYN_LDFLAGS) -shared -Wl,-Bsymbolic -Wl,-e,rtld_start -o $@ $^
	@printf '$(BRAND_freebsd)' | dd of=$@ bs=1 seek=7 conv=notrunc status=none
$(DYN_DIR)/lib/libsample.so: $(BUILD)/samples/obj-dyn/samples/dyn/lib.c.o
	@mkdir -p $(@D)
	$(CC) $(DYN_LDFLAGS) -shared -Wl,-soname,libsample.so -o $@ $^
	@printf '$(BRAND_freebsd)' | dd of=$@ bs=1 seek=7 conv=notrunc status=none
$(DYN_DIR)/bin/prog: $(BUILD)/samples/obj-dyn/samples/dyn/prog.c.o $(DYN_PRINT) $(DYN_DIR)/lib/libsample.so
	@mkdir -p $(@D)
	$(CC) $(DYN_LDFLAGS) -pie -Wl,-e,prog_start -Wl,--dynamic-linker=/libexec/ld-elf.so.1 -o $@.tmp $^
	@printf '$(BRAND_freebsd)' | dd of=$@.tmp bs=1 seek=7 conv=notrunc status=none
	@mv $@.tmp $@
-include $(wildcard $(BUILD)/samples/obj-dyn/samples/*/*.d)

samples: $(SAMPLES) $(DYN)

.PHONY: samples
