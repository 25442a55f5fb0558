# dragoman bench finds its Python beside the executable: tests/bench, by a link in the build tree.
$(BUILD)/bench:
	@mkdir -p $(BUILD)
	ln -sfn $(abspath tests/bench) $@

# What the host's own mechanisms cost: a program of the host, beside the workloads that run natively.
$(BUILD)/samples/linux/bench_floor: $(BUILD)/provider/tests/bench/floor.o
	@mkdir -p $(@D)
	$(MUSL_LINK) -o $@ $< $(MUSL_END)

samples: $(BUILD)/samples/linux/bench_floor

# Debian packages that `make bench` wants besides those of `make deps`: without them it measures less, and says so.
BENCH_DEPS := qemu-system-x86 e2fsprogs gnuplot-nox fonts-dejavu-core strace

bench-deps: deps
	-@mk/deps $(BENCH_DEPS)

.PHONY: bench-deps

# docs/performance.md from the results of a run of the default size, of half an hour (PERFORMANCE_ARGS=--full: hours).
# The results are kept: remove build/performance.json for new ones.
PERFORMANCE_JSON ?= $(BUILD)/performance.json
PERFORMANCE_ARGS ?=

PERFORMANCE_RUNS := $(PERFORMANCE_JSON) $(BUILD)/performance-2.json $(BUILD)/performance-3.json

$(PERFORMANCE_RUNS):
	$(MAKE) bench-deps all samples esbuild
	$(BUILD)/dragoman bench $(PERFORMANCE_ARGS) --json=$@ --html=$(@:json=html) >$(@:json=txt)

performance: $(PERFORMANCE_JSON)
	$(BUILD)/dragoman bench --from=$< --markdown=docs/performance.md >$(BUILD)/performance.txt

# Whether three runs agree within the intervals that they state.
performance-agree: $(PERFORMANCE_RUNS)
	$(BUILD)/dragoman bench --compare $^

.PHONY: performance performance-agree
