# Programs and test binaries by Debian's Go: tests/go/NAME.go becomes build/go/OS/NAME, and the tests of the standard
# packages below build/go/OS/PACKAGE.test, with / written as -.
GO          ?= $(firstword $(wildcard /usr/lib/go-1.19/bin/go) go)
GO_OSES     := freebsd linux
GO_PACKAGES := sync time bufio compress-gzip path-filepath os-signal os io-fs io-ioutil internal-poll archive-tar archive-zip embed-internal-embedtest \
	os-exec syscall runtime net net-http
GO_SRC      := $(wildcard tests/go/*.go)
GO_BIN      := $(foreach os,$(GO_OSES),$(GO_SRC:tests/go/%.go=$(BUILD)/go/$(os)/%) $(GO_PACKAGES:%=$(BUILD)/go/$(os)/%.test))
GO_ENV      := GOARCH=amd64 CGO_ENABLED=0 GO111MODULE=off GOFLAGS=-trimpath GOCACHE=$(abspath $(BUILD))/go/cache GOPATH=$(abspath $(BUILD))/go/path

define GO_RULES
$(BUILD)/go/$(1)/%.test:
	@mkdir -p $$(@D)
	GOOS=$(1) $$(GO_ENV) $$(GO) test -c -o $$@ $$(subst -,/,$$*)
$(BUILD)/go/$(1)/%: tests/go/%.go
	@mkdir -p $$(@D)
	GOOS=$(1) $$(GO_ENV) $$(GO) build -o $$@ $$<
endef
$(foreach os,$(GO_OSES),$(eval $(call GO_RULES,$(os))))

go-programs: $(GO_BIN)

.PHONY: go-programs
