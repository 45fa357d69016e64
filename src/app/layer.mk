noinst_LIBRARIES += src/app/libapp.a
src_app_libapp_a_SOURCES = \
	src/app/backend.c \
	src/app/backend.h \
	src/app/bus.c \
	src/app/bus.h \
	src/app/job.h \
	src/app/job_check.c \
	src/app/job_ops.c \
	src/app/job_ops.h \
	src/app/job_read.c \
	src/app/journal.c \
	src/app/journal.h
