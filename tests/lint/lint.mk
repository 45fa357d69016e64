# Checks of the sources themselves; CC and LINT_CPPFLAGS reach those that compile.
AM_TESTS_ENVIRONMENT = \
	CC='$(CC)'; export CC; \
	LINT_CPPFLAGS='$(DEPS_CFLAGS) $(ISAL_CFLAGS) $(ZLIB_CFLAGS) $(CURSES_CFLAGS) $(CPPFLAGS)'; export LINT_CPPFLAGS;

TESTS += \
	tests/lint/check-banned \
	tests/lint/check-checks \
	tests/lint/check-headers \
	tests/lint/check-layers \
	tests/lint/check-man \
	tests/lint/check-pages \
	tests/lint/check-sizes
