if HAVE_CMOCKA
engine_tests = tests/unit/test_backup tests/unit/test_cache tests/unit/test_catalog tests/unit/test_chain tests/unit/test_change tests/unit/test_convert tests/unit/test_kind_rules tests/unit/test_maps tests/unit/test_reader \
	tests/unit/test_dropped tests/unit/test_needs tests/unit/test_policy tests/unit/test_pace tests/unit/test_podsec tests/unit/test_report tests/unit/test_restore tests/unit/test_scrub tests/unit/test_select tests/unit/test_verify tests/unit/test_view
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)

stored_sources = tests/unit/stored.c tests/unit/stored.h

tests_unit_test_backup_SOURCES = tests/unit/test_backup.c tests/unit/finding.h tests/unit/api_docs.h $(stored_sources) $(FAKE_API)
tests_unit_test_backup_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_backup_LDADD = $(ENGINE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_cache_SOURCES = tests/unit/test_cache.c
tests_unit_test_cache_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cache_LDADD = $(ENGINE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_catalog_SOURCES = tests/unit/test_catalog.c $(stored_sources) tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_catalog_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_catalog_LDADD = $(ENGINE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_chain_SOURCES = tests/unit/test_chain.c
tests_unit_test_chain_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_chain_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_change_SOURCES = tests/unit/test_change.c
tests_unit_test_change_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_change_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_convert_SOURCES = tests/unit/test_convert.c
tests_unit_test_convert_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_convert_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_kind_rules_SOURCES = tests/unit/test_kind_rules.c
tests_unit_test_kind_rules_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_kind_rules_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_maps_SOURCES = tests/unit/test_maps.c
tests_unit_test_maps_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_maps_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_podsec_SOURCES = tests/unit/test_podsec.c
tests_unit_test_podsec_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_podsec_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_needs_SOURCES = tests/unit/test_needs.c
tests_unit_test_needs_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_needs_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

engine_tests += tests/unit/test_history
tests_unit_test_history_SOURCES = tests/unit/test_history.c tests/unit/finding.h $(stored_sources)
tests_unit_test_history_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_history_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

engine_tests += tests/unit/test_pick
tests_unit_test_pick_SOURCES = tests/unit/test_pick.c
tests_unit_test_pick_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pick_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_hooks
TESTS += tests/unit/test_hooks
tests_unit_test_hooks_SOURCES = tests/unit/test_hooks.c
tests_unit_test_hooks_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hooks_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_policy_SOURCES = tests/unit/test_policy.c
tests_unit_test_policy_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_policy_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_reader_SOURCES = tests/unit/test_reader.c $(stored_sources)
tests_unit_test_reader_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reader_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_pace_SOURCES = tests/unit/test_pace.c
tests_unit_test_pace_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pace_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_report_SOURCES = tests/unit/test_report.c
tests_unit_test_report_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_report_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_restore_SOURCES = tests/unit/test_restore.c tests/unit/finding.h tests/unit/api_docs.h $(stored_sources) tests/unit/httpd.c tests/unit/httpd.h
tests_unit_test_restore_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_restore_LDADD = $(ENGINE_LIBS) -lssl $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_view_SOURCES = tests/unit/test_view.c
tests_unit_test_view_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_view_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_dropped_SOURCES = tests/unit/test_dropped.c
tests_unit_test_dropped_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dropped_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scrub_SOURCES = tests/unit/test_scrub.c
tests_unit_test_scrub_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_scrub_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_select_SOURCES = tests/unit/test_select.c
tests_unit_test_select_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_select_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_verify_SOURCES = tests/unit/test_verify.c $(stored_sources)
tests_unit_test_verify_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_verify_LDADD = $(ENGINE_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
