PREFIX ?= /usr/local

LIBEXEC := $(DESTDIR)$(PREFIX)/libexec/dragoman

install: all samples
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/dragoman
	install -m 755 $(BUILD)/dragoman $(DESTDIR)$(PREFIX)/bin/dragoman
	install -m 644 README.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/dragoman
	install -d $(LIBEXEC)/bench/bench $(LIBEXEC)/bench/vm $(SAMPLE_OSES:%=$(LIBEXEC)/samples/%)
	install -m 644 tests/bench/__main__.py tests/bench/performance.md $(LIBEXEC)/bench
	install -m 644 $(wildcard tests/bench/bench/*.py) $(LIBEXEC)/bench/bench
	install -m 755 $(wildcard tests/bench/vm/*) $(LIBEXEC)/bench/vm
	$(foreach os,$(SAMPLE_OSES),install -m 755 $(wildcard $(BUILD)/samples/$(os)/bench_*) $(LIBEXEC)/samples/$(os) &&) true

.PHONY: install
