noinst_LIBRARIES += src/data/libdata.a
src_data_libdata_a_SOURCES = \
	src/data/crc.c src/data/crc.h \
	src/data/gzip.c src/data/gzip.h \
	src/data/gzip_codec.h src/data/gzip_isal.c src/data/gzip_zlib.c \
	src/data/jdoc.c src/data/jdoc.h \
	src/data/jedit.c src/data/jedit.h \
	src/data/jdiff.c src/data/jdiff.h \
	src/data/jequal.c \
	src/data/jfield.c src/data/jfield.h \
	src/data/jlex.c src/data/jlex.h \
	src/data/jlist.c \
	src/data/jpairs.c src/data/jpairs.h \
	src/data/jpatch.c src/data/jpatch.h \
	src/data/jscan.c src/data/jscan.h \
	src/data/jstr.c \
	src/data/jwrite.c src/data/jwrite.h \
	src/data/lines.c src/data/lines.h \
	src/data/xml.c src/data/xml.h \
	src/data/yaml.c src/data/yaml.h \
	src/data/yaml_emit.c
