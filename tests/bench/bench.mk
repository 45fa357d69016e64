# make bench: backup against raw LIST and restore against raw parallel POST, on clusters of the sandbox.
# BENCHFLAGS='--sizes 10000 --repeat 5' for something else than 10,000 and 100,000 objects, three times each.
EXTRA_PROGRAMS += tests/bench/rawpost
tests_bench_rawpost_SOURCES = tests/bench/rawpost.c
tests_bench_rawpost_LDADD = $(DEPS_LIBS)
CLEANFILES += tests/bench/rawpost$(EXEEXT)

bench: orlop$(EXEEXT) tests/bench/rawpost$(EXEEXT)
	python3 $(top_srcdir)/tests/bench/bench.py --orlop ./orlop$(EXEEXT) --rawpost tests/bench/rawpost$(EXEEXT) $(BENCHFLAGS)
.PHONY: bench
