/* HorizontalPodAutoscalers of autoscaling/v2beta1: metrics whose numbers had no common form, behavior in an annotation. */
#include "engine/convert_impl.h"

#include "base/attr.h"
#include "base/mem.h"

#define BEHAVIOR "autoscaling.alpha.kubernetes.io/behavior"
#define LETTERS_MAX 64

/* Where a metric's members go.  "": into the metric source itself. */
static const struct { const char *key, *in, *to; } moves[] = {
	{ "metricName", "metric", "name" },
	{ "selector", "metric", "selector" },
	{ "metricSelector", "metric", "selector" },
	{ "targetValue", "target", "value" },
	{ "targetAverageValue", "target", "averageValue" },
	{ "averageValue", "target", "averageValue" },
	{ "targetAverageUtilization", "target", "averageUtilization" },
};

static const struct { const char *key, *type; } types[] = {    /* the first that is there */
	{ "averageUtilization", "Utilization" }, { "averageValue", "AverageValue" }, { "value", "Value" },
};

static void
metric_source(struct jnode *source, bool is_object)
{
	struct jnode *target;

	if (jnode_type(source) != J_OBJ)
		return;
	if (is_object && jnode_get(source, "describedObject") == NULL)
		convert_move(source, "target", source, "describedObject");
	for (size_t i = 0; i < COUNT(moves); i++) {
		struct jnode *n = jnode_get(source, moves[i].key);

		if (n != NULL && jnode_type(n) != J_NULL)
			convert_move(source, moves[i].key, jnode_need_obj(source, moves[i].in), moves[i].to);
		else
			(void)jnode_del(source, moves[i].key);
	}
	target = jnode_get(source, "target");
	/* Of an object the old version demanded a value and let an average win. */
	if (is_object && jnode_get(target, "averageValue") != NULL)
		(void)jnode_del(target, "value");
	for (size_t i = 0; target != NULL && jnode_get(target, "type") == NULL && i < COUNT(types); i++)
		if (jnode_get(target, types[i].key) != NULL)
			(void)jnode_set_text(target, "type", str_of(types[i].type));
}

/* The annotation has the names of Go's fields: ScaleUp for scaleUp. */
static struct str
lower_first(struct arena *a, struct jnode *n, unsigned depth)
{
	struct jnode *out;

	if (jnode_type(n) != J_OBJ && jnode_type(n) != J_ARR)
		return jnode_raw(n);
	out = jnode_open(a, jnode_type(n) == J_OBJ ? S("{}") : S("[]"));
	for (struct jnode *c = jnode_first(n); c != NULL && depth > 0; c = jnode_next(c)) {
		struct str value = lower_first(a, c, depth - 1), key = jnode_key(c);
		char *name = arena_strdup(a, key);

		if (jnode_type(n) == J_ARR) {
			(void)jnode_append_raw(out, value);
			continue;
		}
		if (name[0] >= 'A' && name[0] <= 'Z')
			name[0] = (char)(name[0] - 'A' + 'a');
		(void)jnode_set_raw(out, name, value);
	}
	return jnode_raw(out);
}

static void
behavior(struct convert_run *run, struct jnode *obj)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *annotations = jnode_walk(obj, "metadata", "annotations", NULL);
	struct str text = jnode_text(jnode_get(annotations, BEHAVIOR));
	struct jnode *spec = jnode_get(obj, "spec");
	struct err ignored;

	if (text.len == 0 || jnode_get(spec, "behavior") != NULL)
		return;
	if (json_check(text, &ignored) < 0 || jtype(text) != J_OBJ) {
		convert_note(run, "its annotation " BEHAVIOR " is not JSON: it scales by the default behavior");
		return;
	}
	{
		struct str value = lower_first(&arena, jnode_open(&arena, text), LETTERS_MAX);
		struct jnode *to = jnode_set_text(spec, "behavior", value);      /* copies, and so outlives the arena */

		jnode_replace_raw(to, jnode_text(to));
	}
	(void)jnode_del(annotations, BEHAVIOR);
}

void
convert_hpa(struct convert_run *run, struct jnode *obj)
{
	static const struct { const char *key; bool is_object; } sources[] = {
		{ "object", true }, { "pods", false }, { "resource", false }, { "containerResource", false }, { "external", false },
	};

	for (struct jnode *m = jnode_first(jnode_walk(obj, "spec", "metrics", NULL)); m != NULL; m = jnode_next(m))
		for (size_t i = 0; i < COUNT(sources); i++)
			metric_source(jnode_get(m, sources[i].key), sources[i].is_object);
	behavior(run, obj);
}
