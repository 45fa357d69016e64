noinst_LIBRARIES += src/aws/libaws.a
src_aws_libaws_a_SOURCES = \
	src/aws/creds.c \
	src/aws/creds.h \
	src/aws/sigv4.c \
	src/aws/sigv4.h
