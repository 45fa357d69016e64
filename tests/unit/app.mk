if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_backend tests/unit/test_journal tests/unit/test_project
TESTS += tests/unit/test_backend tests/unit/test_journal tests/unit/test_project

tests_unit_test_backend_SOURCES = tests/unit/test_backend.c $(stored_sources) tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_backend_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_backend_LDADD = $(APP_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_journal_SOURCES = tests/unit/test_journal.c
tests_unit_test_journal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_journal_LDADD = $(APP_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_project_SOURCES = tests/unit/test_project.c
tests_unit_test_project_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_project_LDADD = $(APP_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
