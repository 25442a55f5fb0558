# dragoman bench finds its Python beside the executable: tests/bench, by a link in the build tree.
$(BUILD)/bench:
	@mkdir -p $(BUILD)
	ln -sfn $(abspath tests/bench) $@

# What the host's own mechanisms cost: a program of the host, beside the workloads that run natively.
$(BUILD)/samples/linux/bench_floor: tests/bench/floor.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $<

samples: $(BUILD)/samples/linux/bench_floor

# Debian packages that `make bench` wants besides those of `make deps`: without them it measures less, and says so.
BENCH_DEPS := qemu-system-x86 e2fsprogs gnuplot-nox fonts-dejavu-core strace

bench-deps: deps
	-@mk/deps $(BENCH_DEPS)

.PHONY: bench-deps

# docs/performance.md from a full run's results: about three hours on two quiet cores, most of them the VM's.
PERFORMANCE_JSON ?= $(BUILD)/performance.json

$(PERFORMANCE_JSON):
	$(MAKE) bench-deps all samples esbuild
	$(BUILD)/dragoman bench --full --json=$@

performance: $(PERFORMANCE_JSON)
	$(BUILD)/dragoman bench --from=$< --markdown=docs/performance.md >$(BUILD)/performance.txt

.PHONY: performance
