/* The side files of backups and restores: results, resource list, volume info, log lines. */
#include "archive/vbackup.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/text.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "data/jwrite.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#define PIECE ((size_t)32 * 1024)

/* One line of compact JSON; a failure leaves nothing behind. */
static int
end_file(struct jw *w, size_t before, const char *what, struct err *e)
{
	if (jw_done(w, e) == 0 && buf_add(w->out, "\n", 1, e) == 0)
		return 0;
	buf_cut(w->out, before);
	return err_ctx(e, "%s", what);
}

/* --- results --- */

struct place {
	char       *ns;
	struct strs texts;
};

struct findings {
	struct strs    run, cluster;
	struct strmap *by_ns;         /* to struct place */
	struct { struct place **at; size_t len, cap; } places;
};

struct vresults {
	struct findings of[2];        /* by level */
	size_t          count[2];
};

static const char *const level_keys[] = { [RESULT_WARNING] = "warnings", [RESULT_ERROR] = "errors" };

struct vresults *
vresults_new(void)
{
	struct vresults *r = xcalloc(1, sizeof *r);

	for (size_t l = 0; l < COUNT(r->of); l++)
		r->of[l].by_ns = strmap_new();
	return r;
}

void
vresults_free(struct vresults *r)
{
	if (!r)
		return;
	for (size_t l = 0; l < COUNT(r->of); l++) {
		struct findings *f = &r->of[l];

		strs_free(&f->run);
		strs_free(&f->cluster);
		strmap_free(f->by_ns);
		for (size_t i = 0; i < f->places.len; i++) {
			free(f->places.at[i]->ns);
			strs_free(&f->places.at[i]->texts);
			free(f->places.at[i]);
		}
		vec_free(&f->places);
	}
	free(r);
}

void
vresults_freep(struct vresults **r)
{
	vresults_free(TAKE(*r));
}

static struct strs *
texts_of(struct findings *f, const char *ns)
{
	struct place *p;

	if (!ns)
		return &f->run;
	if (*ns == '\0')
		return &f->cluster;
	p = strmap_get(f->by_ns, str_of(ns));
	if (!p) {
		p = xcalloc(1, sizeof *p);
		p->ns = xstrdup(ns);
		strmap_put(f->by_ns, str_of(ns), p);
		*vec_push(&f->places) = p;
	}
	return &p->texts;
}

void
vresults_add(struct vresults *r, enum result_level l, const char *ns, const char *text)
{
	strs_add(texts_of(&r->of[l], ns), text);
	r->count[l]++;
}

size_t
vresults_count(const struct vresults *r, enum result_level l)
{
	return r->count[l];
}

static int
by_ns(const void *a, const void *b)
{
	const struct place *const *x = a, *const *y = b;

	return strcmp((*x)->ns, (*y)->ns);
}

static void
sort_places(const struct findings *f)
{
	if (f->places.len > 1)
		qsort(f->places.at, f->places.len, sizeof f->places.at[0], by_ns);
}

