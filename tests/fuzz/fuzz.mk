# A fuzzer NAME is tests/fuzz/fuzz_NAME.c; its seeds and everything it ever found are in tests/fuzz/corpus/NAME/.
# With --enable-fuzzing they are libFuzzer programs: tests/fuzz/fuzz_jscan DIR tests/fuzz/corpus/jscan
# In any case `make check` replays the corpora.
if FUZZING
FUZZ_MAIN =
else
FUZZ_MAIN = tests/fuzz/replay_main.c
endif

FUZZ_FUZZERS = \
	tests/fuzz/fuzz_convert \
	tests/fuzz/fuzz_exec \
	tests/fuzz/fuzz_gunzip \
	tests/fuzz/fuzz_index \
	tests/fuzz/fuzz_jdiff \
	tests/fuzz/fuzz_jedit \
	tests/fuzz/fuzz_jscan \
	tests/fuzz/fuzz_kubeconfig \
	tests/fuzz/fuzz_modifiers \
	tests/fuzz/fuzz_names \
	tests/fuzz/fuzz_plan \
	tests/fuzz/fuzz_project \
	tests/fuzz/fuzz_selector \
	tests/fuzz/fuzz_tar \
	tests/fuzz/fuzz_vbackup \
	tests/fuzz/fuzz_xml \
	tests/fuzz/fuzz_yaml

check_PROGRAMS += $(FUZZ_FUZZERS)
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/replay.sh tests/fuzz/run.sh tests/fuzz/corpus

tests_fuzz_fuzz_convert_SOURCES = tests/fuzz/fuzz_convert.c $(FUZZ_MAIN)
tests_fuzz_fuzz_convert_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_convert_LDADD = $(ENGINE_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_gunzip_SOURCES = tests/fuzz/fuzz_gunzip.c $(FUZZ_MAIN)
tests_fuzz_fuzz_gunzip_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_gunzip_LDADD = $(DATA_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_jdiff_SOURCES = tests/fuzz/fuzz_jdiff.c $(FUZZ_MAIN)
tests_fuzz_fuzz_jdiff_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_jdiff_LDADD = $(DATA_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_jedit_SOURCES = tests/fuzz/fuzz_jedit.c $(FUZZ_MAIN)
tests_fuzz_fuzz_jedit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_jedit_LDADD = $(DATA_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_exec_SOURCES = tests/fuzz/fuzz_exec.c $(FUZZ_MAIN)
tests_fuzz_fuzz_exec_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_exec_LDADD = $(K8S_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_jscan_SOURCES = tests/fuzz/fuzz_jscan.c $(FUZZ_MAIN)
tests_fuzz_fuzz_jscan_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_jscan_LDADD = $(DATA_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_kubeconfig_SOURCES = tests/fuzz/fuzz_kubeconfig.c $(FUZZ_MAIN)
tests_fuzz_fuzz_kubeconfig_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_kubeconfig_LDADD = $(K8S_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_modifiers_SOURCES = tests/fuzz/fuzz_modifiers.c $(FUZZ_MAIN)
tests_fuzz_fuzz_modifiers_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_modifiers_LDADD = $(ENGINE_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_project_SOURCES = tests/fuzz/fuzz_project.c $(FUZZ_MAIN)
tests_fuzz_fuzz_project_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_project_LDADD = $(APP_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_xml_SOURCES = tests/fuzz/fuzz_xml.c $(FUZZ_MAIN)
tests_fuzz_fuzz_xml_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_xml_LDADD = $(DATA_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c $(FUZZ_MAIN)
tests_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_yaml_LDADD = $(DATA_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_index_SOURCES = tests/fuzz/fuzz_index.c $(FUZZ_MAIN)
tests_fuzz_fuzz_index_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_index_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz_tar.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tar_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_tar_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_vbackup_SOURCES = tests/fuzz/fuzz_vbackup.c $(FUZZ_MAIN)
tests_fuzz_fuzz_vbackup_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_vbackup_LDADD = $(ARCHIVE_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_names_SOURCES = tests/fuzz/fuzz_names.c $(FUZZ_MAIN)
tests_fuzz_fuzz_names_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_names_LDADD = src/archive/libarchive_.a $(K8S_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_selector_SOURCES = tests/fuzz/fuzz_selector.c $(FUZZ_MAIN)
tests_fuzz_fuzz_selector_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_selector_LDADD = $(K8S_LIBS) $(EXT_LIBS)

tests_fuzz_fuzz_plan_SOURCES = tests/fuzz/fuzz_plan.c $(FUZZ_MAIN)
tests_fuzz_fuzz_plan_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_plan_LDADD = $(ENGINE_LIBS) $(EXT_LIBS)
