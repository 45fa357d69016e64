if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_kubeconfig tests/unit/test_auth tests/unit/test_selector
TESTS += tests/unit/test_kubeconfig tests/unit/test_auth tests/unit/test_selector

tests_unit_test_kubeconfig_SOURCES = tests/unit/test_kubeconfig.c
tests_unit_test_kubeconfig_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kubeconfig_LDADD = $(K8S_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_auth_SOURCES = tests/unit/test_auth.c
tests_unit_test_auth_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_auth_LDADD = $(K8S_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_selector_SOURCES = tests/unit/test_selector.c
tests_unit_test_selector_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_selector_LDADD = $(K8S_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_quantity
TESTS += tests/unit/test_quantity
tests_unit_test_quantity_SOURCES = tests/unit/test_quantity.c
tests_unit_test_quantity_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_quantity_LDADD = $(K8S_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_client tests/unit/test_discovery tests/unit/test_list
TESTS += tests/unit/test_client tests/unit/test_discovery tests/unit/test_list
FAKE_API = tests/unit/fake_api.c tests/unit/fake_api.h tests/unit/httpd.c tests/unit/httpd.h

tests_unit_test_client_SOURCES = tests/unit/test_client.c $(FAKE_API)
tests_unit_test_client_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_client_LDADD = $(K8S_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_discovery_SOURCES = tests/unit/test_discovery.c $(FAKE_API)
tests_unit_test_discovery_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_discovery_LDADD = $(K8S_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_list_SOURCES = tests/unit/test_list.c $(FAKE_API)
tests_unit_test_list_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_list_LDADD = $(K8S_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_ws
TESTS += tests/unit/test_ws
tests_unit_test_ws_SOURCES = tests/unit/test_ws.c $(http_rig_sources)
tests_unit_test_ws_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ws_LDADD = $(K8S_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

# Needs a real API server, so it is built, but not run, by "make check".
check_PROGRAMS += tests/live/test_k8s
tests_live_test_k8s_SOURCES = tests/live/test_k8s.c
tests_live_test_k8s_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_live_test_k8s_LDADD = $(K8S_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
