noinst_LIBRARIES += src/app/libapp.a
src_app_libapp_a_SOURCES = \
	src/app/backend.c \
	src/app/backend.h \
	src/app/bus.c \
	src/app/bus.h \
	src/app/follow.c \
	src/app/follow.h \
	src/app/job.h \
	src/app/job_check.c \
	src/app/job_follow.c \
	src/app/job_look.c \
	src/app/job_ops.c \
	src/app/job_ops.h \
	src/app/job_places.c \
	src/app/job_plan.c \
	src/app/job_read.c \
	src/app/job_restore.c \
	src/app/job_undo.c \
	src/app/journal.c \
	src/app/journal.h \
	src/app/location_edit.c \
	src/app/location_edit.h \
	src/app/location_fields.c \
	src/app/location_policy.c \
	src/app/location_policy.h \
	src/app/location_velero.c \
	src/app/location_velero.h \
	src/app/project.c \
	src/app/project.h \
	src/app/project_edit.c
