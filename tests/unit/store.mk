if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_store
TESTS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_LDADD = $(STORE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_localdir
TESTS += tests/unit/test_localdir
tests_unit_test_localdir_SOURCES = tests/unit/test_localdir.c
tests_unit_test_localdir_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_localdir_LDADD = $(STORE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_s3
TESTS += tests/unit/test_s3
tests_unit_test_s3_SOURCES = tests/unit/test_s3.c tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_s3_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_s3_LDADD = $(STORE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_s3_multi
TESTS += tests/unit/test_s3_multi
tests_unit_test_s3_multi_SOURCES = tests/unit/test_s3_multi.c tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_s3_multi_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_s3_multi_LDADD = $(STORE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_s3_ranges
TESTS += tests/unit/test_s3_ranges
tests_unit_test_s3_ranges_SOURCES = tests/unit/test_s3_ranges.c tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_s3_ranges_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_s3_ranges_LDADD = $(STORE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_s3_creds
TESTS += tests/unit/test_s3_creds
tests_unit_test_s3_creds_SOURCES = tests/unit/test_s3_creds.c tests/unit/http_rig.c tests/unit/http_rig.h \
	tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_s3_creds_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_s3_creds_LDADD = $(STORE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

# Needs a server: S3_TEST_URL names it (see the head of the file).
check_PROGRAMS += tests/live/test_s3
tests_live_test_s3_SOURCES = tests/live/test_s3.c
tests_live_test_s3_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_live_test_s3_LDADD = $(STORE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
