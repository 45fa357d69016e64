/* Where the palette's names lead. */
#include "ui/screens/screens.h"

#include "base/attr.h"

#include <string.h>

const struct place places[] = {
	[PLACE_OVERVIEW] = { "Overview", &screen_overview }, [PLACE_BACKUPS] = { "Backups", &screen_backups },
	[PLACE_RESTORES] = { "Restores", &screen_restores }, [PLACE_JOBS] = { "Jobs", &screen_jobs },
};
const size_t places_len = COUNT(places);
_Static_assert(COUNT(places) <= PLACES_MAX, "the model has room for all places");

const struct alias aliases[] = {
	{ "about", &screen_about },
	{ "access", &screen_access },
	{ "b", &screen_backup_new },
	{ "backup", &screen_backup_new },
	{ "backups", &screen_backups },
	{ "bk", &screen_backups },
	{ "browse", &screen_browse },
	{ "bsl", &screen_locations },
	{ "cl", &screen_clusters },
	{ "clusters", &screen_clusters },
	{ "ctx", &screen_clusters },
	{ "diff", &screen_diff },
	{ "grep", &screen_grep },
	{ "jobs", &screen_jobs },
	{ "keys", &screen_help },
	{ "loc", &screen_locations },
	{ "locations", &screen_locations },
	{ "messages", &screen_messages },
	{ "msg", &screen_messages },
	{ "overview", &screen_overview },
	{ "restore", &screen_restore_new },
	{ "restores", &screen_restores },
	{ "rs", &screen_restores },
	{ "settings", &screen_settings },
	{ "validate", &screen_validate },
	{ "welcome", &screen_first },
};
const size_t aliases_len = COUNT(aliases);

const struct screen_type *
screen_find(const char *name)
{
	for (size_t i = 0; i < aliases_len; i++)
		if (strcmp(aliases[i].name, name) == 0)
			return aliases[i].type;
	return NULL;
}
