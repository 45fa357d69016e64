noinst_LIBRARIES += src/engine/libengine.a
src_engine_libengine_a_SOURCES = \
	src/engine/backup.c \
	src/engine/backup.h \
	src/engine/backup_collect.c \
	src/engine/backup_impl.h \
	src/engine/backup_put.c \
	src/engine/catalog.c \
	src/engine/catalog.h \
	src/engine/chain.c \
	src/engine/chain.h \
	src/engine/change.c \
	src/engine/change.h \
	src/engine/kind_rules.c \
	src/engine/kind_rules.h \
	src/engine/needs.c \
	src/engine/needs.h \
	src/engine/options.c \
	src/engine/options.h \
	src/engine/policy.c \
	src/engine/policy.h \
	src/engine/reader.c \
	src/engine/reader.h \
	src/engine/report.c \
	src/engine/report.h \
	src/engine/restore.c \
	src/engine/restore.h \
	src/engine/restore_impl.h \
	src/engine/restore_item.c \
	src/engine/restore_plan.c \
	src/engine/scrub.c \
	src/engine/scrub.h \
	src/engine/scrub_rules.c \
	src/engine/select.c \
	src/engine/select.h \
	src/engine/verify.c \
	src/engine/verify.h
