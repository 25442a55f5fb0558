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

samples: $(SAMPLES)

.PHONY: samples
