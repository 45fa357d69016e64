noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/arena.c src/base/arena.h \
	src/base/attr.h \
	src/base/banned.h \
	src/base/buf.c src/base/buf.h \
	src/base/cancel.c src/base/cancel.h \
	src/base/clock.c src/base/clock.h \
	src/base/err.c src/base/err.h \
	src/base/file.c src/base/file.h \
	src/base/fmt.c src/base/fmt.h \
	src/base/glob.c src/base/glob.h \
	src/base/hash.c src/base/hash.h \
	src/base/limits.h \
	src/base/log.c src/base/log.h \
	src/base/mem.c src/base/mem.h \
	src/base/parse.c src/base/parse.h \
	src/base/proc.c src/base/proc.h \
	src/base/regex.c src/base/regex.h \
	src/base/secret.c src/base/secret.h \
	src/base/str.c src/base/str.h \
	src/base/strmap.c src/base/strmap.h \
	src/base/text.c src/base/text.h \
	src/base/thread.c src/base/thread.h \
	src/base/vec.c src/base/vec.h
