if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_layout
TESTS += tests/unit/test_layout
tests_unit_test_layout_SOURCES = tests/unit/test_layout.c
tests_unit_test_layout_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_layout_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_index
TESTS += tests/unit/test_index
tests_unit_test_index_SOURCES = tests/unit/test_index.c
tests_unit_test_index_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_index_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_tarball
TESTS += tests/unit/test_tarball
tests_unit_test_tarball_SOURCES = tests/unit/test_tarball.c
tests_unit_test_tarball_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_tarball_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_vbackup
TESTS += tests/unit/test_vbackup
tests_unit_test_vbackup_SOURCES = tests/unit/test_vbackup.c
tests_unit_test_vbackup_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_vbackup_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
