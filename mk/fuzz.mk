# Fuzzers: tests/fuzz/NAME_fuzz.c becomes build/fuzz/NAME_fuzz, a libFuzzer program by clang over the sources below
# (compiled again, with sanitizers).  make fuzz runs each for FUZZ_SECONDS; a crash leaves its input in build/fuzz.
FUZZ_SECONDS ?= 20
FUZZ_SRC     := $(wildcard tests/fuzz/*_fuzz.c)
FUZZERS      := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
FUZZ_CFLAGS  := -std=gnu11 $(WARN) -O1 -g -I. -D_GNU_SOURCE -fno-strict-aliasing -pthread \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_OF_elf_fuzz := loader/elf.c loader/image.c loader/sniff.c loader/script.c abi/registry.c tests/fuzz/no_abi.c

.SECONDEXPANSION:
$(BUILD)/fuzz/%_fuzz: tests/fuzz/%_fuzz.c $$(FUZZ_OF_$$*_fuzz) loader/image.h abi/abi.h
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^) -lelf

$(BUILD)/fuzz/seeds: tests/fuzz/seeds.c tests/unit/loader/elf_builder.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -I. -D_GNU_SOURCE -o $@ $<

fuzz: $(FUZZERS) $(BUILD)/fuzz/seeds
	@set -e; for f in $(notdir $(FUZZERS)); do \
		mkdir -p $(BUILD)/fuzz/$$f.corpus; $(BUILD)/fuzz/seeds $(BUILD)/fuzz/$$f.corpus; \
		$(BUILD)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$$f.corpus; \
	done

check-long: fuzz

.PHONY: fuzz
