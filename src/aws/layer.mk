noinst_LIBRARIES += src/aws/libaws.a
src_aws_libaws_a_SOURCES = \
	src/aws/chain.c \
	src/aws/creds.c \
	src/aws/creds.h \
	src/aws/creds_impl.h \
	src/aws/ec2.c \
	src/aws/ec2.h \
	src/aws/endpoint.c \
	src/aws/process.c \
	src/aws/profile.c \
	src/aws/profile.h \
	src/aws/query.c \
	src/aws/query.h \
	src/aws/sigv4.c \
	src/aws/sigv4.h \
	src/aws/sts.c \
	src/aws/sts.h
