/* Destructors of the option structs. */
#include "engine/options.h"

void
filter_opts_done(struct filter_opts *f)
{
	strs_free(&f->inc_namespaces);
	strs_free(&f->exc_namespaces);
	strs_free(&f->inc_resources);
	strs_free(&f->exc_resources);
	free(f->selector);
	f->selector = NULL;
}

void
backup_opts_done(struct backup_opts *o)
{
	filter_opts_done(&o->filter);
	strs_free(&o->labels);
	free(o->name);
	free(o->cluster_name);
	*o = (struct backup_opts){ 0 };
}

void
restore_opts_done(struct restore_opts *o)
{
	filter_opts_done(&o->filter);
	strs_free(&o->ns_map);
	free(o->name);
	free(o->backup);
	free(o->cluster_name);
	*o = (struct restore_opts){ 0 };
}
