# Debian packages that building and testing need: installed only when missing.
DEPS := gcc make libc6-dev musl-dev libelf-dev zlib1g-dev libffi-dev libcmocka-dev libzydis-dev clang libclang-rt-14-dev clang-format clang-tidy cppcheck \
	golang-1.19-go python3 tzdata util-linux procps

deps:
	@mk/deps $(DEPS)

.PHONY: deps
