/*
 * DESIGN
 *
 *   plan of the restore --index--> types, namespaces
 *   cluster --LIST--> namespaces, quotas
 *   objects of the plan that can refer to others --one pass, in the order of the archive--> uses, sums
 *   cluster --LIST of the types that are used--> what is there
 *   checks: rows of a table, each over uses and what is there, some with a window of questions --> findings
 */
#include "engine/preflight.h"

#include "base/limits.h"
#include "base/mem.h"
#include "engine/preflight_impl.h"

#include <stdarg.h>

#define TOLD_MAX 50      /* findings of one code */

static const char *const level_texts[] = {
	[PREFLIGHT_OK] = "ok", [PREFLIGHT_IGNORED] = "ignored", [PREFLIGHT_WARN] = "warn", [PREFLIGHT_STOP] = "stop",
};
_Static_assert(COUNT(level_texts) == PREFLIGHT_LEVELS_, "every level has its text");

const char *
preflight_level_text(enum preflight_level l)
{
	return level_texts[l];
}

/* ok: said where nothing was found; NULL: nothing. */
static const struct code_info {
	const char          *code;
	enum preflight_level level;
	enum err_kind        kind;           /* of a restore that it stops */
	const char          *ok;
} codes[] = {
	[PF_VERSION_SKEW]           = { "version-skew", PREFLIGHT_WARN, 0, NULL },
	[PF_TYPE_MISSING]           = { "type-missing", PREFLIGHT_WARN, 0, "the cluster has all types of the backup" },
	[PF_VERSION_MISSING]        = { "version-missing", PREFLIGHT_WARN, 0, "the cluster serves them in a version that the backup holds" },
	[PF_TYPE_CONVERTED]         = { "type-converted", PREFLIGHT_OK, 0, NULL },
	[PF_ACCESS_DENIED]          = { "access-denied", PREFLIGHT_STOP, EK_DENIED, "no type is forbidden altogether" },
	[PF_ACCESS_PARTIAL]         = { "access-partial", PREFLIGHT_WARN, 0, "permissions suffice" },
	[PF_NAMESPACE_STUCK]        = { "namespace-stuck", PREFLIGHT_STOP, EK_CONFLICT, NULL },
	[PF_NAMESPACE_TERMINATING]  = { "namespace-terminating", PREFLIGHT_WARN, 0, "no namespace is being deleted" },
	[PF_STORAGE_CLASS_MISSING]  = { "storage-class-missing", PREFLIGHT_WARN, 0, "storage classes are there" },
	[PF_STORAGE_CLASS_DIFFERS]  = { "storage-class-differs", PREFLIGHT_WARN, 0, NULL },
	[PF_PROVISIONER_MISSING]    = { "provisioner-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_SNAPSHOT_CLASS_MISSING] = { "snapshot-class-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_SNAPSHOT_CLASS_DIFFERS] = { "snapshot-class-differs", PREFLIGHT_WARN, 0, NULL },
	[PF_VOLUME_DATA]            = { "volume-data", PREFLIGHT_WARN, 0, NULL },
	[PF_QUOTA_EXCEEDED]         = { "quota-exceeded", PREFLIGHT_STOP, EK_LIMIT, "quotas are wide enough" },
	[PF_QUOTA_TIGHT]            = { "quota-tight", PREFLIGHT_WARN, 0, NULL },
	[PF_POD_SECURITY]           = { "pod-security", PREFLIGHT_WARN, 0, "pods fit the pod security levels" },
	[PF_WEBHOOK_DEAD]           = { "webhook-dead", PREFLIGHT_WARN, 0, "admission webhooks have endpoints" },
	[PF_NODE_PORT_TAKEN]        = { "node-port-taken", PREFLIGHT_WARN, 0, "node ports are free" },
	[PF_CLUSTER_IP_TAKEN]       = { "cluster-ip-taken", PREFLIGHT_WARN, 0, NULL },
	[PF_PRIORITY_CLASS_MISSING] = { "priority-class-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_RUNTIME_CLASS_MISSING]  = { "runtime-class-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_PULL_SECRET_MISSING]    = { "pull-secret-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_ACCOUNT_MISSING]        = { "service-account-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_CONFIG_MISSING]         = { "config-missing", PREFLIGHT_WARN, 0, "what pods refer to is there or in the selection" },
	[PF_INGRESS_CLASS_MISSING]  = { "ingress-class-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_GATEWAY_CLASS_MISSING]  = { "gateway-class-missing", PREFLIGHT_WARN, 0, NULL },
	[PF_NO_NODE]                = { "no-node", PREFLIGHT_WARN, 0, "nodes satisfy selectors and affinities" },
	[PF_GITOPS]                 = { "gitops-owner", PREFLIGHT_WARN, 0, NULL },
	[PF_NOT_CHECKED]            = { "not-checked", PREFLIGHT_WARN, 0, NULL },
};
_Static_assert(COUNT(codes) == PF_CODES_, "every code has its row");

static const struct {
	const char  *what;           /* for errors */
	pf_check_fn *run;
} checks[] = {
	{ "version", pf_check_version }, { "types", pf_check_types }, { "access", pf_check_access },
	{ "namespaces", pf_check_namespaces }, { "storage", pf_check_storage }, { "volumes", pf_check_volumes },
	{ "references", pf_check_refs }, { "quota", pf_check_quota }, { "pod security", pf_check_pod_security },
	{ "webhooks", pf_check_webhooks }, { "ports", pf_check_ports }, { "nodes", pf_check_nodes },
	{ "owners", pf_check_owners },
};

/* --- ignoring --- */

int
preflight_check_ignored(const struct restore_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->ignore.len; i++) {
		const char *word = o->ignore.at[i], *near = NULL;
		bool known = strcmp(word, "all") == 0;

		for (size_t k = 0; k < COUNT(codes) && !known; k++) {
			known = strcmp(word, codes[k].code) == 0;
			if (str_distance(str_of(word), str_of(codes[k].code)) <= 3)
				near = codes[k].code;
		}
		if (!known)
			return err_set(e, EK_INVALID, "--ignore: there is no finding '%s'%s%s%s", word,
				near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
	}
	return 0;
}

static bool
is_ignored(const struct restore_opts *o, const char *code)
{
	for (size_t i = 0; i < o->ignore.len; i++)
		if (strcmp(o->ignore.at[i], "all") == 0 || strcmp(o->ignore.at[i], code) == 0)
			return true;
	return false;
}

bool
preflight_is_off(const struct restore_opts *o)
{
	return is_ignored(o, "all");
}

/* --- telling --- */

static void
tell(struct preflight *p, const struct preflight_finding *f)
{
	p->n->n[f->level]++;
	p->fn(p->ctx, f);
}

void
pf_tell(struct preflight *p, enum preflight_code code, const struct use *u, const char *remedy, const char *fmt, ...)
{
	static const struct use nobody = { .by_gr = "", .by_ns = "", .by_name = "" };
	const struct code_info *info = &codes[code];
	const struct use *by = u != NULL ? u : &nobody;
	AUTO_FREE char *text = NULL;
	struct preflight_finding f = { info->level, info->code, by->by_gr, by->by_ns, by->by_name, by->n, NULL, remedy };
	va_list ap;

	p->told[code]++;
	if (is_ignored(p->rs->o, info->code))
		f.level = PREFLIGHT_IGNORED;
	if (p->told[code] > TOLD_MAX)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	f.text = text;
	if (f.level == PREFLIGHT_STOP && p->first.kind == EK_NONE)
		err_set(&p->first, info->kind, "%s: %s", info->code, text);
	tell(p, &f);
}

static void
tell_rest(struct preflight *p)
{
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct preflight_finding f = { PREFLIGHT_OK, codes[i].code, "", "", "", 0, codes[i].ok, "" };
		AUTO_FREE char *more = NULL;

		if (p->told[i] > TOLD_MAX) {
			more = xasprintf("and %u more of this kind", p->told[i] - TOLD_MAX);
			f.level = is_ignored(p->rs->o, codes[i].code) ? PREFLIGHT_IGNORED : codes[i].level;
			f.text = more;
		}
		if (f.text != NULL && (p->told[i] == 0 || more != NULL))
			tell(p, &f);
	}
}

