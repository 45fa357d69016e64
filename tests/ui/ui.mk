# Golden screens of the UI. What needs a terminal is in the live suite ui.
check_PROGRAMS += tests/ui/golden
TESTS += tests/ui/golden
tests_ui_golden_SOURCES = tests/ui/golden.c
tests_ui_golden_LDADD = src/cli/libcli.a $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS)

# make golden: takes what is drawn now for right; look at the difference before committing it.
golden: tests/ui/golden$(EXEEXT)
	srcdir=$(srcdir) tests/ui/golden$(EXEEXT) --update
.PHONY: golden
