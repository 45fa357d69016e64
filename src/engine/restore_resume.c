/* Restores that continue others: what was done, and what failed. */
#include "engine/restore_impl.h"

#include "base/mem.h"

#include <string.h>

/* --- the same restore, once more --- */

static int
take_known(void *ctx, const struct outcome *o, struct err *e)
{
	struct restore *rs = ctx;
	const struct outcome_word *word = outcome_word(o->word);
	AUTO_FREE char *key = outcome_key(str_of(o->from_resource), str_of(o->from_ns), str_of(o->name));

	(void)e;
	if (strcmp(o->word, OUTCOME_HOOKS) == 0) {
		outcomes_add(rs->outcomes, o);
		restore_hooks_known(rs->hooks, key, str_of(o->version));
		return 0;
	}
	if (!outcome_is_done(o) || strmap_has(rs->known, str_of(key)))
		return 0;
	strmap_put(rs->known, str_of(key), strcmp(o->word, "created") == 0 ? (void *)rs->known : (void *)rs);
	outcomes_add(rs->outcomes, o);
	vreslist_add(rs->list, str_of(o->api_version), str_of(o->kind), str_of(o->ns), str_of(o->name), word->action);
	++*(uint64_t *)(void *)((char *)&rs->n + word->counter);
	rs->done++;
	if (o->text[0] != '\0')
		report_finding(rs->r, o->error ? RESULT_ERROR : RESULT_WARNING, o->ns, o->resource, o->name, o->hint[0] != '\0' ? o->hint : NULL, "%s", o->text);
	return 0;
}

int
restore_take_known(struct restore *rs, struct err *e)
{
	struct err why = { 0 };
	int rc;

	/* Who relinks has to meet every owner again. */
	if (rs->o->relink_owners)
		return 0;
	if (rs->o->known != NULL)
		rc = outcomes_read_file(rs->o->known, take_known, rs, &why);
	else
		rc = outcomes_read(rs->st, rs->o->name, take_known, rs, rs->c, &why);
	if (rc < 0 && why.kind == EK_CANCELED) {
		*e = why;
		return -1;
	}
	/* Then the cluster tells: what is there already is found to be so. */
	if (rc < 0)
		report_note(rs->r, "what became of single objects before is not known here (%s): each is looked at", why.msg);
	else
		report_note(rs->r, "%zu objects are done already", strmap_len(rs->known));
	return 0;
}

bool
restore_is_known(const struct restore *rs, struct str resource, struct str from_ns, struct str name)
{
	AUTO_FREE char *key = strmap_len(rs->known) > 0 ? outcome_key(resource, from_ns, name) : NULL;

	return key != NULL && strmap_has(rs->known, str_of(key));
}

/* A pod that an earlier run created has hooks that may not have run yet. */
static int
note_hooks(struct restore *rs, const struct index_entry *en, struct err *e)
{
	AUTO_FREE char *key = str_eq(en->gr, S("pods")) ? outcome_key(en->gr, en->ns, en->name) : NULL;
	struct item *it;
	int rc;

	if (key == NULL || strmap_get(rs->known, str_of(key)) != (void *)rs->known)
		return 0;
	it = item_prepare(rs, en, &rc, e);
	if (it == NULL)
		return rc;
	restore_hooks_created(it);
	item_free(it);
	return 0;
}

int
restore_pass_known(struct restore *rs, const struct index_entry *en, struct strs *unready, struct err *e)
{
	struct str json;
	struct err why;

	if (unready != NULL) {
		AUTO_FREE char *name = str_dup(en->name);

		strs_add(unready, name);
	}
	if (reader_object(rs->reader, en, &json, rs->c, &why) == 0) {
		restore_note_needs(rs, en, json);
		return note_hooks(rs, en, e);
	}
	if (why.kind == EK_CORRUPT || why.kind == EK_LIMIT)
		return 0;
	*e = why;
	return -1;
}

bool
restore_made(const struct restore *rs, struct str live_json)
{
	struct str label;

	/* With other policies objects have the label that were there before. */
	return rs->o->runs > 0 && rs->o->policy == EXISTING_NONE
		&& jpath(live_json, &label, "metadata", "labels", VB_LABEL_RESTORE, NULL)
		&& jstr_eq(label, str_of(rs->restore_label));
}

/* --- what failed in another restore --- */

static int
take_failed(void *ctx, const struct outcome *o, struct err *e)
{
	(void)e;
	if (strcmp(o->word, "failed") == 0) {
		AUTO_FREE char *key = outcome_key(str_of(o->from_resource), str_of(o->from_ns), str_of(o->name));

		(void)strmap_add(ctx, str_of(key));
	}
	return 0;
}

int
restore_narrow(struct restore *rs, struct err *e)
{
	AUTO(strmap_freep) struct strmap *failed = NULL;
	size_t kept = 0;

	if (rs->o->retry_of == NULL)
		return 0;
	/* All that did not fail would count as not in the backup. */
	if (rs->o->prune)
		return err_set(e, EK_INVALID, "--prune does not go with --retry-failed");
	failed = strmap_new();
	if (outcomes_read(rs->st, rs->o->retry_of, take_failed, failed, rs->c, e) < 0)
		return err_ctx(e, "what failed in restore '%s'", rs->o->retry_of);
	for (size_t i = 0; i < rs->plan.len; i++) {
		const struct index_entry *en = rs->plan.at[i];
		bool is_ns = str_eq(en->gr, S("namespaces"));
		AUTO_FREE char *key = outcome_key(en->gr, en->ns, is_ns ? str_of(restore_map_ns(rs, en->name)) : en->name);

		if (strmap_has(failed, str_of(key)))
			rs->plan.at[kept++] = en;
	}
	rs->plan.len = kept;
	rs->n.selected = rs->late_from = kept;
	return kept > 0 ? 0 : err_set(e, EK_NOTFOUND, "nothing has failed in restore '%s'", rs->o->retry_of);
}
