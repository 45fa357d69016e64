if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_canvas tests/unit/test_table tests/unit/test_keys tests/unit/test_theme tests/unit/test_themes \
	tests/unit/test_model tests/unit/test_wizards tests/unit/test_ui_places tests/unit/test_ui_browse
TESTS += tests/unit/test_canvas tests/unit/test_table tests/unit/test_keys tests/unit/test_theme tests/unit/test_themes \
	tests/unit/test_model tests/unit/test_wizards tests/unit/test_ui_places tests/unit/test_ui_browse

tests_unit_test_canvas_SOURCES = tests/unit/test_canvas.c
tests_unit_test_canvas_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_canvas_LDADD = $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_table_SOURCES = tests/unit/test_table.c
tests_unit_test_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_table_LDADD = $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_keys_SOURCES = tests/unit/test_keys.c
tests_unit_test_keys_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_keys_LDADD = $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_theme_SOURCES = tests/unit/test_theme.c
tests_unit_test_theme_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_theme_LDADD = $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_model_SOURCES = tests/unit/test_model.c
tests_unit_test_model_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_LDADD = src/cli/libcli.a $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ui_places_SOURCES = tests/unit/test_ui_places.c
tests_unit_test_ui_places_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ui_places_LDADD = src/cli/libcli.a $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ui_browse_SOURCES = tests/unit/test_ui_browse.c
tests_unit_test_ui_browse_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ui_browse_LDADD = src/cli/libcli.a $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)

tests_unit_test_themes_SOURCES = tests/unit/test_themes.c
tests_unit_test_themes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_themes_LDADD = $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS) -lm

tests_unit_test_wizards_SOURCES = tests/unit/test_wizards.c
tests_unit_test_wizards_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_wizards_LDADD = src/cli/libcli.a $(UI_LIBS) $(EXT_LIBS) $(CURSES_LIBS) $(CMOCKA_LIBS)
endif