static void
put_findings(struct jw *w, const char *key, const struct findings *f)
{
	jw_key(w, key);
	jw_obj(w);
	jw_kv_strs(w, "velero", &f->run);
	jw_kv_strs(w, "cluster", &f->cluster);
	if (f->places.len > 0) {
		sort_places(f);
		jw_key(w, "namespaces");
		jw_obj(w);
		for (size_t i = 0; i < f->places.len; i++)
			jw_kv_strs(w, f->places.at[i]->ns, &f->places.at[i]->texts);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

int
vresults_write(const struct vresults *r, struct buf *json, struct err *e)
{
	size_t before = json->len;
	struct jw w;

	jw_init(&w, json, false);
	jw_obj(&w);
	put_findings(&w, level_keys[RESULT_ERROR], &r->of[RESULT_ERROR]);
	put_findings(&w, level_keys[RESULT_WARNING], &r->of[RESULT_WARNING]);
	jw_obj_end(&w);
	return end_file(&w, before, "results", e);
}

/* --- reading --- */

int
vside_value(struct str file, struct str *value, struct err *e)
{
	struct str whole = str_trim(file), rest = whole, line;
	struct err why, ignored;

	if (json_check(whole, &why) == 0) {
		*value = whole;
		return 0;
	}
	/* A value is one line (velero-format 1.6). */
	if (!str_split(&rest, '\n', &line) || json_check(line, &ignored) < 0) {
		*e = why;
		return -1;
	}
	*value = str_trim(line);
	return 0;
}

/* --- resource list --- */

/*
 * A large cluster has many names, and they are kept until the end: each is stored as the number of bytes it has in
 * common with the one before, what is left of it, and a NUL.
 */
struct api_kind {
	char      *name;
	struct buf packed, last;
	bool       unsorted;
};

struct vreslist {
	struct strmap *by_kind;        /* to struct api_kind */
	struct { struct api_kind **at; size_t len, cap; } kinds;
	struct buf     scratch;
};

struct vreslist *
vreslist_new(void)
{
	struct vreslist *r = xcalloc(1, sizeof *r);

	r->by_kind = strmap_new();
	r->scratch = (struct buf)BUF_INIT(SIZE_MAX);
	return r;
}

void
vreslist_free(struct vreslist *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->kinds.len; i++) {
		free(r->kinds.at[i]->name);
		buf_free(&r->kinds.at[i]->packed);
		buf_free(&r->kinds.at[i]->last);
		free(r->kinds.at[i]);
	}
	vec_free(&r->kinds);
	strmap_free(r->by_kind);
	buf_free(&r->scratch);
	free(r);
}

void
vreslist_freep(struct vreslist **r)
{
	vreslist_free(TAKE(*r));
}

static struct api_kind *
kind_of(struct vreslist *r, struct str name)
{
	struct api_kind *k = strmap_get(r->by_kind, name);

	if (!k) {
		k = xcalloc(1, sizeof *k);
		k->name = str_dup(name);
		k->packed = k->last = (struct buf)BUF_INIT(SIZE_MAX);
		strmap_put(r->by_kind, name, k);
		*vec_push(&r->kinds) = k;
	}
	return k;
}

static void
add_item(struct api_kind *k, const char *text)
{
	const char *last = buf_cstr(&k->last);
	size_t same = 0;

	while (same < UINT8_MAX && text[same] != '\0' && text[same] == last[same])
		same++;
	k->unsorted |= strcmp(text + same, last + same) < 0;
	buf_putc(&k->packed, (char)(uint8_t)same);
	buf_put(&k->packed, text + same, strlen(text + same) + 1);
	buf_cut(&k->last, same);
	buf_puts(&k->last, text + same);
}

void
vreslist_add(struct vreslist *r, struct str api_version, struct str kind, struct str ns, struct str name,
	const char *suffix)
{
	struct buf *text = &r->scratch;
	struct api_kind *k;

	buf_cut(text, 0);
	buf_put_str(text, api_version);
	buf_putc(text, '/');
	buf_put_str(text, kind);
	k = kind_of(r, buf_str(text));
	buf_cut(text, 0);
	if (ns.len > 0) {
		buf_put_str(text, ns);
		buf_putc(text, '/');
	}
	buf_put_str(text, name);
	buf_puts(text, suffix);
	add_item(k, buf_cstr(text));
}

static int
by_kind_name(const void *a, const void *b)
{
	const struct api_kind *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

typedef void item_fn(void *ctx, const char *item);

/* As they came. */
static void
each_packed(const struct api_kind *k, item_fn *fn, void *ctx)
{
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	for (const char *p = k->packed.p, *end = p + k->packed.len; p < end; p += strlen(p) + 1) {
		buf_cut(&text, (uint8_t)*p++);
		buf_puts(&text, p);
		fn(ctx, buf_cstr(&text));
	}
}

static void
keep_text(void *ctx, const char *item)
{
	strs_add(ctx, item);
}

static void
each_sorted(const struct api_kind *k, item_fn *fn, void *ctx)
{
	AUTO_STRS struct strs texts = { 0 };

	if (!k->unsorted) {
		each_packed(k, fn, ctx);
		return;
	}
	each_packed(k, keep_text, &texts);
	strs_sort(&texts);
	for (size_t i = 0; i < texts.len; i++)
		fn(ctx, texts.at[i]);
}

/* The order is no part of the value, so a const list may be sorted. */
static void
sort_kinds(const struct vreslist *r)
{
	if (r->kinds.len > 1)
		qsort(r->kinds.at, r->kinds.len, sizeof r->kinds.at[0], by_kind_name);
}

struct list_out {
	struct jw    w;
	struct gzip *gz;               /* gets what is in w.out in pieces; NULL: that is kept */
};

static void
flush_piece(struct list_out *o)
{
	if (!o->w.failed && gzip_add(o->gz, o->w.out->p, o->w.out->len, &o->w.err) < 0)
		o->w.failed = true;
	buf_cut(o->w.out, 0);
}

static void
put_item(void *ctx, const char *item)
{
	struct list_out *o = ctx;

	jw_text(&o->w, item);
	if (o->gz && o->w.out->len >= PIECE)
		flush_piece(o);
}

static void
put_list(const struct vreslist *r, struct list_out *o)
{
	sort_kinds(r);
	jw_obj(&o->w);
	for (size_t i = 0; i < r->kinds.len; i++) {
		jw_key(&o->w, r->kinds.at[i]->name);
		jw_arr(&o->w);
		each_sorted(r->kinds.at[i], put_item, o);
		jw_arr_end(&o->w);
	}
	jw_obj_end(&o->w);
}

int
vreslist_write(const struct vreslist *r, struct buf *json, struct err *e)
{
	struct list_out o = { 0 };
	size_t before = json->len;

	jw_init(&o.w, json, false);
	put_list(r, &o);
	return end_file(&o.w, before, "resource list", e);
}

int
vreslist_pack(const struct vreslist *r, struct buf *gz, struct err *e)
{
	AUTO(gzip_freep) struct gzip *packer = gzip_new(gz);
	AUTO_BUF struct buf piece = BUF_INIT(SIZE_MAX);
	struct list_out o = { .gz = packer };
	size_t before = gz->len;

	jw_init(&o.w, &piece, false);
	put_list(r, &o);
	buf_putc(&piece, '\n');
	flush_piece(&o);
	if (jw_done(&o.w, e) == 0 && gzip_end(packer, e) == 0)
		return 0;
	buf_cut(gz, before);
	return err_ctx(e, "resource list");
}

/* --- volume info --- */

static void
vvolume_free(struct vvolume *v)
{
	free(v->pvc_name);
	free(v->pvc_namespace);
	free(v->pv_name);
	free(v->method);
	free(v->skipped_reason);
	free(v->reclaim_policy);
	free(v->labels_json);
	free(v->result);
}

void
vvolumes_free(struct vvolumes *v)
{
	for (size_t i = 0; i < v->len; i++)
		vvolume_free(&v->at[i]);
	vec_free(v);
}

static void
put_text(struct jw *w, const char *key, const char *text)
{
	if (text && *text)
		jw_kv_text(w, key, text);
}

static void
put_volume(struct jw *w, const struct vvolume *v)
{
	jw_obj(w);
	put_text(w, "pvcName", v->pvc_name);
	put_text(w, "pvcNamespace", v->pvc_namespace);
	put_text(w, "pvName", v->pv_name);
	put_text(w, "backupMethod", v->method);
	jw_kv_bool(w, "snapshotDataMoved", v->data_moved);
	jw_kv_bool(w, "preserveLocalSnapshot", false);
	jw_kv_bool(w, "skipped", v->skipped);
	put_text(w, "skippedReason", v->skipped_reason);
	put_text(w, "result", v->result);
	if (v->reclaim_policy) {
		jw_key(w, "pvInfo");
		jw_obj(w);
		jw_kv_text(w, "reclaimPolicy", v->reclaim_policy);
		jw_key(w, "labels");
		jw_raw(w, v->labels_json ? str_of(v->labels_json) : S("null"));
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

int
vvolumes_write(const struct vvolumes *v, struct buf *json, struct err *e)
{
	size_t before = json->len;
	struct jw w;

	for (size_t i = 0; i < v->len; i++)
		if (v->at[i].labels_json && json_check(str_of(v->at[i].labels_json), e) < 0)
			return err_ctx(e, "volume info: labels of '%s'", v->at[i].pv_name ? v->at[i].pv_name : "");
	jw_init(&w, json, false);
	jw_arr(&w);
	for (size_t i = 0; i < v->len; i++)
		put_volume(&w, &v->at[i]);
	jw_arr_end(&w);
	return end_file(&w, before, "volume info", e);
}

/* As Go decodes: a key in any case, the exact one first (velero-format 7, 14). */
static bool
get_any_case(struct str obj, const char *key, struct str *val)
{
	size_t len = strlen(key);
	struct jiter it;
	struct str k, v;
	bool found = false;

	if (jget(obj, key, val))
		return true;
	if (!jiter_obj(&it, obj))
		return false;
	while (!found && jiter_next(&it, &k, &v))
		found = k.len == len && strncasecmp(k.p, key, len) == 0;
	if (found)
		*val = v;
	return found;
}

static char *
get_text(struct str obj, const char *key)
{
	struct str val;

	return get_any_case(obj, key, &val) ? jstr_dup(val) : NULL;
}

static bool
get_bool(struct str obj, const char *key)
{
	struct str val;
	bool b = false;

	return get_any_case(obj, key, &val) && jbool(val, &b) && b;
}

static struct vvolume
read_volume(struct str obj)
{
	struct vvolume v = {
		.pvc_name = get_text(obj, "pvcName"),
		.pvc_namespace = get_text(obj, "pvcNamespace"),
		.pv_name = get_text(obj, "pvName"),
		.method = get_text(obj, "backupMethod"),
		.data_moved = get_bool(obj, "snapshotDataMoved"),
		.skipped = get_bool(obj, "skipped"),
		.skipped_reason = get_text(obj, "skippedReason"),
		.result = get_text(obj, "result"),
	};
	struct str info, labels;

	if (!get_any_case(obj, "pvInfo", &info))
		return v;
	v.reclaim_policy = get_text(info, "reclaimPolicy");
	if (get_any_case(info, "labels", &labels) && jtype(labels) == J_OBJ)
		v.labels_json = str_dup(labels);
	return v;
}

int
vvolumes_read(struct str json, struct vvolumes *out, struct err *e)
{
	struct vvolumes v = { 0 };
	struct jiter it;
	struct str val;

	if (vside_value(json, &json, e) < 0)
		return err_ctx(e, "volume info");
	/* null stands for an empty list. */
	if (jtype(json) != J_ARR && jtype(json) != J_NULL)
		return err_set(e, EK_CORRUPT, "volume info: not a JSON array");
	if (jiter_arr(&it, json))
		while (jiter_next(&it, NULL, &val))
			if (jtype(val) == J_OBJ)
				*vec_push(&v) = read_volume(val);
	*out = v;
	return 0;
}

/* --- log --- */

/* What logrus writes without quotes. */
static bool
is_bare(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("-._/@^+", c))))
			return false;
	}
	return true;
}

