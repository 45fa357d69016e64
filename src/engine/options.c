/* Option structs: words and destructors. */
#include "engine/options.h"

const char *const existing_policy_names[EXISTING_COUNT_] = {
	[EXISTING_NONE] = "none", [EXISTING_UPDATE] = "update", [EXISTING_APPLY] = "apply",
	[EXISTING_RECREATE] = "recreate", [EXISTING_FAIL] = "fail",
};

void
filter_opts_done(struct filter_opts *f)
{
	strs_free(&f->inc_namespaces);
	strs_free(&f->exc_namespaces);
	strs_free(&f->inc_resources);
	strs_free(&f->exc_resources);
	strs_free(&f->inc_cluster_resources);
	strs_free(&f->exc_cluster_resources);
	strs_free(&f->inc_ns_resources);
	strs_free(&f->exc_ns_resources);
	strs_free(&f->or_selectors);
	free(f->selector);
	free(f->inc_names);
	free(f->exc_names);
	*f = (struct filter_opts){ 0 };
}

void
backup_opts_done(struct backup_opts *o)
{
	filter_opts_done(&o->filter);
	strs_free(&o->ordered);
	strs_free(&o->labels);
	free(o->policies);
	free(o->name);
	free(o->cluster_name);
	*o = (struct backup_opts){ 0 };
}

void
restore_opts_done(struct restore_opts *o)
{
	filter_opts_done(&o->filter);
	strs_free(&o->inc_objects);
	strs_free(&o->exc_objects);
	free(o->objects);
	strs_free(&o->ns_map);
	strs_free(&o->inc_status);
	strs_free(&o->exc_status);
	strs_free(&o->class_map);
	strs_free(&o->image_map);
	strs_free(&o->host_map);
	strs_free(&o->zone_map);
	strs_free(&o->versions);
	strs_free(&o->yes_really);
	strs_free(&o->ignore);
	free(o->modifiers);
	free(o->hooks);
	free(o->class_config);
	free(o->image_config);
	free(o->priorities);
	free(o->retry_of);
	free(o->name);
	free(o->backup);
	free(o->cluster_name);
	*o = (struct restore_opts){ 0 };
}

void
look_opts_done(struct look_opts *o)
{
	strs_free(&o->backups);
	free(o->other);
	free(o->pattern);
	free(o->source_cluster);
}