/* --- what is used --- */

const char *
pf_target(struct preflight *p, const struct index_entry *en)
{
	return en->ns.len > 0 ? restore_map_ns(p->rs, en->ns) : "";
}

static void
use_key(struct buf *key, enum use_kind kind, const char *ns, struct str name)
{
	buf_putc(key, (char)('A' + kind));
	buf_puts(key, ns);
	buf_putc(key, '\0');
	buf_put_str(key, name);
}

struct use *
pf_used(const struct preflight *p, enum use_kind kind, const char *ns, struct str name)
{
	AUTO_BUF struct buf key = BUF_INIT(LIMIT_OBJECT);

	use_key(&key, kind, ns, name);
	return strmap_get(p->used, buf_str(&key));
}

struct use *
pf_use(struct preflight *p, enum use_kind kind, const char *ns, struct str name, const struct index_entry *en)
{
	AUTO_BUF struct buf key = BUF_INIT(LIMIT_OBJECT);
	struct use *u;

	use_key(&key, kind, ns, name);
	u = strmap_get(p->used, buf_str(&key));
	if (u == NULL) {
		u = arena_alloc(&p->arena, sizeof *u);
		*u = (struct use){ .kind = kind, .ns = arena_strdup(&p->arena, str_of(ns)),
			.name = arena_strdup(&p->arena, name), .by_gr = "", .by_ns = "", .by_name = "" };
		if (en != NULL) {
			u->by_gr = arena_strdup(&p->arena, en->gr);
			u->by_ns = pf_target(p, en);
			u->by_name = arena_strdup(&p->arena, en->name);
		}
		strmap_put(p->used, buf_str(&key), u);
		*vec_push(&p->uses) = u;
	}
	u->n++;
	return u;
}

