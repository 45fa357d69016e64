if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_args tests/unit/test_cli tests/unit/test_describe tests/unit/test_help tests/unit/test_output
TESTS += tests/unit/test_args tests/unit/test_cli tests/unit/test_describe tests/unit/test_help tests/unit/test_output

tests_unit_test_args_SOURCES = tests/unit/test_args.c
tests_unit_test_args_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_args_LDADD = $(CLI_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_cli_SOURCES = tests/unit/test_cli.c tests/unit/capture.c tests/unit/capture.h
tests_unit_test_cli_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cli_LDADD = $(CLI_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS) -lutil

tests_unit_test_describe_SOURCES = tests/unit/test_describe.c
tests_unit_test_describe_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_describe_LDADD = $(CLI_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_help_SOURCES = tests/unit/test_help.c tests/unit/capture.c tests/unit/capture.h
tests_unit_test_help_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_help_LDADD = $(CLI_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_output_SOURCES = tests/unit/test_output.c tests/unit/capture.c tests/unit/capture.h
tests_unit_test_output_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_output_LDADD = $(CLI_LIBS) $(EXT_LIBS) $(CMOCKA_LIBS)
endif
