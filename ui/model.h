/*
 * Everything that the screen shows, and what happens to it.  model_apply and model_draw touch nothing outside: no terminal,
 * no thread, no clock.  What the user asks for comes out as wishes, which loop.c fulfils.  UI thread.
 */
#ifndef ORLOP_UI_MODEL_H
#define ORLOP_UI_MODEL_H

#include "app/bus.h"
#include "app/backend.h"
#include "ui/canvas.h"
#include "ui/dialog.h"
#include "ui/keys.h"
#include "ui/settings.h"
#include "ui/widgets/form.h"
#include "ui/widgets/pager.h"
#include "ui/widgets/table.h"

#include <stdbool.h>
#include <stdint.h>

enum msg_kind {
	MSG_KEY, MSG_PASTE, MSG_CLICK, MSG_WHEEL, MSG_RESIZE,
	MSG_TIME,                /* the clock: once when it matters, at least each minute */
	MSG_EVENT,               /* from the backend, about a ticket */
	MSG_PROGRESS,            /* latest progress of a ticket */
	MSG_EDITED               /* what WISH_EDIT asked for has become text */
};
struct msg {
	enum msg_kind kind;
	keycode       key;
	struct str    text;              /* MSG_PASTE, MSG_EDITED */
	int           row, col;          /* MSG_CLICK; MSG_RESIZE: size; MSG_WHEEL: row is -1 up, 1 down */
	bool          twice;             /* MSG_CLICK: a double click */
	int64_t       now_s, now_ms;     /* MSG_TIME: Unix seconds; monotonic milliseconds */
	uint64_t      ticket;
	const struct event        *event;
	const struct job_progress *progress;
};

enum wish_kind {
	WISH_SUBMIT,             /* request, with the ticket its events are to carry */
	WISH_CANCEL,             /* what was submitted with ticket */
	WISH_COPY,               /* text to the clipboard */
	WISH_EDIT,               /* text to the user's editor */
	WISH_SET,                /* text: "NAME VALUE", to be kept */
	WISH_THEME,              /* text: to be shown, for now */
	WISH_REPAINT, WISH_SUSPEND,
	WISH_DETACH,             /* leave the terminal, not the jobs */
	WISH_LEAVE
};
struct wish {
	enum wish_kind  kind;
	uint64_t        ticket;
	struct request *request;         /* taken by who fulfils it */
	char           *text;
};

/* What the command line fixed. */
struct ui_options {
	const char *project, *location, *location_url, *kubeconfig, *context;
	const char *server;              /* of the context; NULL: none */
	bool        read_only, ascii;
	bool        plain;               /* line by line, without a screen */
	const char *theme;               /* instead of the one that is set; NULL: none */
	enum { COLOR_AUTO, COLOR_NEVER, COLOR_ALWAYS } color;    /* AUTO: as NO_COLOR has it */
	const char *about;               /* of program and terminal, lines; NULL: nothing */
	/* What a command line asks, as the program itself reads it: see cli_request. */
	struct request *(*request)(int argc, char **argv, struct err *e);
};

/* What of the frame can be clicked, noted while it is drawn. */
enum spot_kind { SPOT_PLACE, SPOT_TAB, SPOT_CRUMB, SPOT_ACTION };
struct spot { int row, col, cols; enum spot_kind kind; size_t arg; };
#define SPOTS_MAX 48

enum load_state { LOAD_NONE, LOAD_RUNNING, LOAD_DONE, LOAD_FAILED };

