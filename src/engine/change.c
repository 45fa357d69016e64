/* Edits that the user asks for. */
#include "engine/change.h"

#include "base/mem.h"

struct change { char unused; };

struct change *
change_new(const struct restore_opts *o, struct err *e)
{
	(void)o;
	(void)e;
	return xcalloc(1, sizeof(struct change));
}

void
change_free(struct change *ch)
{
	free(ch);
}

void
change_freep(struct change **ch)
{
	change_free(*ch);
	*ch = NULL;
}

bool
change_concerns(const struct change *ch, struct str gr)
{
	(void)ch;
	(void)gr;
	return false;
}

int
change_apply(struct change *ch, const struct change_item *it, struct jnode **obj, struct err *e)
{
	(void)ch;
	(void)it;
	(void)obj;
	(void)e;
	return 0;
}
