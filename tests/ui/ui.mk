# Golden screens of the UI. What needs a terminal is in the live suite ui.
check_PROGRAMS += tests/ui/golden tests/ui/pages
TESTS += tests/ui/golden
tests_ui_golden_SOURCES = tests/ui/golden.c
tests_ui_golden_LDADD = src/cli/libcli.a $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS)

# make golden: takes what is drawn now for right; look at the difference before committing it.
golden: tests/ui/golden$(EXEEXT)
	srcdir=$(srcdir) tests/ui/golden$(EXEEXT) --update
.PHONY: golden

tests_ui_pages_SOURCES = tests/ui/pages.c
tests_ui_pages_LDADD = $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS)

# make pages: the parts of the manual that come from tables.
pages: tests/ui/pages$(EXEEXT)
	srcdir=$(srcdir) $(srcdir)/tests/lint/check-pages --update
.PHONY: pages
