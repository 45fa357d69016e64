if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_http tests/unit/test_http_tls tests/unit/test_http_window tests/unit/test_retry
TESTS += tests/unit/test_http tests/unit/test_http_tls tests/unit/test_http_window tests/unit/test_retry

http_rig_sources = tests/unit/http_rig.c tests/unit/http_rig.h tests/unit/httpd.c tests/unit/httpd.h

tests_unit_test_http_SOURCES = tests/unit/test_http.c $(http_rig_sources)
tests_unit_test_http_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_http_LDADD = $(NET_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_http_tls_SOURCES = tests/unit/test_http_tls.c $(http_rig_sources)
tests_unit_test_http_tls_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_http_tls_LDADD = $(NET_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_http_window_SOURCES = tests/unit/test_http_window.c $(http_rig_sources)
tests_unit_test_http_window_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_http_window_LDADD = $(NET_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_retry_SOURCES = tests/unit/test_retry.c
tests_unit_test_retry_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_retry_LDADD = $(NET_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
