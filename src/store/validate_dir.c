/* Validation of a folder. */
#include "store/validate_impl.h"

#include "base/fmt.h"
#include "base/limits.h"
#include "base/log.h"

#define LOG_MODULE "store"
#define LITTLE     (64 * MIB)

enum { DIR_FOLDER, DIR_SPACE, DIR_LIST, DIR_WRITE, DIR_READ, DIR_RANGE, DIR_CREATE, DIR_DELETE };
#define BIT(step) (1u << (step))

static void
begin(struct check *k)
{
	facts_set(&k->facts, FACT_PLACE, "%s", k->st->label + sizeof "dir:" - 1);
}

static int
check_folder(struct check *k, struct err *e)
{
	return k->st->ops->probe(k->st, &k->detail, k->c, e);
}

static int
check_space(struct check *k, struct err *e)
{
	uint64_t space = 0;
	char text[FMT_MAX];

	if (k->st->ops->space(k->st, &space, e) < 0)
		return -1;
	buf_putf(&k->detail, "%s free", fmt_size(text, space));
	if (space < LITTLE)
		check_warn(k, "LittleSpace", "only %s are free", text);
	return 0;
}

static int
check_write(struct check *k, struct err *e)
{
	buf_puts(&k->detail, k->key);
	k->may_exist = true;
	return store_put(k->st, k->key, str_of(k->text), k->c, e);
}

static int
check_create(struct check *k, struct err *e)
{
	struct err why = { 0 };

	if (store_create(k->st, k->key, str_of(k->text), k->c, &why) == 0) {
		(void)err_set(e, EK_CONFLICT, "create '%s' in %s: a file that exists was written over", k->key, k->st->label);
		(void)snprintf(e->reason, sizeof e->reason, "ConditionIgnored");
		return -1;
	}
	if (why.kind != EK_EXISTS) {
		*e = why;
		return -1;
	}
	buf_puts(&k->detail, "what exists is not written over");
	return 0;
}

static int
check_delete(struct check *k, struct err *e)
{
	struct store_info info;
	struct err gone = { 0 };

	if (store_delete(k->st, k->key, k->c, e) < 0)
		return -1;
	if (store_head(k->st, k->key, &info, k->c, &gone) == 0)
		return err_set(e, EK_CONFLICT, "delete '%s' in %s: the file is still there", k->key, k->st->label);
	if (gone.kind != EK_NOTFOUND) {
		*e = gone;
		return -1;
	}
	k->may_exist = false;
	buf_puts(&k->detail, "the probe is gone");
	return 0;
}

static void
end(struct check *k, const struct cancel *c)
{
	struct err ignored = { 0 };

	if (k->may_exist && store_delete(k->st, k->key, c, &ignored) < 0)
		LOG_DBG("%s", ignored.msg);
}

static const struct check_step steps[] = {
	[DIR_FOLDER] = { "folder",      check_folder, 0, false, NULL, 0 },
	[DIR_SPACE]  = { "space",       check_space,  BIT(DIR_FOLDER), false, NULL, 0 },
	[DIR_LIST]   = { "list",        check_list,   BIT(DIR_FOLDER), false, NULL, 0 },
	[DIR_WRITE]  = { "write",       check_write,  BIT(DIR_FOLDER), true, NULL, 0 },
	[DIR_READ]   = { "read",        check_read,   BIT(DIR_WRITE), false, NULL, 0 },
	[DIR_RANGE]  = { "range",       check_range,  BIT(DIR_READ), true, NULL, 0 },
	[DIR_CREATE] = { "conditional", check_create, BIT(DIR_WRITE), true, NULL, 0 },
	[DIR_DELETE] = { "delete",      check_delete, BIT(DIR_WRITE), true, NULL, 0 },
};
const struct checks dir_checks = { steps, COUNT(steps), begin, end };