static void
put_pair(struct buf *line, const char *key, const char *value)
{
	AUTO_BUF struct buf visible = BUF_INIT(SIZE_MAX);
	struct str s = str_of(value);

	if (line->len > 0)
		buf_putc(line, ' ');
	buf_puts(line, key);
	buf_putc(line, '=');
	if (is_bare(s)) {
		buf_put_str(line, s);
		return;
	}
	text_visible(&visible, s, false);
	buf_putc(line, '"');
	for (size_t i = 0; i < visible.len; i++) {
		if (visible.p[i] == '"' || visible.p[i] == '\\')
			buf_putc(line, '\\');
		buf_putc(line, visible.p[i]);
	}
	buf_putc(line, '"');
}

void
vlog_line(struct buf *out, int64_t now_unix_ns, const char *level, const char *msg, ...)
{
	AUTO_BUF struct buf line = BUF_INIT(SIZE_MAX);
	char time[CLOCK_TEXT_MAX];
	struct err e = { 0 };
	const char *key;
	va_list ap;

	put_pair(&line, "time", clock_rfc3339(time, now_unix_ns));
	put_pair(&line, "level", level);
	put_pair(&line, "msg", msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *)) != NULL)
		put_pair(&line, key, va_arg(ap, const char *));
	va_end(ap);
	buf_putc(&line, '\n');
	/* A log that is full loses lines; it must not end a backup. */
	if (buf_add(out, line.p, line.len, &e) < 0)
		return;
}