struct use *
pf_next(const struct preflight *p, enum use_kind kind, size_t *i)
{
	while (*i < p->uses.len)
		if (p->uses.at[(*i)++]->kind == kind)
			return p->uses.at[*i - 1];
	return NULL;
}

struct pf_ns *
pf_ns(struct preflight *p, const char *target)
{
	return strmap_get(p->ns_by_name, str_of(target));
}

/* --- the course --- */

static void
done(struct preflight *p)
{
	for (size_t i = 0; i < p->nses.len; i++) {
		struct pf_ns *ns = p->nses.at[i];

		strs_free(&ns->quotas);
		strmap_free(ns->has);
		vec_free(&ns->sums);
		vec_free(&ns->later);
	}
	vec_free(&p->uses);
	vec_free(&p->types);
	vec_free(&p->nses);
	vec_free(&p->classes);
	vec_free(&p->stored_classes);
	vec_free(&p->snapshot_classes);
	vec_free(&p->stored_snapshot_classes);
	vec_free(&p->hooks);
	strmap_free(p->used);
	strmap_free(p->typed);
	strmap_free(p->ns_by_name);
	strmap_free(p->have);
	buf_free(&p->unlisted);
	arena_done(&p->arena);
}

static int
run_checks(struct preflight *p, struct err *e)
{
	for (size_t i = 0; i < COUNT(checks); i++)
		if (checks[i].run(p, e) < 0)
			return err_ctx(e, "preflight: %s", checks[i].what);
	if (p->unlisted.len > 0)
		pf_tell(p, PF_NOT_CHECKED, NULL, "have the right to list them given to you, or look yourself",
			"not checked against the cluster, which does not list them: %s", buf_cstr(&p->unlisted));
	tell_rest(p);
	return 0;
}

int
preflight_restore(struct restore *rs, preflight_fn *fn, void *ctx, struct preflight_counts *out, struct err *e)
{
	struct preflight p = { .rs = rs, .fn = fn, .ctx = ctx, .n = out, .used = strmap_new(), .typed = strmap_new(),
		.ns_by_name = strmap_new(), .have = strmap_new(), .unlisted = BUF_INIT(4 * KIB) };
	struct err why;
	int rc = -1;

	*out = (struct preflight_counts){ 0 };
	report_progress(rs->r, "checking", 0, 0, 0);
	/* Whoever answers anything at all is good enough: only the check of versions needs it. */
	if (k8s_server_info(rs->k, &p.info, rs->c, &why) < 0 && why.http == 0) {
		*e = why;
		done(&p);
		return -1;
	}
	p.page = k8s_list_page(&p.info);
	pf_gather_index(&p);
	if (pf_target_namespaces(&p, e) == 0 && pf_gather_objects(&p, e) == 0 && pf_target_rest(&p, e) == 0)
		rc = run_checks(&p, e);
	if (rc == 0 && p.first.kind != EK_NONE)
		rs->last_failure = p.first;
	done(&p);
	return rc;
}

int
preflight_run(struct k8s *k, struct store *st, const struct restore_opts *o, struct report *r, preflight_fn *fn,
	void *ctx, const struct cancel *c, struct preflight_counts *out, struct err *e)
{
	struct restore rs = RESTORE_INIT(k, st, o, r, c);
	int rc = -1;

	if (preflight_check_ignored(o, e) == 0 && restore_prepare(&rs, e) == 0)
		rc = preflight_restore(&rs, fn, ctx, out, e);
	restore_done(&rs);
	return rc;
}

/* --- before a restore --- */

void
preflight_report(struct report *r, const struct preflight_finding *f)
{
	bool placed = f->name[0] != '\0';

	report_finding(r, f->level == PREFLIGHT_STOP ? RESULT_ERROR : RESULT_WARNING, NULL, NULL, NULL,
		f->remedy[0] != '\0' ? f->remedy : NULL, "%s: %s%s%s%s%s%s%s%s", f->code, f->text, placed ? " (" : "",
		placed ? f->resource : "", placed ? " " : "", f->ns, f->ns[0] != '\0' ? "/" : "", f->name, placed ? ")" : "");
}

static void
report(void *ctx, const struct preflight_finding *f)
{
	if (f->level >= PREFLIGHT_WARN)
		preflight_report(((struct restore *)ctx)->r, f);
}

int
preflight_permit(struct restore *rs, struct err *e)
{
	struct preflight_counts n;

	if (preflight_check_ignored(rs->o, e) < 0)
		return -1;
	if (preflight_is_off(rs->o))
		return 0;
	if (preflight_restore(rs, report, rs, &n, e) < 0)
		return -1;
	if (n.n[PREFLIGHT_STOP] == 0)
		return 0;
	rs->n.stops = n.n[PREFLIGHT_STOP];
	*e = rs->last_failure;
	return err_ctx(e, "nothing was restored, '--ignore' lets it try: preflight");
}
