/* Requests and events. */
#include "app/bus.h"

#include "base/mem.h"

void
request_free(struct request *r)
{
	if (r == NULL)
		return;
	free(r->location);
	free(r->kubeconfig);
	free(r->context);
	free(r->name);
	free(r->path);
	free(r->project);
	free(r->access_key);
	secret_free(r->secret);
	strs_free(&r->fields);
	strs_free(&r->objects);
	filter_opts_done(&r->filter);
	backup_opts_done(&r->backup);
	restore_opts_done(&r->restore);
	look_opts_done(&r->look);
	free(r);
}

void
event_free(struct event *ev)
{
	if (ev == NULL)
		return;
	free(ev->text);
	free(ev);
}

void
event_freep(struct event **ev)
{
	event_free(*ev);
	*ev = NULL;
}
