if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_chain tests/unit/test_kind_rules tests/unit/test_scrub tests/unit/test_select
TESTS += tests/unit/test_chain tests/unit/test_kind_rules tests/unit/test_scrub tests/unit/test_select

tests_unit_test_chain_SOURCES = tests/unit/test_chain.c
tests_unit_test_chain_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_chain_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_kind_rules_SOURCES = tests/unit/test_kind_rules.c
tests_unit_test_kind_rules_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kind_rules_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_scrub_SOURCES = tests/unit/test_scrub.c
tests_unit_test_scrub_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_scrub_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_select_SOURCES = tests/unit/test_select.c
tests_unit_test_select_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_select_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
