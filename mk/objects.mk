# Shared objects of npm packages that were built for FreeBSD: the tests map and relocate them, none of their code runs.
OBJECTS := $(addprefix $(BUILD)/objects/,watcher.node rollup.freebsd-x64.node)

# PACKAGE and what npm calls its archive
define OBJECT_RULE
$(BUILD)/objects/$(1):
	@mkdir -p $$(@D)
	cd $$(@D) && npm pack --silent $(2) && tar -xzf $(3) --strip-components=1 package/$(1)
	touch $$@
endef
$(eval $(call OBJECT_RULE,watcher.node,@parcel/watcher-freebsd-x64@2.6.0,parcel-watcher-freebsd-x64-2.6.0.tgz))
$(eval $(call OBJECT_RULE,rollup.freebsd-x64.node,@rollup/rollup-freebsd-x64@4.68.8,rollup-rollup-freebsd-x64-4.68.8.tgz))

# Without a network the test that needs them says so and is skipped.
objects:
	-@$(MAKE) -s $(OBJECTS)

.PHONY: objects
