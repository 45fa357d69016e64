noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/args.c \
	src/cli/args.h \
	src/cli/ask.c \
	src/cli/ask.h \
	src/cli/checklist.c \
	src/cli/checklist.h \
	src/cli/cli.c \
	src/cli/cli.h \
	src/cli/commands.c \
	src/cli/commands.h \
	src/cli/completion.c \
	src/cli/describe.c \
	src/cli/describe.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/jobs.c \
	src/cli/listing.c \
	src/cli/listing.h \
	src/cli/location.c \
	src/cli/look.c \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/progress.c \
	src/cli/progress.h \
	src/cli/project.c \
	src/cli/project.h \
	src/cli/run.c \
	src/cli/run.h \
	src/cli/steps.c \
	src/cli/steps.h \
	src/cli/tree.c \
	src/cli/tree.h