struct screen;
struct model;
struct screen_type {
	const char *name;                /* in keys, the palette and tests: "backups" */
	const char *crumb;               /* NULL: the screen's title */
	const char *needs;               /* what its arg is, "a backup's name"; NULL: it needs none */
	unsigned    mask;                /* enum key_mask */
	const char *empty;               /* what stands in an empty list; NULL: nothing special */
	size_t      state_size;
	const char *const *tabs;         /* NULL ends them; NULL: no tabs */
	void (*open)(struct model *m, struct screen *s);         /* state is zeroed */
	void (*close)(struct screen *s);
	void (*load)(struct model *m, struct screen *s);         /* what is there by then, and again with R; NULL: nothing */
	/* Events of what model_ask submitted. */
	void (*event)(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev);
	bool        live;                /* shows what jobs change: loaded anew when one has ended */
	void (*settled)(struct model *m, struct screen *s);      /* after anything that may have moved the cursor; NULL: nothing */
	bool (*act)(struct model *m, struct screen *s, const char *action);      /* false: not one of its actions */
	void (*show)(struct model *m, struct screen *s);         /* another tab, or back from a screen above; NULL: nothing */
	void (*draw)(struct model *m, struct screen *s, struct area a);
	/* The list, text or form on it, which then get keys, prompts and clicks; NULL, or NULL returned: none. */
	struct table *(*table)(struct screen *s);
	struct pager *(*pager)(struct screen *s);
	struct form  *(*form)(struct screen *s);
	void (*changed)(struct model *m, struct screen *s);      /* a field of the form */
	void (*pressed)(struct model *m, struct screen *s, const char *button);
};

struct screen {
	const struct screen_type *type;
	void           *state;
	char           *title, *arg;     /* arg: what it is about, a backup's name */
	const char     *empty;           /* instead of the type's; NULL: that */
	size_t          tab;
	enum load_state load;
	uint64_t        ticket;          /* of what load asked; 0: none */
	uint64_t        loaded;          /* rows so far */
	uint64_t        ends_seen;       /* m->ends when it was loaded */
	int64_t         since_ms, done_s;
	struct err      why;             /* LOAD_FAILED */
	struct area     body;            /* where it was drawn last */
	struct screen  *below;
};

enum toast_level { TOAST_INFO, TOAST_WARN, TOAST_ERROR };
struct message { enum toast_level level; int64_t at_s; char *text; };

/* A job that changes something, for the strip and the list of jobs. */
struct job {
	uint64_t            ticket;
	enum op             op;
	char               *name, *place;
	char               *id;                  /* by which other processes see it; NULL: not yet, or they do not */
	bool                elsewhere;           /* another process does it, we look on */
	struct job_progress progress;
	bool                ended;
	enum ev_end         end;
	struct err          err;
	int64_t             start_s, end_s, end_ms;
	struct strs         findings;            /* JSON */
	struct strs         rows;                /* JSON: the result, which is small for what changes something */
};

/* A request under way and the screen that wants its events. */
struct asked { uint64_t ticket; struct screen *by; };

/* What validating a location has found. */
struct checked { char *name; bool good; int64_t at_s; };

/* A screen that was left. */
struct gone { const struct screen_type *type; char *arg; size_t tab; };

/* The screens at the bottom, which digits switch between; they keep their state. */
#define PLACES_MAX 8

enum prompt_kind { PROMPT_NONE, PROMPT_FILTER, PROMPT_SEARCH, PROMPT_PALETTE, PROMPT_QUESTION };

