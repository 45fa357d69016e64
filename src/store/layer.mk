noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/localdir.c \
	src/store/s3.c \
	src/store/s3_conn.c \
	src/store/s3_dialect.c \
	src/store/s3_impl.h \
	src/store/s3_list.c \
	src/store/s3_many.c \
	src/store/s3_multi.c \
	src/store/s3_presign.c \
	src/store/s3_read.c \
	src/store/s3_sum.c \
	src/store/store.c \
	src/store/store.h \
	src/store/store_impl.h \
	src/store/store_url.c \
	src/store/validate.c \
	src/store/validate_dir.c \
	src/store/validate_ebs.c \
	src/store/validate_impl.h \
	src/store/validate_remedy.c \
	src/store/validate_s3.c
