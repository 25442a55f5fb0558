# esbuild for FreeBSD and for Linux, at one version, from npm: the real program that the tests and benchmarks run.
ESBUILD_VERSION := 0.28.2
ESBUILD_BIN     := $(BUILD)/esbuild/freebsd/esbuild $(BUILD)/esbuild/linux/esbuild

$(BUILD)/esbuild/%/esbuild:
	@mkdir -p $(@D)
	cd $(@D) && npm pack --silent @esbuild/$*-x64@$(ESBUILD_VERSION) && tar -xzf esbuild-$*-x64-$(ESBUILD_VERSION).tgz --strip-components=2 package/bin/esbuild
	touch $@

# Without a network the tests that need it say so and are skipped.
esbuild:
	-@$(MAKE) -s $(ESBUILD_BIN)

.PHONY: esbuild
