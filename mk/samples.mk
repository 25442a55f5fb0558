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

# Dynamic FreeBSD programs, libraries and an interpreter of our own, laid out as a base system is (--sysroot).
DYN_DIR     := $(BUILD)/samples/dyn
DYN_OBJ     := $(BUILD)/samples/obj-dyn/samples
DYN_CFLAGS  := $(filter-out -fno-pic -fno-pie,$(SAMPLE_CFLAGS)) -fPIC -DGUEST_FREEBSD
DYN_LDFLAGS := -nostdlib -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--hash-style=sysv
DYN_PROGS   := $(addprefix $(DYN_DIR)/bin/,prog ldd real)
DYN_LIBS    := $(addprefix $(DYN_DIR)/lib/,libsample.so libplug.so)
DYN         := $(DYN_DIR)/libexec/ld-elf.so.1 $(DYN_DIR)/libexec/libplug.so $(DYN_LIBS) $(DYN_PROGS)
DYN_PRINT   := $(DYN_OBJ)/lib/print.c.o $(DYN_OBJ)/lib/string.c.o
DYN_RTLD    := $(patsubst %,$(BUILD)/samples/obj-dyn/%.o,$(wildcard samples/dyn/rtld*.c))
DYN_BRAND    = printf '$(BRAND_freebsd)' | dd of=$@.tmp bs=1 seek=7 conv=notrunc status=none && mv $@.tmp $@

$(BUILD)/samples/obj-dyn/%.o: %
	@mkdir -p $(@D)
	$(CC) $(DYN_CFLAGS) -c -o $@ $<
$(DYN_DIR)/libexec/ld-elf.so.1: $(DYN_RTLD) $(DYN_PRINT)
	@mkdir -p $(@D)
	$(CC) $(DYN_LDFLAGS) -shared -Wl,-Bsymbolic -Wl,-e,rtld_start -o $@.tmp $^
	@$(DYN_BRAND)
$(DYN_DIR)/lib/libsample.so: $(DYN_OBJ)/dyn/lib.c.o
	@mkdir -p $(@D)
	$(CC) $(DYN_LDFLAGS) -shared -Wl,-soname,$(@F) -o $@.tmp $^
	@$(DYN_BRAND)
$(DYN_DIR)/lib/libplug.so: $(DYN_OBJ)/dyn/plug.c.o $(DYN_DIR)/lib/libsample.so
	$(CC) $(DYN_LDFLAGS) -shared -Wl,-soname,$(@F) -o $@.tmp $^
	@$(DYN_BRAND)
# A directory that is open is the host's where both have it: here is one that only a FreeBSD tree has.
$(DYN_DIR)/libexec/libplug.so: $(DYN_DIR)/lib/libplug.so $(DYN_DIR)/libexec/ld-elf.so.1
	cp $< $@
$(DYN_PROGS): $(DYN_DIR)/bin/%: $(DYN_OBJ)/dyn/%.c.o $(DYN_OBJ)/dyn/start.S.o $(DYN_PRINT) $(DYN_DIR)/lib/libsample.so
	@mkdir -p $(@D)
	$(CC) $(DYN_LDFLAGS) -pie -Wl,-e,prog_start -Wl,--dynamic-linker=/libexec/ld-elf.so.1 -o $@.tmp $^
	@$(DYN_BRAND)
-include $(wildcard $(DYN_OBJ)/*/*.d)

samples: $(SAMPLES) $(DYN)

.PHONY: samples
