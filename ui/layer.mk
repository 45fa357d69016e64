noinst_LIBRARIES += ui/libui.a
ui_libui_a_CFLAGS = $(AM_CFLAGS) $(CURSES_CFLAGS)
ui_libui_a_SOURCES = \
	ui/canvas.c \
	ui/canvas.h \
	ui/chrome.c \
	ui/filter.c \
	ui/filter.h \
	ui/keys.c \
	ui/keys.h \
	ui/loop.c \
	ui/model.c \
	ui/model.h \
	ui/screens/backups.c \
	ui/screens/messages.c \
	ui/screens/records.c \
	ui/screens/records.h \
	ui/screens/restores.c \
	ui/screens/screens.c \
	ui/screens/screens.h \
	ui/term.c \
	ui/term.h \
	ui/theme.c \
	ui/theme.h \
	ui/ui.h \
	ui/widgets/table.c \
	ui/widgets/table.h
