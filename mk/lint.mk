# make lint: clang-format over all C, clang-tidy and cppcheck over the provider's source, scripts by their own
# interpreters, and a few rules of the house.  make format lays out anew what is not as .clang-format says.
LINT_SRC  := $(SRC) $(wildcard loader/gate/*.c)
TIDY_ARGS := -std=gnu11 -I. -D_GNU_SOURCE -DDRAGOMAN_VERSION='"$(VERSION)"' -Wno-unknown-warning-option
LINT_OK   := $(LINT_SRC:%=$(BUILD)/lint/%.ok)
# Which headers a file takes in is the compiler's to know; a change of any has all files read again.
LINT_HDR  := $(wildcard $(addsuffix /*.h,loader loader/gate syscalls abi abi/* compat)) $(wildcard abi/*/*.tbl syscalls/*.tbl compat/*.tbl)

$(BUILD)/lint/%.c.ok: %.c .clang-tidy $(LINT_HDR)
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(TIDY_ARGS) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

lint-tidy: $(LINT_OK)

lint-cppcheck:
	@mkdir -p $(BUILD)/lint/cppcheck
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=mk/cppcheck.txt --include=/usr/include/x86_64-linux-gnu/sys/queue.h --cppcheck-build-dir=$(BUILD)/lint/cppcheck -I. -D_GNU_SOURCE -D__x86_64__ \
		$(LINT_SRC)

FORMATTED = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

lint-format:
	@test -z "$(FORMATTED)" || clang-format --dry-run -Werror $(FORMATTED)

format:
	clang-format -i $(FORMATTED)

lint-house:
	@tests/lint/house

lint: deps
	@$(MAKE) -s -k lint-format lint-tidy lint-cppcheck lint-house
	@echo "lint: clean"

.PHONY: lint lint-format lint-tidy lint-cppcheck lint-house format
