noinst_LIBRARIES += ui/libui.a
ui_libui_a_CFLAGS = $(AM_CFLAGS) $(CURSES_CFLAGS)
ui_libui_a_SOURCES = \
	ui/acts.c \
	ui/canvas.c \
	ui/canvas.h \
	ui/chrome.c \
	ui/command.c \
	ui/command.h \
	ui/dialog.c \
	ui/dialog.h \
	ui/filter.c \
	ui/filter.h \
	ui/keys.c \
	ui/keys.h \
	ui/loop.c \
	ui/model.c \
	ui/model.h \
	ui/model_impl.h \
	ui/prompt.c \
	ui/screens/backup_new.c \
	ui/screens/backups.c \
	ui/screens/help.c \
	ui/screens/jobs.c \
	ui/screens/messages.c \
	ui/screens/overview.c \
	ui/screens/records.c \
	ui/screens/records.h \
	ui/screens/restore_new.c \
	ui/screens/restores.c \
	ui/screens/screens.c \
	ui/screens/screens.h \
	ui/screens/text.c \
	ui/term.c \
	ui/term.h \
	ui/term_in.c \
	ui/term_in.h \
	ui/term_out.c \
	ui/term_out.h \
	ui/theme.c \
	ui/theme.h \
	ui/ui.h \
	ui/widgets/form.c \
	ui/widgets/form.h \
	ui/widgets/pager.c \
	ui/widgets/pager.h \
	ui/widgets/table.c \
	ui/widgets/table.h
