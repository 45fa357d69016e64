# make bench: backups, restores and slow links against their yardsticks, on servers of the sandbox.
# BENCHFLAGS='--sizes 10000 --repeat 5 --sections backup,velero' for something else: see bench.py.
EXTRA_PROGRAMS += tests/bench/rawpost tests/bench/slowlink tests/bench/transfer
tests_bench_rawpost_SOURCES = tests/bench/rawpost.c
tests_bench_rawpost_LDADD = $(BASE_LIBS) $(DEPS_LIBS)
tests_bench_slowlink_SOURCES = tests/bench/slowlink.c
tests_bench_slowlink_LDADD = $(BASE_LIBS) $(EXT_LIBS)
tests_bench_transfer_SOURCES = tests/bench/transfer.c
tests_bench_transfer_LDADD = $(STORE_LIBS) $(EXT_LIBS)
CLEANFILES += tests/bench/rawpost$(EXEEXT) tests/bench/slowlink$(EXEEXT) tests/bench/transfer$(EXEEXT)

bench: orlop$(EXEEXT) tests/bench/rawpost$(EXEEXT) tests/bench/slowlink$(EXEEXT) tests/bench/transfer$(EXEEXT)
	python3 $(top_srcdir)/tests/bench/bench.py --orlop ./orlop$(EXEEXT) --tools tests/bench $(BENCHFLAGS)
.PHONY: bench

# make bench-catalog: looking through a location with many backups, and into a large one, in a MinIO of the sandbox.
bench-catalog: orlop$(EXEEXT)
	python3 $(top_srcdir)/tests/bench/catalog.py --orlop ./orlop$(EXEEXT) $(BENCHFLAGS)
.PHONY: bench-catalog

# make bench-ui: the UI on a terminal: latencies, bytes, memory.
bench-ui: orlop$(EXEEXT)
	python3 $(top_srcdir)/tests/bench/ui.py --orlop ./orlop$(EXEEXT) $(BENCHFLAGS)
.PHONY: bench-ui