struct model {
	struct ui_options opts;
	struct canvas     canvas;
	struct keymap    *keys;
	struct screen    *top;
	struct screen    *places[PLACES_MAX];    /* tops of the stacks that are not shown; NULL: not visited yet, or shown */
	size_t            place;
	struct { struct asked *at; size_t len, cap; } asked;
	struct { struct message *at; size_t len, cap; } messages;
	struct { struct job *at; size_t len, cap; } jobs;
	uint64_t          others_ticket;         /* of the question what other processes do; 0: none */
	uint64_t          jobs_version, ends;    /* grow with each change of jobs, with each end of one */
	struct { struct wish *at; size_t len, cap; } wishes;
	uint64_t          last_ticket;
	int64_t           now_s, now_ms;
	enum times        times;
	bool              zoomed;
	int64_t           stopped_ms;            /* of the last Ctrl-C that had nothing to stop */
	int64_t           wake_ms;               /* something that was asked for becomes slow then */
	int64_t           toast_until_ms;        /* the last message is shown up to then; INT64_MAX: until a key */
	enum prompt_kind  prompt;
	char             *input, *input_before;  /* of the prompt; the filter before it */
	const char       *question;              /* PROMPT_QUESTION: what stands before the input */
	void            (*answer)(struct model *m, const char *text);
	struct { struct gone *at; size_t len, cap; } gone;       /* screens that were left, to go forward to again */
	char             *used_location, *used_url, *used_context, *used_server;  /* what opts point at once another one was chosen */
	struct { struct checked *at; size_t len, cap; } checked;
	struct settings   settings;
	struct context_rule rule;                /* of the context in use */
	struct strs       location_draft;        /* "FIELD=VALUE", without secrets */
	struct strs       history;               /* of the palette, oldest first */
	size_t            history_at;
	struct dialog     dialog;
	struct spot       spots[SPOTS_MAX];
	size_t            n_spots;
	bool              dirty;                 /* something to paint */
};

struct model *model_new(const struct ui_options *o);
/* Shows the first screen; once, when time and size are known. */
void model_start(struct model *m);
void model_free(struct model *m);

void model_apply(struct model *m, const struct msg *msg);
/* Paints into m->canvas. */
void model_draw(struct model *m);

#define SLOW_MS     150          /* what is faster than this is not mentioned while it goes on (ui.md 6.2) */
#define HEADER_ROWS 4            /* header, crumbs and the body's rule */

/* --- for screens --- */

void model_open(struct model *m, const struct screen_type *type, const char *arg);
/* The same for what is reached by name: a place, or a screen that is open below, is gone back to. */
void model_go(struct model *m, const struct screen_type *type, const char *arg);
void model_back(struct model *m);
void model_place(struct model *m, size_t place);         /* of screens.h */
void model_load(struct model *m, struct screen *s);
/* Submits and returns the ticket of the events, which come to s.  Fields of location and cluster that are NULL are filled in. */
uint64_t model_ask(struct model *m, struct screen *s, struct request *r /* taken */);
void model_cancel(struct model *m, uint64_t ticket);
/* For what changes something: it gets a row among the jobs, goes on without its screen, and is seen on the screen of jobs. */
uint64_t model_start_job(struct model *m, struct request *r /* taken */);
struct job *model_job(struct model *m, uint64_t ticket); /* NULL: none */
bool model_has_jobs(const struct model *m);              /* of its own, that run */
/* Asks for what other processes do, which joins the jobs. */
void model_find_jobs(struct model *m);
/* Stops a job, also one of another process. */
void model_stop_job(struct model *m, const struct job *j);
void model_say(struct model *m, enum toast_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);
void model_wish(struct model *m, enum wish_kind kind, const char *text);
/* Everything is about another location (its name and URL), another context (server NULL: not known) from now on: places begin anew. */
void model_use_location(struct model *m, const char *name, const char *url);
void model_use_context(struct model *m, const char *name, const char *server);
/* Changes a setting, in the file too; what is wrong with it is said. */
void model_set(struct model *m, const char *name, const char *value);
/* What the settings say holds from now on; explicit options stay. */
void model_take_settings(struct model *m);
/* Notes what a validation has found; the last such note, NULL: none. */
void model_checked(struct model *m, const char *location, bool good);
const struct checked *model_checked_at(const struct model *m, const char *location);
/* An action of keys.h by its id, as if its key had been pressed. */
void model_act(struct model *m, const char *action);
/* Asks before something is done; fn is called after the right button, and word, was given. */
void model_confirm(struct model *m, const struct confirm *c);
/* Asks for a line of text, which is not empty; question is static text. */
void model_prompt(struct model *m, const char *question, void (*answer)(struct model *m, const char *text));

#endif
