if HAVE_CMOCKA
check_PROGRAMS += \
	tests/unit/test_crc tests/unit/test_gzip tests/unit/test_jdiff tests/unit/test_jdoc tests/unit/test_jedit tests/unit/test_jequal tests/unit/test_jlist \
	tests/unit/test_jpatch tests/unit/test_jscan tests/unit/test_jwrite tests/unit/test_xml tests/unit/test_yaml
TESTS += \
	tests/unit/test_crc tests/unit/test_gzip tests/unit/test_jdiff tests/unit/test_jdoc tests/unit/test_jedit tests/unit/test_jequal tests/unit/test_jlist \
	tests/unit/test_jpatch tests/unit/test_jscan tests/unit/test_jwrite tests/unit/test_xml tests/unit/test_yaml

tests_unit_test_crc_SOURCES = tests/unit/test_crc.c
tests_unit_test_crc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_crc_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_gzip_SOURCES = tests/unit/test_gzip.c
tests_unit_test_gzip_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_gzip_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jdiff_SOURCES = tests/unit/test_jdiff.c
tests_unit_test_jdiff_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jdiff_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jdoc_SOURCES = tests/unit/test_jdoc.c
tests_unit_test_jdoc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jdoc_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jedit_SOURCES = tests/unit/test_jedit.c
tests_unit_test_jedit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jedit_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jequal_SOURCES = tests/unit/test_jequal.c
tests_unit_test_jequal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jequal_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jlist_SOURCES = tests/unit/test_jlist.c
tests_unit_test_jlist_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jlist_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jpatch_SOURCES = tests/unit/test_jpatch.c
tests_unit_test_jpatch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jpatch_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jscan_SOURCES = tests/unit/test_jscan.c
tests_unit_test_jscan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jscan_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_jwrite_SOURCES = tests/unit/test_jwrite.c
tests_unit_test_jwrite_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_jwrite_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_xml_SOURCES = tests/unit/test_xml.c
tests_unit_test_xml_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_xml_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_yaml_SOURCES = tests/unit/test_yaml.c
tests_unit_test_yaml_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_yaml_LDADD = $(DATA_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
