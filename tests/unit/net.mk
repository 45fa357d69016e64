if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_http tests/unit/test_http_tls tests/unit/test_retry
TESTS += tests/unit/test_http tests/unit/test_http_tls tests/unit/test_retry

tests_unit_test_http_SOURCES = tests/unit/test_http.c tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_http_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_http_LDADD = $(NET_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_http_tls_SOURCES = tests/unit/test_http_tls.c tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_http_tls_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_http_tls_LDADD = $(NET_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_retry_SOURCES = tests/unit/test_retry.c
tests_unit_test_retry_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_retry_LDADD = $(NET_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
