PREFIX ?= /usr/local

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/dragoman
	install -m 755 $(BUILD)/dragoman $(DESTDIR)$(PREFIX)/bin/dragoman
	install -m 644 README.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/dragoman

.PHONY: install
