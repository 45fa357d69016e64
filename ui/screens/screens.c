/* Where the palette's names lead. */
#include "ui/screens/screens.h"

#include "base/attr.h"

#include <string.h>

static const struct { const char *alias; const struct screen_type *type; } places[] = {
	{ "bk", &screen_backups }, { "backups", &screen_backups },
	{ "rs", &screen_restores }, { "restores", &screen_restores },
	{ "msg", &screen_messages }, { "messages", &screen_messages },
};

const struct screen_type *
screen_find(const char *name)
{
	for (size_t i = 0; i < COUNT(places); i++)
		if (strcmp(places[i].alias, name) == 0)
			return places[i].type;
	return NULL;
}
