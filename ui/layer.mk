noinst_LIBRARIES += ui/libui.a
ui_libui_a_CFLAGS = $(AM_CFLAGS) $(CURSES_CFLAGS) -DTHEMES_DIR='"$(themesdir)"'
themesdir = $(pkgdatadir)/themes
dist_themes_DATA = themes/contrast.yaml themes/midnight.yaml themes/paper.yaml themes/terminal.yaml
ui_libui_a_SOURCES = \
	ui/acts.c \
	ui/canvas.c \
	ui/canvas.h \
	ui/chrome.c \
	ui/command.c \
	ui/command.h \
	ui/config.c \
	ui/config.h \
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
	ui/screens/changes.c \
	ui/screens/changes.h \
	ui/screens/checks.c \
	ui/screens/checks.h \
	ui/screens/clusters.c \
	ui/screens/details.c \
	ui/screens/diff.c \
	ui/screens/first.c \
	ui/screens/help.c \
	ui/screens/jobs.c \
	ui/screens/location_new.c \
	ui/screens/locations.c \
	ui/screens/messages.c \
	ui/screens/object.c \
	ui/screens/overview.c \
	ui/screens/records.c \
	ui/screens/records.h \
	ui/screens/restore_new.c \
	ui/screens/restores.c \
	ui/screens/screens.c \
	ui/screens/screens.h \
	ui/screens/settings.c \
	ui/screens/text.c \
	ui/settings.c \
	ui/settings.h \
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
