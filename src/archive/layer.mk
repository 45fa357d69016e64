noinst_LIBRARIES += src/archive/libarchive_.a
src_archive_libarchive__a_SOURCES = \
	src/archive/index.c \
	src/archive/index.h \
	src/archive/layout.c \
	src/archive/layout.h \
	src/archive/tar_read.c \
	src/archive/tar_write.c \
	src/archive/tarball.h \
	src/archive/vbackup.c \
	src/archive/vbackup.h \
	src/archive/vside.c
