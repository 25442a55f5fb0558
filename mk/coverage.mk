# docs/coverage.md is printed from the rows; check-coverage fails when it is not what the rows say.
coverage: all
	@mkdir -p docs
	$(BUILD)/dragoman coverage > docs/coverage.md

check-coverage: all
	@$(BUILD)/dragoman coverage | diff -u docs/coverage.md - || { echo 'docs/coverage.md is not current: make coverage'; false; }

.PHONY: coverage check-coverage
