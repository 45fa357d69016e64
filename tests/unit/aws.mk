if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_creds
TESTS += tests/unit/test_creds
tests_unit_test_creds_SOURCES = tests/unit/test_creds.c tests/unit/http_rig.c tests/unit/http_rig.h \
	tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_creds_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_creds_LDADD = $(AWS_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_profile
TESTS += tests/unit/test_profile
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c
tests_unit_test_profile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_profile_LDADD = $(AWS_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_sigv4
TESTS += tests/unit/test_sigv4
tests_unit_test_sigv4_SOURCES = tests/unit/test_sigv4.c
tests_unit_test_sigv4_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sigv4_LDADD = $(AWS_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
