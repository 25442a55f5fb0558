# Tests.  tests/unit/DIR/NAME_test.c mirrors DIR/NAME.c and becomes a program; tests/tools/NAME.c are helpers of the
# whole-program tests.  A new file edits no list.
LIB_OBJ    := $(filter-out $(BUILD)/loader/main.o $(BUILD)/loader/bytes.o,$(OBJ)) # the sanitizers bring their own memcpy
UNIT_SRC   := $(wildcard tests/unit/*/*_test.c tests/unit/*/*/*_test.c)
UNIT_HELP  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/*.c))
UNIT_TESTS := $(UNIT_SRC:%.c=$(BUILD)/%)
TOOLS      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
SAN_CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

$(BUILD)/lib.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# The fake of syscalls/call.h comes first and wins over the provider's own; all objects are there, also for weak names.
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(UNIT_HELP) $(BUILD)/lib.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(UNIT_HELP) -Wl,--allow-multiple-definition \
		-Wl,--whole-archive $(BUILD)/lib.a -Wl,--no-whole-archive -lcmocka $(LIBS)

$(BUILD)/tests/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $<

unit-tests: $(UNIT_TESTS)
test-tools: $(TOOLS)

unit-san:
	$(MAKE) BUILD=$(BUILD)/san CC=clang CFLAGS='$(SAN_CFLAGS)' unit-tests

# Both compilers build everything, the gate included.
other-compiler:
	$(MAKE) BUILD=$(BUILD)/other CC=$(if $(findstring clang,$(CC)),gcc,clang) all samples

check-build: all samples test-tools go-programs esbuild objects unit-tests unit-san other-compiler

-include $(UNIT_SRC:%.c=$(BUILD)/%.d) $(UNIT_HELP:.o=.d)

.PHONY: unit-tests test-tools unit-san other-compiler check-build
